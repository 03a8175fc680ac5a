//! The eight cases (`L1`, `L2`, `L5`, `L6`, `L8`, `L9`), each with people of its own.

use serde_json::json;

use super::case::Case;
use super::judge::Expected;
use super::stage::{Scene, Stage};

const SUBSCRIBED: &str = "subscribed";
const UNSUBSCRIBED: &str = "unsubscribed";

type Verdict = Scene<(String, bool)>;

/// Plays all of them, in the order of the table.
pub(super) async fn play(stage: &Stage) -> Vec<Case> {
    vec![
        told("follow_unknown", "Hanako, whom nobody knows, follows on LINE", follow_unknown(stage).await),
        told(
            "follow_known",
            "two profiles with Taro's LINE ID are tracked; then Taro follows",
            follow_known(stage).await,
        ),
        told("csv_new_id", "a CSV row brings a LINE ID that nobody has", csv_new_id(stage).await),
        told(
            "csv_shared_id",
            "Yuki follows; then a CSV row brings her LINE ID to a customer",
            csv_shared_id(stage).await,
        ),
        told("track_new_id", "/users/track brings a LINE ID that nobody has", track_new_id(stage).await),
        told(
            "track_shared_id",
            "Jiro follows; then /users/track brings his LINE ID to a customer",
            track_shared_id(stage).await,
        ),
        told(
            "sync_unknown",
            "Sakura followed before we were told of followers; a sync runs",
            sync_unknown(stage).await,
        ),
        told(
            "sync_known",
            "a profile with Ken's LINE ID is tracked; he followed unheard; a sync runs",
            sync_known(stage).await,
        ),
    ]
}

fn told(case: &'static str, done: &str, verdict: Verdict) -> Case {
    let (store_says, ok) = verdict.unwrap_or_else(|reason| (reason, false));
    Case { case, done: done.to_owned(), store_says, ok }
}

async fn follow_unknown(stage: &Stage) -> Verdict {
    let id = stage.person("hanako").await?;
    stage.follow("hanako").await?;
    stage.judge(&id, Expected { holders: &[None], state: SUBSCRIBED }).await
}

async fn follow_known(stage: &Stage) -> Verdict {
    let id = stage.person("taro").await?;
    for customer in ["taro-web", "taro-shop"] {
        stage.track(json!({"external_id": customer, "native_line_id": id})).await?;
    }
    let holders = &[Some("taro-web"), Some("taro-shop")];
    let before = stage.judge(&id, Expected { holders, state: UNSUBSCRIBED }).await?;
    if !before.1 {
        return Ok((format!("before the follow: {}", before.0), false));
    }
    stage.follow("taro").await?;
    stage.judge(&id, Expected { holders, state: SUBSCRIBED }).await
}

async fn csv_new_id(stage: &Stage) -> Verdict {
    let id = stage.person("aoi").await?;
    stage.import(format!("external_id,first_name,native_line_id\naoi-csv,葵,{id}\n")).await?;
    stage.judge(&id, Expected { holders: &[Some("aoi-csv")], state: UNSUBSCRIBED }).await
}

async fn csv_shared_id(stage: &Stage) -> Verdict {
    let id = stage.person("yuki").await?;
    stage.follow("yuki").await?;
    stage.import(format!("external_id,first_name,native_line_id\nyuki-csv,ゆき,{id}\n")).await?;
    stage.judge(&id, Expected { holders: &[None, Some("yuki-csv")], state: SUBSCRIBED }).await
}

async fn track_new_id(stage: &Stage) -> Verdict {
    let id = stage.person("mei").await?;
    stage.track(json!({"external_id": "mei-app", "first_name": "Mei", "native_line_id": id})).await?;
    stage.judge(&id, Expected { holders: &[Some("mei-app")], state: UNSUBSCRIBED }).await
}

async fn track_shared_id(stage: &Stage) -> Verdict {
    let id = stage.person("jiro").await?;
    stage.follow("jiro").await?;
    stage.track(json!({"external_id": "jiro-app", "first_name": "次郎", "native_line_id": id})).await?;
    stage.judge(&id, Expected { holders: &[None, Some("jiro-app")], state: SUBSCRIBED }).await
}

async fn sync_unknown(stage: &Stage) -> Verdict {
    let id = stage.person("sakura").await?;
    stage.follow_silently("sakura").await?;
    stage.sync().await?;
    stage.judge(&id, Expected { holders: &[None], state: SUBSCRIBED }).await
}

async fn sync_known(stage: &Stage) -> Verdict {
    let id = stage.person("ken").await?;
    stage.track(json!({"external_id": "ken-app", "native_line_id": id})).await?;
    stage.follow_silently("ken").await?;
    stage.sync().await?;
    stage.judge(&id, Expected { holders: &[Some("ken-app")], state: SUBSCRIBED }).await
}
