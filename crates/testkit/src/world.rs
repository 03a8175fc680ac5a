//! A server beside a simulated LINE, with one channel connected.

use std::path::Path;

use anyhow::{Context as _, Result};
use line_simulator::verbs::{ChannelMade, ChannelSpec, Tier};
use line_simulator::{Running, SimulatorClient, SimulatorOptions};
use serde_json::{Value, json};

use crate::{Caller, Server, ServerOptions, Webhook};

/// See the module's text.
#[derive(Debug)]
pub struct World {
    /// The server.
    pub server: Server,
    /// A caller with all permissions.
    pub caller: Caller,
    /// LINE's controls.
    pub line: SimulatorClient,
    /// The connected channel as LINE knows it.
    pub channel: ChannelMade,
    /// The answer to connecting it.
    pub connected: Value,
    /// Webhooks made by hand for that channel.
    pub webhook: Webhook,
    running: Running,
}

impl World {
    /// Starts both, connects a verified channel and waits for its first sync.
    ///
    /// # Errors
    /// When any of it fails.
    pub async fn start(binary: impl AsRef<Path>) -> Result<Self> {
        Self::start_on(binary, ServerOptions::default()).await
    }

    /// The same with a server that is started like this.
    ///
    /// # Errors
    /// When any of it fails.
    pub async fn start_on(binary: impl AsRef<Path>, options: ServerOptions) -> Result<Self> {
        let spec = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
        let world = Self::connected(binary, spec, options).await?;
        world.wait_for_sync(world.connected["sync_id"].as_str().unwrap_or_default()).await?;
        Ok(world)
    }

    /// Starts both and connects a channel of this kind; its first sync may be under way.
    ///
    /// # Errors
    /// When any of it fails.
    pub async fn start_with(binary: impl AsRef<Path>, spec: ChannelSpec) -> Result<Self> {
        Self::connected(binary, spec, ServerOptions::default()).await
    }

    async fn connected(binary: impl AsRef<Path>, spec: ChannelSpec, options: ServerOptions) -> Result<Self> {
        let running = line_simulator::serve(SimulatorOptions::default()).await?;
        let line = SimulatorClient::new(&running.base_url())?;
        let channel = line.create_channel(spec).await?;
        let options = ServerOptions { line_api_base: Some(running.base_url()), ..options };
        let server = Server::start(binary, options).await?;
        let caller = server.caller();
        let connected = connect(&caller, &channel).await?;
        let webhook = Webhook {
            caller: server.caller_with(None),
            channel: channel.channel_id.clone(),
            secret: channel.channel_secret.clone(),
            destination: channel.bot_user_id.clone(),
        };
        let url = format!("{}/line/events/{}", server.base(), channel.channel_id);
        line.set_webhook_url(&channel.channel_id, &url).await?;
        Ok(Self { server, caller, line, channel, connected, webhook, running })
    }

    /// The simulator's base URL.
    #[must_use]
    pub fn line_base(&self) -> String {
        self.running.base_url()
    }

    /// Starts a sync and waits for its end; the run as shown then.
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn sync(&self) -> Result<Value> {
        let path = format!("/line/channels/{}/sync", self.channel.channel_id);
        let answer = self.caller.post(&path, &json!({})).await?;
        anyhow::ensure!(answer.status == 202, "the sync answered {}: {}", answer.status, answer.text);
        self.wait_for_sync(answer.json["sync_id"].as_str().context("no sync_id")?).await
    }

    /// Waits for the end of a sync run.
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn wait_for_sync(&self, id: &str) -> Result<Value> {
        let path = format!("/line/syncs/{id}");
        crate::eventually("the sync ends", 60, async || {
            let run = self.caller.get(&path).await.ok()?.json;
            (run["state"].is_string() && run["state"] != "running").then_some(run)
        })
        .await
    }

    /// State of a LINE ID on the channel, as `GET /line/users/{id}` shows it; `None` on 404.
    ///
    /// # Errors
    /// When the look-up fails.
    pub async fn state(&self, line_id: &str) -> Result<Option<String>> {
        let found = self.caller.line_user(line_id).await?;
        Ok(found.map(|found| found["channels"][0]["state"].as_str().unwrap_or_default().to_owned()))
    }

    /// Profiles that hold a LINE ID.
    ///
    /// # Errors
    /// When the look-up fails.
    pub async fn profiles(&self, line_id: &str) -> Result<Vec<Value>> {
        let found = self.caller.line_user(line_id).await?;
        Ok(found.and_then(|found| found["profiles"].as_array().cloned()).unwrap_or_default())
    }
}

/// Connects a channel with its credentials; the 201 body.
///
/// # Errors
/// On any other answer.
async fn connect(caller: &Caller, channel: &ChannelMade) -> Result<Value> {
    let body = json!({
        "provider_id": channel.provider_id,
        "channel_id": channel.channel_id,
        "channel_secret": channel.channel_secret,
        "channel_access_token": channel.channel_access_token,
        "name": "Test",
    });
    let answer = caller.post("/line/channels", &body).await?;
    anyhow::ensure!(answer.status == 201, "connect answered {}: {}", answer.status, answer.text);
    Ok(answer.json)
}
