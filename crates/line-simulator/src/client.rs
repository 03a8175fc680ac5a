//! The control verbs from Rust, for tests and the demo.

use reqwest::{Client, Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::verbs::{
    Act, ActKind, Attempt, Batch, ChannelChange, ChannelMade, ChannelSpec, ChannelView, ClockChange,
    ClockView, FaultSpec, Followers, FollowersSpec, Identity, PersonMade, PersonSpec, ProviderMade,
    ProviderSpec, Report, Seen, Settle,
};

/// A verb that did not work.
#[derive(Debug, Error)]
pub enum SimulatorFault {
    /// The simulator cannot be reached, or answered something else than JSON.
    #[error("the LINE simulator does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The simulator refused; its own words.
    #[error("the LINE simulator answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why.
        message: String,
    },
}

type Done<T> = Result<T, SimulatorFault>;

/// Speaks the control verbs of a running simulator. Every call fails with [`SimulatorFault`].
#[derive(Debug, Clone)]
pub struct SimulatorClient {
    http: Client,
    base: String,
}

impl SimulatorClient {
    /// For the simulator at `base_url`, as [`crate::Running::base_url`] tells it.
    ///
    /// # Errors
    /// [`SimulatorFault::Unreachable`] if this machine has no usable HTTP client.
    pub fn new(base_url: &str) -> Done<Self> {
        // As in `serve`: the simulator may run in another process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build()?;
        Ok(Self { http, base: format!("{}/sim", base_url.trim_end_matches('/')) })
    }

    /// Makes a provider, or finds it.
    pub async fn create_provider(&self, provider_id: Option<&str>) -> Done<ProviderMade> {
        self.post("/providers", &ProviderSpec { provider_id: provider_id.map(str::to_owned) }).await
    }

    /// Makes a Messaging API channel with its Official Account.
    pub async fn create_channel(&self, spec: ChannelSpec) -> Done<ChannelMade> {
        self.post("/channels", &spec).await
    }

    /// Shows a channel.
    pub async fn channel(&self, channel_id: &str) -> Done<ChannelView> {
        self.get(&format!("/channels/{channel_id}")).await
    }

    /// Changes a channel: webhook, tier, redelivery, limits, secrets.
    pub async fn change_channel(&self, channel_id: &str, change: ChannelChange) -> Done<ChannelView> {
        self.post(&format!("/channels/{channel_id}"), &change).await
    }

    /// Sets where a channel's webhooks go.
    pub async fn set_webhook_url(&self, channel_id: &str, url: &str) -> Done<ChannelView> {
        let change = ChannelChange { webhook_url: Some(url.to_owned()), ..ChannelChange::default() };
        self.change_channel(channel_id, change).await
    }

    /// Makes or changes a person.
    pub async fn create_person(&self, spec: PersonSpec) -> Done<PersonMade> {
        self.post("/persons", &spec).await
    }

    /// A person's user ID under a provider.
    pub async fn line_user_id(&self, person: &str, provider_id: &str) -> Done<String> {
        let query = [("person", person), ("provider_id", provider_id)];
        let answer = self.http.get(format!("{}/identity", self.base)).query(&query).send().await?;
        let found: Identity = Self::read(answer).await?;
        Ok(found.line_user_id)
    }

    /// Adds many new friends silently; answers all their user IDs, blocked and hidden ones included.
    pub async fn add_followers(&self, channel_id: &str, spec: FollowersSpec) -> Done<Vec<String>> {
        let added: Followers = self.post(&format!("/channels/{channel_id}/followers"), &spec).await?;
        Ok(added.user_ids)
    }

    /// The truth: whom a complete follower list shows now.
    pub async fn followers(&self, channel_id: &str) -> Done<Vec<String>> {
        let found: Followers = self.get(&format!("/channels/{channel_id}/followers")).await?;
        Ok(found.user_ids)
    }

    /// Lets somebody do something, with every knob.
    pub async fn act(&self, act: Act) -> Done<Report> {
        self.post("/act", &act).await
    }

    /// Lets somebody add (or unblock) the account.
    pub async fn follow(&self, channel_id: &str, person: &str) -> Done<Report> {
        self.simple(channel_id, person, ActKind::Follow).await
    }

    /// Lets somebody block the account.
    pub async fn block(&self, channel_id: &str, person: &str) -> Done<Report> {
        self.simple(channel_id, person, ActKind::Block).await
    }

    /// Lets somebody unblock the account.
    pub async fn unblock(&self, channel_id: &str, person: &str) -> Done<Report> {
        self.simple(channel_id, person, ActKind::Unblock).await
    }

    /// Lets somebody write.
    pub async fn message(&self, channel_id: &str, person: &str, text: &str) -> Done<Report> {
        let (channel_id, person) = (channel_id.to_owned(), person.to_owned());
        let text = Some(text.to_owned());
        self.act(Act { channel_id, person, act: ActKind::Message, text, ..Act::default() }).await
    }

    /// Lets somebody use a button.
    pub async fn postback(&self, channel_id: &str, person: &str, data: &str) -> Done<Report> {
        let (channel_id, person) = (channel_id.to_owned(), person.to_owned());
        let data = Some(data.to_owned());
        self.act(Act { channel_id, person, act: ActKind::Postback, data, ..Act::default() }).await
    }

    async fn simple(&self, channel_id: &str, person: &str, act: ActKind) -> Done<Report> {
        let (channel_id, person) = (channel_id.to_owned(), person.to_owned());
        self.act(Act { channel_id, person, act, ..Act::default() }).await
    }

    /// Sends events as they are, in one request.
    pub async fn deliver(&self, batch: Batch) -> Done<Report> {
        self.post("/deliver", &batch).await
    }

    /// Sets up a fault; answers all that are armed.
    pub async fn arm_fault(&self, spec: FaultSpec) -> Done<Vec<FaultSpec>> {
        self.post("/faults", &spec).await
    }

    /// The faults that are armed.
    pub async fn faults(&self) -> Done<Vec<FaultSpec>> {
        self.get("/faults").await
    }

    /// Takes all faults away.
    pub async fn clear_faults(&self) -> Done<()> {
        let _: Vec<FaultSpec> = self.call(Method::DELETE, "/faults", None::<&()>).await?;
        Ok(())
    }

    /// Reads the clock.
    pub async fn clock(&self) -> Done<ClockView> {
        self.get("/clock").await
    }

    /// Sets, moves, stops the clock.
    pub async fn change_clock(&self, change: ClockChange) -> Done<ClockView> {
        self.post("/clock", &change).await
    }

    /// Every API call seen, oldest first.
    pub async fn log(&self) -> Done<Vec<Seen>> {
        self.get("/log").await
    }

    /// Every webhook attempt that has ended, in the order they ended.
    pub async fn outbox(&self) -> Done<Vec<Attempt>> {
        self.get("/outbox").await
    }

    /// Waits until no delivery is under way and no redelivery is due.
    pub async fn settle(&self) -> Done<()> {
        let _: Value = self.post("/settle", &Settle::default()).await?;
        Ok(())
    }

    /// Forgets everything but the seed.
    pub async fn reset(&self) -> Done<()> {
        let _: Value = self.post("/reset", &Value::Null).await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Done<T> {
        self.call(Method::GET, path, None::<&()>).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Done<T> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Done<T> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request.send().await?).await
    }

    async fn read<T: DeserializeOwned>(answer: Response) -> Done<T> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.json().await?);
        }
        Err(SimulatorFault::Refused { status: status.as_u16(), message: answer.text().await? })
    }
}
