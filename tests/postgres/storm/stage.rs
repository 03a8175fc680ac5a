//! The servers of a storm, and requests to them that must be answered well.

use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Caller, Server, ServerOptions, Webhook, World};

use crate::BINARY;

/// One or two servers on one database, a connected LINE channel, two subscription groups.
pub(crate) struct Stage {
    world: World,
    second: Option<Server>,
    callers: Vec<Caller>,
    webhooks: Vec<Webhook>,
    /// A group for email.
    pub(crate) news: String,
    /// A group for SMS.
    pub(crate) texts: String,
    requests: AtomicU64,
    slowest: Mutex<(Duration, String)>,
}

/// Servers tell at this level what they run again.
fn talkative(mut options: ServerOptions) -> ServerOptions {
    options.environment.push(("ENMUSUBI_LOG".to_owned(), "warn,store_postgres=debug".to_owned()));
    options
}

impl Stage {
    pub(crate) async fn of_one(options: ServerOptions) -> Self {
        let options = talkative(options);
        let world = World::start_on(BINARY, options).await.unwrap();
        let group = async |name: &str, channel: &str| {
            let body = json!({"name": name, "channel": channel});
            let answer = world.caller.post("/subscription/groups", &body).await.unwrap();
            answer.json["subscription_group_id"].as_str().unwrap().to_owned()
        };
        Self {
            news: group("News", "email").await,
            texts: group("Texts", "sms").await,
            callers: vec![world.caller.clone()],
            webhooks: vec![world.webhook.clone()],
            second: None,
            world,
            requests: AtomicU64::new(0),
            slowest: Mutex::default(),
        }
    }

    pub(crate) async fn of_two(options: ServerOptions) -> Self {
        let mut stage = Self::of_one(options.clone()).await;
        let options = ServerOptions { line_api_base: Some(stage.world.line_base()), ..talkative(options) };
        let second = Server::start(BINARY, options).await.unwrap();
        stage.callers.push(second.caller());
        let webhook = Webhook { caller: second.caller_with(None), ..stage.world.webhook.clone() };
        stage.webhooks.push(webhook);
        stage.second = Some(second);
        stage
    }

    /// A caller of one of the servers.
    pub(crate) fn caller(&self, server: usize) -> &Caller {
        &self.callers[server % self.callers.len()]
    }

    /// Waits for an answer, which must not be one of a server that failed.
    async fn answered<E>(&self, what: &str, request: impl Future<Output = Result<Answer, E>>) -> Answer
    where
        E: Debug,
    {
        let began = Instant::now();
        let answer = request.await.unwrap();
        self.requests.fetch_add(1, Ordering::Relaxed);
        let took = began.elapsed();
        let mut slowest = self.slowest.lock().unwrap();
        if slowest.0 < took {
            *slowest = (took, what.to_owned());
        }
        drop(slowest);
        assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text);
        answer
    }

    /// POSTs; any answer but a 5xx.
    pub(crate) async fn tried(&self, server: usize, path: &str, body: &Value) -> Answer {
        self.answered(path, self.caller(server).post(path, body)).await
    }

    /// POSTs and expects success.
    pub(crate) async fn post(&self, server: usize, path: &str, body: &Value) -> Answer {
        let answer = self.tried(server, path, body).await;
        assert!((200..300).contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.text);
        answer
    }

    /// POSTs with an `Idempotency-Key` and expects success.
    pub(crate) async fn keyed(&self, server: usize, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let request = self.caller(server).send(path, &headers, body.to_string().into_bytes());
        let answer = self.answered(path, request).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text);
        answer
    }

    /// Tracks, and expects that nothing of it is wrong.
    pub(crate) async fn track(&self, server: usize, body: &Value) {
        let answer = self.post(server, "/users/track", body).await;
        assert!(answer.json.get("errors").is_none(), "{body}: {}", answer.text);
    }

    /// Any answer but a 5xx.
    pub(crate) async fn looked(&self, server: usize, path: &str) -> Answer {
        self.answered(path, self.caller(server).get(path)).await
    }

    /// GETs and expects success.
    pub(crate) async fn get(&self, server: usize, path: &str) -> Answer {
        let answer = self.looked(server, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer
    }

    /// Users as an export finds them.
    pub(crate) async fn export(&self, server: usize, by: &Value) -> Vec<Value> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.caller(server).export(by.clone()).await.unwrap()
    }

    /// Delivers LINE events and expects them to be taken.
    pub(crate) async fn deliver(&self, server: usize, events: &[Value]) {
        let webhook = &self.webhooks[server % self.webhooks.len()];
        let answer = self.answered("webhook", webhook.send(events)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Profiles that hold a LINE ID, as soon as there are any: an event may be applied after its answer.
    pub(crate) async fn follower(&self, server: usize, line_id: &str) -> Vec<Value> {
        let path = format!("/line/users/{line_id}");
        testkit::eventually("the follower is there", 60, async || {
            let answer = self.looked(server, &path).await;
            answer.json["profiles"].as_array().filter(|profiles| !profiles.is_empty()).cloned()
        })
        .await
        .unwrap()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How long the slowest answer took, and to what.
    pub(crate) fn slowest(&self) -> (Duration, String) {
        self.slowest.lock().unwrap().clone()
    }

    /// What a metric says on each server, by the labels of its lines.
    pub(crate) async fn metric(&self, name: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for caller in &self.callers {
            let text = caller.get("/metrics").await.unwrap().text;
            let found = text.lines().filter(|line| !line.starts_with('#') && line.contains(name));
            lines.extend(found.map(str::to_owned));
        }
        lines
    }

    /// What was run again, and how often.
    pub(crate) async fn retries(&self) -> Vec<String> {
        let lines = self.metric("store_retries").await;
        lines.into_iter().filter(|line| !line.ends_with(" 0")).collect()
    }

    /// How often the unluckiest unit of work lost against others, and its name.
    pub(crate) fn unluckiest(&self) -> (u64, String) {
        let logs = [Some(&self.world.server), self.second.as_ref()].map(|server| server.map(Server::log));
        let lines = logs.iter().flatten().flat_map(|log| log.lines());
        let told = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let again = told.filter_map(|line| Some((line["conflicts"].as_u64()?, line["unit"].to_string())));
        again.max().unwrap_or_default()
    }

    /// Runs a command on the database.
    pub(crate) async fn command(&self, arguments: &[&str]) -> (i32, String) {
        let (code, told, _) = self.world.server.command(arguments).await.unwrap();
        (code, told)
    }

    /// Stops the servers, which must end as asked to.
    pub(crate) async fn end(mut self) {
        self.world.server.terminate().await.unwrap();
        if let Some(mut second) = self.second.take() {
            second.terminate().await.unwrap();
        }
    }
}
