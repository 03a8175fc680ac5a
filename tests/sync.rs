//! The follower syncer against the simulated LINE (SYNC-1..3, line.md B1).
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use line_simulator::verbs::{ChannelSpec, FaultKind, FaultSpec, FollowersSpec, Tier};
use serde_json::json;
use testkit::World;

async fn world() -> World {
    World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap()
}

/// Short and empty pages, blocked, unconsented and deleted accounts: the result is the truth; twice makes nothing.
#[tokio::test]
async fn a_full_sync_equals_the_truth_and_a_second_makes_nothing() {
    let world = world().await;
    let spec = FollowersSpec { count: 3_500, blocked_every: 3, unconsented_every: 50, deleted_every: 70 };
    let all = world.line.add_followers(&world.channel.channel_id, spec).await.unwrap();
    let truth = world.line.followers(&world.channel.channel_id).await.unwrap();
    assert!(truth.len() < all.len());
    let run = world.sync().await.unwrap();
    assert_eq!(
        (&run["state"], &run["seen"], &run["created"]),
        (&json!("complete"), &json!(truth.len()), &json!(truth.len()))
    );
    assert_eq!(run["pages"], 4);
    for id in truth.iter().step_by(97) {
        assert_eq!(world.state(id).await.unwrap().as_deref(), Some("subscribed"));
    }
    for id in all.iter().filter(|id| !truth.contains(id)).step_by(97) {
        assert_eq!(world.state(id).await.unwrap(), None);
    }
    let again = world.sync().await.unwrap();
    assert_eq!(
        (&again["seen"], &again["created"], &again["subscribed"]),
        (&json!(truth.len()), &json!(0), &json!(0))
    );
}

/// 403: said plainly, and webhooks go on.
#[tokio::test]
async fn an_account_that_may_not_list_followers_still_gets_webhooks() {
    let spec = ChannelSpec { tier: Some(Tier::Unverified), ..ChannelSpec::default() };
    let world = World::start_with(env!("CARGO_BIN_EXE_enmusubi"), spec).await.unwrap();
    let run = world.wait_for_sync(world.connected["sync_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(run["state"], "not_entitled");
    assert!(run["error"].is_string() && run["finished_at"].is_string());
    let id = testkit::line_id(1);
    world.webhook.event("follow", &id, 1_727_600_000_000, "e1").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("subscribed"));
}

async fn with_fault(kind: FaultKind, count: u32) -> serde_json::Value {
    let world = world().await;
    let spec = FollowersSpec { count: 1_500, ..FollowersSpec::default() };
    world.line.add_followers(&world.channel.channel_id, spec).await.unwrap();
    let fault =
        FaultSpec { kind, after: 1, count, endpoint: Some("followers".into()), ..FaultSpec::default() };
    world.line.arm_fault(fault).await.unwrap();
    world.sync().await.unwrap()
}

/// 401 ends the run with a reason; 429, 500 and an expired token are ridden out.
#[tokio::test]
async fn passing_faults_are_ridden_out_and_a_dead_token_ends_the_run() {
    let run = with_fault(FaultKind::Unauthorized, 100).await;
    assert_eq!(
        (&run["state"], &run["error"]),
        (&json!("failed"), &json!("LINE does not accept the channel access token"))
    );
    for kind in [FaultKind::RateLimited, FaultKind::ServerJson, FaultKind::InvalidStart] {
        let run = with_fault(kind, 1).await;
        assert_eq!((&run["state"], &run["created"]), (&json!("complete"), &json!(1_500)), "{kind:?}");
    }
}

/// An event beats a listing by time: an unfollow that LINE dates after the listing's moment wins, an older one loses.
#[tokio::test]
async fn events_and_listings_settle_by_time() {
    let world = world().await;
    let spec = FollowersSpec { count: 2, ..FollowersSpec::default() };
    let ids = world.line.add_followers(&world.channel.channel_id, spec).await.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    world.webhook.event("unfollow", &ids[0], now, "newer").await.unwrap();
    world.webhook.event("unfollow", &ids[1], now - 3_600_000, "older").await.unwrap();
    world.sync().await.unwrap();
    assert_eq!(world.state(&ids[0]).await.unwrap().as_deref(), Some("unsubscribed"));
    assert_eq!(world.state(&ids[1]).await.unwrap().as_deref(), Some("subscribed"));
    // An older follow or unfollow that arrives after the listing changes nothing.
    world.webhook.event("unfollow", &ids[1], now - 1_800_000, "late").await.unwrap();
    assert_eq!(world.state(&ids[1]).await.unwrap().as_deref(), Some("subscribed"));
}
