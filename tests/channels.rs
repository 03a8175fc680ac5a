//! The life of a connected LINE channel over HTTP and on the command line: connect, change, disconnect, connect again.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use line_simulator::verbs::{ChannelChange, ChannelMade, ChannelSpec};
use serde_json::{Value, json};
use testkit::{Event, Webhook, World, line_id};

const FIRST: i64 = 1_727_600_000_000;

async fn world() -> World {
    World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap()
}

fn path(world: &World) -> String {
    format!("/line/channels/{}", world.channel.channel_id)
}

/// The only channel as listed.
async fn listed(world: &World) -> Value {
    let answer = world.caller.get("/line/channels").await.unwrap();
    assert_eq!(answer.json["channels"].as_array().unwrap().len(), 1);
    answer.json["channels"][0].clone()
}

/// What a webhook with this secret is answered.
async fn status_with(webhook: &Webhook, secret: &str) -> u16 {
    Webhook { secret: secret.to_owned(), ..webhook.clone() }.send(&[]).await.unwrap().status
}

async fn reissue(world: &World, change: ChannelChange) -> ChannelMade {
    world.line.change_channel(&world.channel.channel_id, change).await.unwrap().made
}

fn body(channel: &ChannelMade) -> Value {
    json!({
        "provider_id": channel.provider_id, "channel_id": channel.channel_id,
        "channel_secret": channel.channel_secret, "channel_access_token": channel.channel_access_token,
    })
}

/// One account, one channel: with a mistyped id its webhooks would be refused and nobody would know why.
#[tokio::test]
async fn an_account_is_connected_under_one_id() {
    let world = world().await;
    let mut again = body(&world.channel);
    again["channel_id"] = "1234567890".into();
    let answer = world.caller.post("/line/channels", &again).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("channel_already_connected")));
    assert!(answer.json["message"].as_str().unwrap().contains("'channel_id'"), "{}", answer.text);
    listed(&world).await;
}

/// LINE.md A1: the new secret is taken at once, the old one until it is revoked; nothing else is.
#[tokio::test]
async fn a_secret_is_rotated_without_losing_a_webhook() {
    let world = world().await;
    let (old, webhook) = (&world.channel.channel_secret, &world.webhook);
    let new = reissue(&world, ChannelChange { reissue_secret: Some(true), ..Default::default() }).await;
    let new = new.channel_secret;
    assert_eq!((status_with(webhook, old).await, status_with(webhook, &new).await), (200, 401));
    for _ in 0..2 {
        let answer = world.caller.patch(&path(&world), &json!({"channel_secret": new})).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json["old_secret_accepted"]),
            (200, &json!(true)),
            "{}",
            answer.text
        );
        assert!(!answer.text.contains(&new) && !answer.text.contains(old));
        assert_eq!((status_with(webhook, old).await, status_with(webhook, &new).await), (200, 200));
    }
    assert_eq!(status_with(webhook, "another").await, 401);
    let answer = world.caller.patch(&path(&world), &json!({"revoke_old_secret": true})).await.unwrap();
    assert_eq!((answer.status, &answer.json["old_secret_accepted"]), (200, &json!(false)));
    assert_eq!((status_with(webhook, old).await, status_with(webhook, &new).await), (401, 200));
}

/// A token is proved with LINE and must be the same bot's; the sync then uses it. On error nothing changes.
#[tokio::test]
async fn a_token_must_be_of_the_same_account() {
    let world = world().await;
    let other = world.line.create_channel(ChannelSpec::default()).await.unwrap();
    let before = listed(&world).await;
    for (token, expected) in [
        (other.channel_access_token.as_str(), (409, "line_bot_mismatch")),
        ("unknown-token", (400, "line_credentials_rejected")),
        ("with blanks", (400, "field_invalid")),
    ] {
        let change = json!({"name": "Other", "channel_access_token": token});
        let answer = world.caller.patch(&path(&world), &change).await.unwrap();
        assert_eq!((answer.status, answer.json["code"].as_str().unwrap()), expected);
        assert!(!answer.text.contains(token));
    }
    assert_eq!(listed(&world).await, before);
    let new = reissue(&world, ChannelChange { reissue_token: Some(true), ..Default::default() }).await;
    assert_eq!(world.sync().await.unwrap()["state"], "failed");
    let change = json!({"channel_access_token": new.channel_access_token});
    assert_eq!(world.caller.patch(&path(&world), &change).await.unwrap().status, 200);
    assert_eq!(world.sync().await.unwrap()["state"], "complete");
}

/// Names within bounds; the provider while no other channel rests on it; who may not, and what is not there.
#[tokio::test]
async fn names_and_providers_change_within_their_bounds() {
    let world = world().await;
    let long = "名".repeat(256);
    for change in [json!({}), json!({"name": ""}), json!({"name": long}), json!({"name": "a\nb"}), json!([])]
    {
        let answer = world.caller.patch(&path(&world), &change).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")), "{change}");
    }
    let change = json!({"name": "名".repeat(255), "provider_id": "77"});
    let answer = world.caller.patch(&path(&world), &change).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = listed(&world).await;
    assert_eq!((&shown["name"], &shown["provider_id"]), (&change["name"], &json!("77")));

    let spec = ChannelSpec { provider_id: Some("77".into()), ..ChannelSpec::default() };
    let second = world.line.create_channel(spec).await.unwrap();
    let mut connect = body(&second);
    connect["name"] = json!(long);
    let answer = world.caller.post("/line/channels", &connect).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")));
    assert_eq!(world.caller.post("/line/channels", &body(&second)).await.unwrap().status, 201);
    let answer = world.caller.patch(&path(&world), &json!({"provider_id": "78"})).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("line_provider_mismatch")));

    let unknown = "/line/channels/1";
    let (arguments, permission) = (["key", "create", "--name", "k", "--permission"], "line.sync");
    let (_, key, _) = world.server.command(&[&arguments[..], &[permission]].concat()).await.unwrap();
    let stranger = world.server.caller_with(Some(key.trim()));
    let refused = testkit::eventually("the key is known", 5, async || {
        let answer = stranger.delete(&path(&world)).await.ok()?;
        (answer.status != 401).then_some(answer.status)
    });
    assert_eq!(refused.await.unwrap(), 403);
    assert_eq!(stranger.patch(&path(&world), &json!({"name": "x"})).await.unwrap().status, 403);
    let answer = world.caller.patch(unknown, &json!({"name": "x"})).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("line_channel_unknown")));
    let answer = world.caller.delete(unknown).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("line_channel_unknown")));
}

/// A disconnected channel is unknown to its webhook and shown nowhere; connected again, it has its group and its
/// friendships, and takes up what LINE says since.
#[tokio::test]
async fn a_disconnected_channel_is_found_again_when_it_comes_back() {
    let world = world().await;
    let (friend, gone) = (line_id(1), line_id(2));
    world.webhook.event("follow", &friend, FIRST, "e1").await.unwrap();
    world.webhook.event("follow", &gone, FIRST, "e2").await.unwrap();
    world.webhook.event("unfollow", &gone, FIRST + 1, "e3").await.unwrap();
    let before = world.caller.line_user(&friend).await.unwrap().unwrap();

    let answer = world.caller.delete(&path(&world)).await.unwrap();
    assert_eq!((answer.status, answer.json), (200, json!({"message": "success"})));
    let answer = world.webhook.send(&[]).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("line_channel_unknown")));
    assert_eq!(world.caller.delete(&path(&world)).await.unwrap().status, 404);
    let sync = world.caller.post(&format!("{}/sync", path(&world)), &json!({})).await.unwrap();
    assert_eq!(sync.status, 404);
    let answer = world.caller.get("/line/channels").await.unwrap();
    assert_eq!(answer.json["channels"], json!([]));
    let hidden = world.caller.line_user(&friend).await.unwrap().unwrap();
    assert_eq!((&hidden["channels"], hidden["profiles"].as_array().unwrap().len()), (&json!([]), 1));
    assert_eq!(hidden["profiles"][0]["line"], json!([]));

    let answer = world.caller.post("/line/channels", &body(&world.channel)).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json["subscription_group_id"], world.connected["subscription_group_id"]);
    assert_eq!(world.caller.line_user(&friend).await.unwrap().unwrap(), before);
    assert_eq!(world.state(&gone).await.unwrap().as_deref(), Some("unsubscribed"));
    // What was known before the disconnection still decides: an older event does not win.
    let late = Event { kind: "follow", user: gone.clone(), at: FIRST, id: "late".into() };
    assert_eq!(world.webhook.send(&[late.json()]).await.unwrap().status, 200);
    assert_eq!(world.state(&gone).await.unwrap().as_deref(), Some("unsubscribed"));
    world.webhook.event("follow", &gone, FIRST + 2, "e4").await.unwrap();
    assert_eq!(world.state(&gone).await.unwrap().as_deref(), Some("subscribed"));
}

/// On the command line secrets come from a file, standard input or the environment, so that `ps` does not show them;
/// a running server knows of the changes within a second.
#[tokio::test]
async fn the_command_line_connects_changes_and_disconnects() {
    let world = world().await;
    let id = world.channel.channel_id.as_str();
    let (code, _, complaint) = world.server.command(&["line", "disconnect", id]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let becomes = async |what: &str, status: u16| {
        let done = async || (world.webhook.send(&[]).await.ok()?.status == status).then_some(());
        testkit::eventually(what, 5, done).await.unwrap();
    };
    becomes("the webhook is unknown", 404).await;
    let (code, _, _) = world.server.command(&["line", "disconnect", id]).await.unwrap();
    assert_eq!(code, 1);

    let arguments = ["line", "connect", "--provider-id", "provider-1", "--channel-id", id, "--json"];
    let (code, _, complaint) = world.server.command(&arguments).await.unwrap();
    assert_eq!(code, 2);
    assert!(complaint.contains("ENMUSUBI_LINE_CHANNEL_SECRET"), "{complaint}");
    let arguments = [&arguments[..], &["--channel-secret-file", "-"]].concat();
    let token = [("ENMUSUBI_LINE_CHANNEL_ACCESS_TOKEN", world.channel.channel_access_token.as_str())];
    let secret = format!("{}\n", world.channel.channel_secret);
    let (code, connected, complaint) = world.server.command_with(&arguments, &token, &secret).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let connected: Value = serde_json::from_str(&connected).unwrap();
    assert_eq!(connected["subscription_group_id"], world.connected["subscription_group_id"]);
    becomes("the webhook is known again", 200).await;

    let new = reissue(&world, ChannelChange { reissue_secret: Some(true), ..Default::default() }).await;
    let file = world.server.folder().join("secret");
    std::fs::write(&file, &new.channel_secret).unwrap();
    let arguments = ["line", "change", id, "--name", "Shop", "--revoke-old-secret", "--channel-secret-file"];
    let arguments = [&arguments[..], &[file.to_str().unwrap()]].concat();
    let (code, _, complaint) = world.server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    becomes("the old secret is refused", 401).await;
    assert_eq!(status_with(&world.webhook, &new.channel_secret).await, 200);
    assert_eq!(listed(&world).await["name"], "Shop");
    let (code, _, _) = world.server.command(&["line", "change", id]).await.unwrap();
    assert_eq!(code, 2);
}
