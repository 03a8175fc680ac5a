//! The Messaging API side: what the product's own client sees (line.md B1-B4, E, H1, H2, H5).

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::time::Duration;

use line_platform::messaging::{LineFault, MessagingClient, MessagingOptions, RetryPolicy};
use line_simulator::verbs::{
    Act, ActKind, ChannelChange, ChannelMade, ChannelSpec, ClockChange, FaultKind, FaultSpec, FollowersSpec,
    PersonSpec, Tier,
};
use line_simulator::{Running, SimulatorClient, SimulatorOptions, serve};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

struct Line {
    running: Running,
    sim: SimulatorClient,
    client: MessagingClient,
    http: reqwest::Client,
    channel: ChannelMade,
}

async fn line(tier: Tier) -> Line {
    let running = serve(SimulatorOptions::default()).await.unwrap();
    let sim = SimulatorClient::new(&running.base_url()).unwrap();
    let channel =
        sim.create_channel(ChannelSpec { tier: Some(tier), ..ChannelSpec::default() }).await.unwrap();
    let options = MessagingOptions {
        api_base: running.base_url(),
        timeout: Duration::from_secs(10),
        retry: RetryPolicy::never(),
        ..MessagingOptions::default()
    };
    let client = MessagingClient::new(options).unwrap();
    Line { running, sim, client, http: reqwest::Client::new(), channel }
}

impl Line {
    fn token(&self) -> &str {
        &self.channel.channel_access_token
    }

    fn id(&self) -> &str {
        &self.channel.channel_id
    }

    async fn page(&self, start: Option<&str>) -> Result<line_platform::messaging::FollowersPage, LineFault> {
        self.client.followers_page(self.token(), start, 10).await
    }

    async fn fault(&self, kind: FaultKind, endpoint: &str) -> FaultSpec {
        let spec = FaultSpec { kind, endpoint: Some(endpoint.to_owned()), ..FaultSpec::default() };
        self.sim.arm_fault(spec.clone()).await.unwrap();
        spec
    }

    async fn raw(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.running.base_url());
        let answer = self.http.get(url).bearer_auth(self.token()).send().await.unwrap();
        assert!(answer.headers().contains_key("x-line-request-id"), "{path}");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn all_pages(&self) -> (Vec<String>, Vec<usize>) {
        let (mut ids, mut sizes, mut start) = (Vec::new(), Vec::new(), None);
        loop {
            let page = self.page(start.as_deref()).await.unwrap();
            sizes.push(page.user_ids.len());
            ids.extend(page.user_ids);
            match page.next {
                Some(next) => start = Some(next),
                None => return (ids, sizes),
            }
        }
    }
}

#[tokio::test]
async fn pages_of_followers_come_short_and_empty_and_add_up_to_the_truth() {
    let line = line(Tier::Verified).await;
    let some = FollowersSpec { count: 25, blocked_every: 3, unconsented_every: 5, deleted_every: 7 };
    line.sim.add_followers(line.id(), some).await.unwrap();
    line.sim
        .add_followers(line.id(), FollowersSpec { count: 25, blocked_every: 1, ..FollowersSpec::default() })
        .await
        .unwrap();
    line.sim.add_followers(line.id(), FollowersSpec { count: 3, ..FollowersSpec::default() }).await.unwrap();
    line.sim.message(line.id(), "stranger", "hi").await.unwrap();
    let (ids, sizes) = line.all_pages().await;
    assert_eq!(sizes.len(), 6);
    assert!(sizes[0] < 10 && sizes.contains(&0) && sizes.iter().any(|size| *size > 0), "{sizes:?}");
    assert_eq!(sizes[3], 0, "the fourth page is all blocked, and the list goes on");
    assert_eq!(ids, line.sim.followers(line.id()).await.unwrap());
    assert!(ids.len() >= 3);
    let view = line.sim.channel(line.id()).await.unwrap();
    assert_eq!((view.known, view.followers), (54, ids.len()));
}

#[tokio::test]
async fn a_continuation_token_lives_a_day_and_belongs_to_its_channel() {
    let line = line(Tier::Premium).await;
    line.sim.change_clock(ClockChange { frozen: Some(true), ..ClockChange::default() }).await.unwrap();
    line.sim.add_followers(line.id(), FollowersSpec { count: 30, ..FollowersSpec::default() }).await.unwrap();
    let next = line.page(None).await.unwrap().next.unwrap();
    let other = line.sim.create_channel(ChannelSpec::default()).await.unwrap();
    let stolen = line.client.followers_page(&other.channel_access_token, Some(&next), 10).await;
    assert!(matches!(stolen, Err(LineFault::InvalidStart { .. })), "{stolen:?}");
    let advance = |ms| line.sim.change_clock(ClockChange { advance_ms: Some(ms), ..ClockChange::default() });
    advance(DAY_MS - 1).await.unwrap();
    assert_eq!(line.page(Some(&next)).await.unwrap().user_ids.len(), 10);
    advance(1).await.unwrap();
    let aged = line.page(Some(&next)).await;
    assert!(matches!(aged, Err(LineFault::InvalidStart { request_id: Some(_) })), "{aged:?}");
    assert!(matches!(line.page(Some("made up")).await, Err(LineFault::InvalidStart { .. })));
}

#[tokio::test]
async fn unverified_accounts_are_not_entitled_to_lists_and_still_know_their_bot() {
    let line = line(Tier::Unverified).await;
    let refused = line.page(None).await;
    assert!(matches!(refused, Err(LineFault::NotEntitled { .. })), "{refused:?}");
    let bot = line.client.bot_info(line.token()).await.unwrap();
    assert_eq!(bot.user_id, line.channel.bot_user_id);
    assert_eq!(bot.basic_id.as_deref(), Some(line.channel.basic_id.as_str()));
    let seen = line.sim.log().await.unwrap();
    let verdicts: Vec<_> = seen.iter().map(|seen| (seen.status, seen.verdict.as_str())).collect();
    assert_eq!(verdicts, [(403, "not_entitled"), (200, "ok")]);
}

#[tokio::test]
async fn rate_limits_are_buckets_that_refill() {
    let line = line(Tier::Verified).await;
    line.sim.change_clock(ClockChange { frozen: Some(true), ..ClockChange::default() }).await.unwrap();
    let slower = ChannelChange { rate_divisor: Some(1_000), ..ChannelChange::default() };
    line.sim.change_channel(line.id(), slower).await.unwrap();
    for _ in 0..2 {
        assert!(line.page(None).await.is_ok());
    }
    let limited = line.page(None).await;
    assert!(
        matches!(limited, Err(LineFault::RateLimited { quota: false, retry_after: None, .. })),
        "{limited:?}"
    );
    assert!(line.client.bot_info(line.token()).await.is_ok(), "another endpoint has its own bucket");
    line.sim.change_clock(ClockChange { advance_ms: Some(500), ..ClockChange::default() }).await.unwrap();
    assert!(line.page(None).await.is_ok());
    assert!(line.page(None).await.is_err());
}

#[tokio::test]
async fn tokens_are_checked_before_anything_but_the_path() {
    let line = line(Tier::Verified).await;
    let url = |path: &str| format!("{}{path}", line.running.base_url());
    let none: Value = line.http.get(url("/v2/bot/info")).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        none["message"],
        "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'"
    );
    assert!(matches!(line.client.bot_info("wrong").await, Err(LineFault::Unauthorized { .. })));
    let unknown = line.http.get(url("/v2/bot/nothing")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.json::<Value>().await.unwrap(), json!({"message":"Not found"}));
    let reissue = ChannelChange { reissue_token: Some(true), ..ChannelChange::default() };
    let fresh = line.sim.change_channel(line.id(), reissue).await.unwrap().made.channel_access_token;
    assert!(matches!(line.client.bot_info(line.token()).await, Err(LineFault::Unauthorized { .. })));
    assert!(line.client.bot_info(&fresh).await.is_ok());
}

#[tokio::test]
async fn parameters_and_retry_keys_are_refused_with_lines_words() {
    let line = line(Tier::Verified).await;
    for limit in ["0", "1001", "x", "-1"] {
        let (status, body) = line.raw(&format!("/v2/bot/followers/ids?limit={limit}")).await;
        assert_eq!(
            (status, &body["message"]),
            (400, &json!("The value for the 'limit' parameter is invalid"))
        );
    }
    let url = format!("{}/v2/bot/info", line.running.base_url());
    let keyed =
        line.http.get(url).bearer_auth(line.token()).header("X-Line-Retry-Key", "k").send().await.unwrap();
    assert_eq!(keyed.status(), 400);
}

#[tokio::test]
async fn profiles_are_shown_of_friends_and_of_those_who_wrote_and_of_nobody_else() {
    let line = line(Tier::Verified).await;
    let hanako = PersonSpec {
        person: Some("hanako".to_owned()),
        display_name: Some("花子".to_owned()),
        language: Some("ja".to_owned()),
        ..PersonSpec::default()
    };
    line.sim.create_person(hanako.clone()).await.unwrap();
    let user = line.sim.follow(line.id(), "hanako").await.unwrap().line_user_id;
    assert_eq!(user, line.sim.line_user_id("hanako", &line.channel.provider_id).await.unwrap());
    let path = format!("/v2/bot/profile/{user}");
    assert_eq!(line.raw(&path).await, (200, json!({"userId":user,"displayName":"花子","language":"ja"})));
    line.sim.create_person(PersonSpec { privacy_consented: Some(false), ..hanako }).await.unwrap();
    assert_eq!(line.raw(&path).await, (200, json!({"userId":user,"displayName":"花子"})));

    line.sim.block(line.id(), "hanako").await.unwrap();
    assert_eq!(line.raw(&path).await, (404, json!({"message":"Not found"})));
    line.sim.unblock(line.id(), "hanako").await.unwrap();
    assert_eq!(line.raw(&path).await.0, 200);
    let act =
        |act| Act { channel_id: line.id().to_owned(), person: "hanako".to_owned(), act, ..Act::default() };
    line.sim.act(act(ActKind::RecreateAccount)).await.unwrap();
    assert_eq!(line.raw(&path).await.0, 404, "a new LINE account is somebody else");

    let stranger = line.sim.message(line.id(), "stranger", "hi").await.unwrap().line_user_id;
    assert_eq!(line.raw(&format!("/v2/bot/profile/{stranger}")).await.0, 200);
    assert_eq!(line.raw("/v2/bot/profile/Uabc").await.0, 400);
    assert_eq!(line.raw(&format!("/v2/bot/profile/U{}", "0".repeat(32))).await.0, 404);
}

#[tokio::test]
async fn one_person_has_one_id_per_provider() {
    let line = line(Tier::Verified).await;
    let sister = line.sim.create_channel(ChannelSpec::default()).await.unwrap();
    let foreign = ChannelSpec { provider_id: Some("other".to_owned()), ..ChannelSpec::default() };
    let foreign = line.sim.create_channel(foreign).await.unwrap();
    let here = line.sim.follow(line.id(), "hanako").await.unwrap().line_user_id;
    assert_eq!(line.sim.follow(&sister.channel_id, "hanako").await.unwrap().line_user_id, here);
    assert_ne!(line.sim.follow(&foreign.channel_id, "hanako").await.unwrap().line_user_id, here);
}

#[tokio::test]
async fn every_fault_is_what_it_says_once_and_then_gone() {
    let line = line(Tier::Verified).await;
    line.sim.add_followers(line.id(), FollowersSpec { count: 20, ..FollowersSpec::default() }).await.unwrap();
    type Check = fn(&LineFault) -> bool;
    let faults: [(FaultKind, Check); 10] = [
        (FaultKind::Unauthorized, |fault| matches!(fault, LineFault::Unauthorized { .. })),
        (FaultKind::Forbidden, |fault| matches!(fault, LineFault::NotEntitled { .. })),
        (FaultKind::InvalidStart, |fault| matches!(fault, LineFault::InvalidStart { .. })),
        (FaultKind::RateLimited, |fault| matches!(fault, LineFault::RateLimited { quota: false, .. })),
        (FaultKind::Quota, |fault| matches!(fault, LineFault::RateLimited { quota: true, .. })),
        (FaultKind::ServerJson, |fault| matches!(fault, LineFault::Server { status: 500, .. })),
        (FaultKind::ServerPlain, |fault| matches!(fault, LineFault::Server { status: 500, .. })),
        (FaultKind::ServerHtml, |fault| matches!(fault, LineFault::Server { status: 503, .. })),
        (FaultKind::Truncated, |fault| matches!(fault, LineFault::Unreadable { .. })),
        (FaultKind::Reset, |fault| matches!(fault, LineFault::Unreachable { .. })),
    ];
    for (kind, is_right) in faults {
        line.fault(kind, "followers").await;
        assert!(line.client.bot_info(line.token()).await.is_ok(), "{kind:?} is about followers only");
        let fault = line.page(None).await.unwrap_err();
        assert!(is_right(&fault), "{kind:?} gave {fault:?}");
        assert_eq!(line.page(None).await.unwrap().user_ids.len(), 10, "{kind:?} is spent");
    }
    line.fault(FaultKind::EmptyPage, "followers").await;
    let empty = line.page(None).await.unwrap();
    assert_eq!(empty.user_ids.len(), 0);
    let after = line.page(empty.next.as_deref()).await.unwrap();
    assert_eq!(after.user_ids, line.page(None).await.unwrap().user_ids, "an empty page loses nobody");
    assert_eq!(line.sim.faults().await.unwrap(), []);
    let verdicts: Vec<_> = line.sim.log().await.unwrap().into_iter().map(|seen| seen.verdict).collect();
    assert!(verdicts.contains(&"fault:server_html".to_owned()), "{verdicts:?}");
}

#[tokio::test]
async fn a_fault_waits_for_its_turn_and_names_a_time_to_wait() {
    let line = line(Tier::Verified).await;
    let limited =
        FaultSpec { kind: FaultKind::RateLimited, after: 2, retry_after_s: Some(7), ..FaultSpec::default() };
    line.sim.arm_fault(limited).await.unwrap();
    assert!(line.page(None).await.is_ok() && line.page(None).await.is_ok());
    assert_eq!(line.page(None).await.unwrap_err().retry_after(), Some(Duration::from_secs(7)));
    line.sim.arm_fault(FaultSpec { count: 100, ..FaultSpec::default() }).await.unwrap();
    assert!(line.page(None).await.is_err());
    line.sim.clear_faults().await.unwrap();
    assert!(line.page(None).await.is_ok());
}

#[tokio::test]
async fn a_slow_answer_runs_into_the_clients_time_limit() {
    let line = line(Tier::Verified).await;
    let slow = FaultSpec { kind: FaultKind::Slow, delay_ms: 60_000, ..FaultSpec::default() };
    line.sim.arm_fault(slow).await.unwrap();
    let options = MessagingOptions {
        api_base: line.running.base_url(),
        timeout: Duration::from_millis(50),
        retry: RetryPolicy::never(),
        ..MessagingOptions::default()
    };
    let hasty = MessagingClient::new(options).unwrap();
    assert_eq!(
        hasty.bot_info(line.token()).await.unwrap_err(),
        LineFault::Unreachable { reason: "time-out" }
    );
}

#[tokio::test]
async fn noise_changes_nothing_for_a_tolerant_reader() {
    let line = line(Tier::Verified).await;
    line.sim.add_followers(line.id(), FollowersSpec { count: 12, ..FollowersSpec::default() }).await.unwrap();
    let calm = line.client.bot_info(line.token()).await.unwrap();
    let noisy = ChannelChange { noise: Some(true), ..ChannelChange::default() };
    line.sim.change_channel(line.id(), noisy).await.unwrap();
    assert_eq!(line.client.bot_info(line.token()).await.unwrap(), calm);
    assert_eq!(line.all_pages().await.0, line.sim.followers(line.id()).await.unwrap());
    assert!(line.raw("/v2/bot/info").await.1.get("addedByLine").is_some());
}

#[tokio::test]
async fn issued_tokens_work_until_they_expire() {
    let line = line(Tier::Verified).await;
    line.sim.change_clock(ClockChange { frozen: Some(true), ..ClockChange::default() }).await.unwrap();
    let form = |secret: &str| {
        let client = ("client_id", line.id().to_owned());
        [("grant_type", "client_credentials".to_owned()), client, ("client_secret", secret.to_owned())]
    };
    for (path, life_s) in [("/v2/oauth/accessToken", 2_592_000), ("/oauth2/v3/token", 900)] {
        let url = format!("{}{path}", line.running.base_url());
        let refused = line.http.post(&url).form(&form("wrong")).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        assert!(refused.json::<Value>().await.unwrap()["error_description"].is_string());
        let issued = line.http.post(&url).form(&form(&line.channel.channel_secret)).send().await.unwrap();
        let issued: Value = issued.json().await.unwrap();
        assert_eq!(issued["expires_in"], life_s);
        let token = issued["access_token"].as_str().unwrap();
        assert!(line.client.bot_info(token).await.is_ok());
        let advance = ClockChange { advance_ms: Some(life_s * 1_000), ..ClockChange::default() };
        line.sim.change_clock(advance).await.unwrap();
        assert!(matches!(line.client.bot_info(token).await, Err(LineFault::Unauthorized { .. })), "{path}");
    }
}

#[tokio::test]
async fn a_reset_forgets_and_the_same_seed_makes_the_same_ids() {
    let line = line(Tier::Verified).await;
    let before = line.sim.follow(line.id(), "hanako").await.unwrap().line_user_id;
    line.sim.reset().await.unwrap();
    assert!(line.sim.channel(line.id()).await.is_err());
    assert!(matches!(line.client.bot_info(line.token()).await, Err(LineFault::Unauthorized { .. })));
    let again = line.sim.create_channel(ChannelSpec::default()).await.unwrap();
    assert_eq!(again, line.channel);
    assert_eq!(line.sim.follow(line.id(), "hanako").await.unwrap().line_user_id, before);
    line.running.stop().await;
    assert!(line.sim.clock().await.is_err());
}
