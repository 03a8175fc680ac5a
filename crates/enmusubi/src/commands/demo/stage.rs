//! The stage: a connected channel, and the calls of the story.

use std::time::Duration;

use line_simulator::verbs::{Act, ActKind, ChannelMade, ChannelSpec, PersonSpec};
use line_simulator::{ApiAnswer, ApiClient, SimulatorClient, SimulatorFault};
use serde_json::{Value, json};

use super::judge::{Expected, judge};
use crate::failure::Failure;

/// How often an import or a sync is looked at, and how many times.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 600;

/// Why a scene could not be played; becomes what the store "says".
pub(super) type Scene<T> = Result<T, String>;

/// Server and LINE, ready to play.
pub(super) struct Stage {
    base: String,
    line: String,
    key: String,
    api: ApiClient,
    sim: SimulatorClient,
    channel: ChannelMade,
}

fn lost(fault: SimulatorFault) -> String {
    fault.to_string()
}

impl Stage {
    /// Makes an Official Account, connects it, points its webhooks here, and waits for the first sync.
    ///
    /// # Errors
    /// When any of that is refused.
    pub(super) async fn set_up(base: &str, line: &str, key: &str) -> Result<Self, Failure> {
        Self::connected(base, line, key).await.map_err(Failure::while_doing("the demo cannot be set up"))
    }

    async fn connected(base: &str, line: &str, key: &str) -> Scene<Self> {
        let api = ApiClient::new(base, key).map_err(lost)?;
        let sim = SimulatorClient::new(line).map_err(lost)?;
        let spec = ChannelSpec { name: Some("Demo Shop".to_owned()), ..ChannelSpec::default() };
        let channel = sim.create_channel(spec).await.map_err(lost)?;
        let (base, line, key) = (base.to_owned(), line.to_owned(), key.to_owned());
        let stage = Self { base, line, key, api, sim, channel };
        let body = json!({
            "provider_id": stage.channel.provider_id, "channel_id": stage.channel.channel_id,
            "channel_secret": stage.channel.channel_secret,
            "channel_access_token": stage.channel.channel_access_token,
        });
        let connected = expect(201, stage.api.post_json("/line/channels", &body).await)?;
        let url = connected["webhook_url"].as_str().ok_or("no webhook URL was answered")?;
        stage.sim.set_webhook_url(&stage.channel.channel_id, url).await.map_err(lost)?;
        stage.wait_for("/line/syncs", &connected["sync_id"], |run| run["state"] != "running").await?;
        Ok(stage)
    }

    /// A new person's LINE user ID.
    pub(super) async fn person(&self, name: &str) -> Scene<String> {
        let spec = PersonSpec { person: Some(name.to_owned()), ..PersonSpec::default() };
        self.sim.create_person(spec).await.map_err(lost)?;
        self.sim.line_user_id(name, &self.channel.provider_id).await.map_err(lost)
    }

    /// Somebody follows; LINE tells us and is answered with 200.
    pub(super) async fn follow(&self, person: &str) -> Scene<()> {
        let report = self.sim.follow(&self.channel.channel_id, person).await.map_err(lost)?;
        match report.deliveries.first().and_then(|delivery| delivery.status) {
            Some(200) => Ok(()),
            other => Err(format!("the webhook was answered with {other:?}")),
        }
    }

    /// Somebody follows while our webhook is not told.
    pub(super) async fn follow_silently(&self, person: &str) -> Scene<()> {
        let (channel_id, person) = (self.channel.channel_id.clone(), person.to_owned());
        let act = Act { channel_id, person, act: ActKind::Follow, silent: true, ..Act::default() };
        self.sim.act(act).await.map(drop).map_err(lost)
    }

    /// POST /users/track of one attributes object.
    pub(super) async fn track(&self, attributes: Value) -> Scene<()> {
        let answer = self.api.post_json("/users/track", &json!({"attributes": [attributes]})).await;
        expect(201, answer).map(drop)
    }

    /// Uploads a CSV file and waits until every row is in.
    pub(super) async fn import(&self, csv: String) -> Scene<()> {
        let taken = expect(202, self.api.post_csv("/imports/users", csv).await)?;
        let run =
            self.wait_for("/imports", &taken["import_id"], |run| run["status"] != "In progress").await?;
        if run["status"] == "Complete" {
            Ok(())
        } else {
            Err(format!("the import ended as {}", run["status"]))
        }
    }

    /// Runs a follower sync to its end.
    pub(super) async fn sync(&self) -> Scene<()> {
        let path = format!("/line/channels/{}/sync", self.channel.channel_id);
        let started = expect(202, self.api.post_json(&path, &json!({})).await)?;
        let run = self.wait_for("/line/syncs", &started["sync_id"], |run| run["state"] != "running").await?;
        if run["state"] == "complete" { Ok(()) } else { Err(format!("the sync ended as {}", run["state"])) }
    }

    /// Reads a LINE ID through both doors and judges.
    pub(super) async fn judge(&self, id: &str, expected: Expected<'_>) -> Scene<(String, bool)> {
        let looked = self.api.get(&format!("/line/users/{id}")).await.map_err(lost)?;
        let fields = ["braze_id", "external_id", "native_line_id", "line"];
        let body = json!({"native_line_ids": [id], "fields_to_export": fields});
        let exported = expect(201, self.api.post_json("/users/export/ids", &body).await)?;
        Ok(judge(id, &looked.json, &exported, expected))
    }

    async fn wait_for(&self, list: &str, id: &Value, ended: impl Fn(&Value) -> bool) -> Scene<Value> {
        let path = format!("{list}/{}", id.as_str().ok_or("no id was answered")?);
        for _ in 0..LOOKS {
            let run = expect(200, self.api.get(&path).await)?;
            if ended(&run) {
                return Ok(run);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("{path} did not end"))
    }

    /// Lines to try in another terminal.
    pub(super) fn try_it(&self) -> String {
        let Self { base, line, key, channel, .. } = self;
        let channel = &channel.channel_id;
        format!(
            r#"
It keeps serving until Ctrl-C. In another terminal:

  curl {base}/users/track -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
       -d '{{"attributes":[{{"external_id":"me","email":"me@example.com","first_name":"縁"}}]}}'
  printf 'external_id,first_name\nme,Enmusubi\n' |
    curl {base}/imports/users -H 'Authorization: Bearer {key}' -H 'Content-Type: text/csv' --data-binary @-
  curl {line}/sim/act -H 'Content-Type: application/json' \
       -d '{{"channel_id":"{channel}","person":"me","act":"follow"}}'      # answers your LINE user ID
  curl {base}/line/users/LINE_USER_ID -H 'Authorization: Bearer {key}'"#
        )
    }
}

fn expect(status: u16, answer: Result<ApiAnswer, SimulatorFault>) -> Scene<Value> {
    let answer = answer.map_err(lost)?;
    if answer.status == status {
        return Ok(answer.json);
    }
    let message = answer.json["message"].as_str().unwrap_or("no message");
    Err(format!("the server answered {}: {message}", answer.status))
}
