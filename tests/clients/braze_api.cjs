// A published client of Braze's API, with nothing changed but the base URL and the key.
const assert = require('node:assert/strict');
const { Braze } = require('braze-api');

const { BASE, KEY, GROUP } = process.env;
const braze = new Braze(BASE, KEY);
const time = new Date().toISOString();

/** The user behind an external id. */
async function user(external_id, ...fields_to_export) {
  const body = { external_ids: [external_id], ...(fields_to_export.length > 0 && { fields_to_export }) };
  const { users } = await braze.users.export.ids(body);
  assert.equal(users.length, 1, external_id);
  return users[0];
}

async function refused(call, status, message) {
  await assert.rejects(call, (error) => {
    assert.deepEqual([error.status, error.message], [status, message]);
    return true;
  });
}

async function track() {
  const answer = await braze.users.track({
    attributes: [{ external_id: 'node-1', email: 'node@example.com', phone: '+819011112222', vip: true }],
    events: [{ external_id: 'node-1', name: 'visit', time, properties: { page: 'top' } }],
    purchases: [{ external_id: 'node-1', product_id: 'tea', currency: 'JPY', price: 500, time }],
  });
  assert.deepEqual(answer, {
    message: 'success', attributes_processed: 1, events_processed: 1, purchases_processed: 1,
  });
  const all = await user('node-1');
  assert.deepEqual(all.custom_attributes, { vip: true });
  assert.equal(all.custom_events[0].name, 'visit');
  assert.equal(all.purchases[0].name, 'tea');
  assert.equal(all.total_revenue, 500);
  const some = await braze.users.track({
    attributes: [{ external_id: 'node-1', points: 7 }, { points: 8 }], events: [], purchases: [],
  });
  assert.equal(some.attributes_processed, 1);
  assert.equal(some.errors[0].index, 1);
  await refused(
    () => braze.users.track({ attributes: [{ points: 8 }] }), 400,
    "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.",
  );
}

async function aliasesAndIdentity() {
  const named = (alias_name) => ({ alias_label: 'web', alias_name });
  await braze.users.track({ attributes: [{ user_alias: named('visitor'), _update_existing_only: false, colour: 'red' }] });
  const joined = await braze.users.identify({
    aliases_to_identify: [{ external_id: 'node-1', user_alias: named('visitor') }], merge_behavior: 'merge',
  });
  assert.equal(joined.aliases_processed, 1);
  assert.equal((await user('node-1')).custom_attributes.colour, 'red');
  const made = await braze.users.alias.new({ user_aliases: [{ external_id: 'node-1', alias_label: 'shop', alias_name: '7' }] });
  assert.deepEqual(made, { message: 'success', aliases_processed: 1 });
  const changed = await braze.users.alias.update({
    alias_updates: [{ alias_label: 'shop', old_alias_name: '7', new_alias_name: '8' }],
  });
  assert.equal(changed.message, 'success');
  const { user_aliases } = await user('node-1', 'user_aliases');
  assert.ok(user_aliases.some((alias) => alias.alias_label === 'shop' && alias.alias_name === '8'));

  await braze.users.track({ attributes: [{ external_id: 'node-2', size: 'L' }] });
  const merged = await braze.users.merge({
    merge_updates: [{ identifier_to_merge: { external_id: 'node-2' }, identifier_to_keep: { external_id: 'node-1' } }],
  });
  assert.equal(merged.message, 'success');
  assert.equal((await user('node-1')).custom_attributes.size, 'L');

  const renamed = await braze.users.external_ids.rename({
    external_id_renames: [{ current_external_id: 'node-1', new_external_id: 'node-one' }],
  });
  assert.deepEqual(renamed, { message: 'success', external_ids: ['node-one'], rename_errors: [] });
  const removed = await braze.users.external_ids.remove({ external_ids: ['node-1'] });
  assert.deepEqual(removed, { message: 'success', removed_ids: ['node-1'], removal_errors: [] });
}

async function subscriptions() {
  const { subscription } = braze;
  // The client writes an array as `external_id[]=..`.
  const state = async () =>
    (await subscription.status.get({ subscription_group_id: GROUP, external_id: ['node-one', 'nobody'] })).status;
  const set = { subscription_group_id: GROUP, external_id: ['node-one'] };
  await subscription.status.set({ ...set, subscription_state: 'subscribed' });
  assert.equal((await state())['node-one'], 'Subscribed');
  const both = { subscription_group_id: GROUP, subscription_state: 'unsubscribed', external_ids: ['node-one'] };
  await braze.v2.subscription.status.set({ subscription_groups: [both] });
  assert.equal((await state())['node-one'], 'Unsubscribed');
  const { users } = await subscription.user.status({ external_id: ['node-one'], limit: 10, offset: 0 });
  assert.deepEqual(users[0].subscription_groups.map(({ id, status }) => [id, status]), [[GROUP, 'Unsubscribed']]);
}

async function erasure() {
  assert.deepEqual(await braze.users.delete({ external_ids: ['node-one'] }), { message: 'success', deleted: 1 });
  const gone = await braze.users.export.ids({ external_ids: ['node-one'] });
  assert.deepEqual([gone.users, gone.invalid_user_ids], [[], ['node-one']]);
  await refused(() => new Braze(BASE, 'another').users.delete({ external_ids: ['node-one'] }), 401, 'Invalid API key');
}

(async () => {
  await track();
  await aliasesAndIdentity();
  await subscriptions();
  await erasure();
})();
