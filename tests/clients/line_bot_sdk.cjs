// LINE's own client reads the stand-in for LINE.
const assert = require('node:assert/strict');
const { messagingApi, HTTPFetchError } = require('@line/bot-sdk');

const { LINE_BASE: baseURL, LINE_TOKEN } = process.env;
const client = (channelAccessToken) => new messagingApi.MessagingApiClient({ baseURL, channelAccessToken });

(async () => {
  const line = client(LINE_TOKEN);
  assert.match((await line.getBotInfo()).userId, /^U[0-9a-f]{32}$/);
  const followers = [];
  let next;
  do {
    const page = await line.getFollowers(next, 2);
    followers.push(...page.userIds);
    next = page.next;
  } while (next);
  assert.equal(new Set(followers).size, 5);
  assert.equal((await line.getProfile(followers[0])).userId, followers[0]);
  await assert.rejects(client('another').getBotInfo(), (error) => {
    assert.ok(error instanceof HTTPFetchError);
    assert.equal(error.status, 401);
    return true;
  });
})();
