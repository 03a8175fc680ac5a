//! `/openapi.json` and `/docs` as a reader finds them: each documented example is sent to the running server, and each
//! answer is held against the documented schema.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use line_simulator::verbs::{ChannelMade, ChannelSpec, Tier};
use line_simulator::{Running, SimulatorClient, SimulatorOptions};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};
use testkit::{Caller, Server, ServerOptions};

/// A JSON object with its names in the order of the text.
struct Ordered<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[derive(serde::Deserialize)]
struct Document {
    paths: Ordered<Ordered<Value>>,
    components: Value,
}

/// Ids of the examples, and what stands for them on this server.
#[derive(Default)]
struct Real(BTreeMap<String, String>);

impl Real {
    fn text(&self, text: &str) -> String {
        self.0.get(text).cloned().unwrap_or_else(|| text.to_owned())
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(list) => list.iter().map(|element| self.value(element)).collect(),
            Value::Object(members) => Value::Object(
                members.iter().map(|(name, member)| (name.clone(), self.value(member))).collect(),
            ),
            other => other.clone(),
        }
    }

    /// Ids that the documented answer shows are those of the real one from here on. Else the two are alike: what the
    /// documented one has, the real one has; times, states and counters of jobs differ.
    fn learn(&mut self, place: &str, documented: &Value, real: &Value) {
        match (documented, real) {
            (Value::Object(documented), Value::Object(real)) => {
                for (name, value) in documented {
                    assert!(real.contains_key(name), "{place}: there is no '{name}'");
                    self.learn(&format!("{place}.{name}"), value, &real[name]);
                }
            }
            (Value::Array(documented), Value::Array(real)) => {
                assert!(real.len() >= documented.len(), "{place}: {real:?}");
                for (at, (documented, real)) in documented.iter().zip(real).enumerate() {
                    self.learn(&format!("{place}[{at}]"), documented, real);
                }
            }
            (Value::String(documented), Value::String(real)) if is_of_this_server(documented) => {
                let known = self.0.entry(documented.clone()).or_insert_with(|| real.clone());
                // A new time or a second sync is another one.
                known.clone_from(real);
            }
            (documented, real) => assert_eq!(&self.value(documented), real, "{place}"),
        }
    }
}

/// Ids, times and URLs.
fn is_of_this_server(text: &str) -> bool {
    text.starts_with("018f0000-")
        || text.starts_with("2026-")
        || text.starts_with("https://")
        || text.starts_with("U01234")
}

fn validator(components: &Value, schema: &Value) -> jsonschema::Validator {
    let mut root = schema.clone();
    root["components"] = components.clone();
    jsonschema::options().should_validate_formats(true).build(&root).unwrap()
}

struct Try<'a> {
    method: &'a str,
    path: &'a str,
    operation: &'a Value,
    components: &'a Value,
}

impl Try<'_> {
    /// Names of the examples in the order of the answers, with the status that each is to get.
    fn examples(&self) -> Vec<(String, u16)> {
        let answers = self.operation["responses"].as_object().unwrap().iter();
        let named = answers.flat_map(|(status, answer)| {
            let contents = answer["content"].as_object().unwrap().values();
            let examples = contents.flat_map(|content| content["examples"].as_object().into_iter().flatten());
            examples.map(|(name, _)| (name.clone(), status.parse().unwrap())).collect::<Vec<_>>()
        });
        named.collect()
    }

    async fn send(&self, caller: &Caller, real: &mut Real, name: &str, status: u16) {
        let place = format!("{} {} ({name})", self.method, self.path);
        let (mut path, mut query) = (self.path.to_owned(), Vec::new());
        for parameter in self.operation["parameters"].as_array().into_iter().flatten() {
            let Some(value) = parameter["examples"][name]["value"].as_str() else { continue };
            let (called, value) = (parameter["name"].as_str().unwrap(), real.text(value));
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{called}}}"), &value),
                _ => query.push(format!("{called}={value}")),
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let content = self.operation["requestBody"]["content"].as_object();
        let body = content.into_iter().flatten().find_map(|(media, content)| {
            let value = content["examples"][name].get("value")?;
            if status < 300 && !content["schema"].is_null() {
                let faults: Vec<_> = validator(self.components, &content["schema"])
                    .iter_errors(value)
                    .map(|error| error.to_string())
                    .collect();
                assert!(faults.is_empty(), "{place}: the example is not of its schema: {faults:?}");
            }
            let text = match value {
                Value::String(csv) => csv.clone(),
                json => real.value(json).to_string(),
            };
            Some((media.clone(), text))
        });
        let headers = body.iter().map(|(media, _)| ("content-type", media.as_str())).collect::<Vec<_>>();
        let bytes = body.as_ref().map(|(_, text)| text.clone().into_bytes()).unwrap_or_default();
        let answer = match self.method {
            "get" => caller.get(&path).await,
            "delete" => caller.delete(&path).await,
            "patch" => caller.patch(&path, &serde_json::from_slice(&bytes).unwrap()).await,
            _ => caller.send(&path, &headers, bytes).await,
        };
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{place}: {}", answer.text);
        let documented = &self.operation["responses"][status.to_string()]["content"];
        let (media, content) = documented.as_object().unwrap().iter().next().unwrap();
        assert!(answer.header("content-type").unwrap().starts_with(media.as_str()), "{place}");
        let got = if media == "application/json" { answer.json } else { Value::from(answer.text) };
        let sample = &content["examples"][name]["value"];
        for (which, value) in [("documented", sample), ("real", &got)] {
            // The documented one may leave out what would only lengthen it.
            if which == "documented" && media == "application/json" {
                continue;
            }
            let faults: Vec<_> = validator(self.components, &content["schema"])
                .iter_errors(value)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(
                faults.is_empty(),
                "{place}: the {which} answer is not of its schema: {faults:?} {value}"
            );
        }
        // Lines about a person are not told beforehand.
        if media == "application/x-ndjson" {
            assert!(
                got.as_str()
                    .unwrap()
                    .lines()
                    .all(|line| serde_json::from_str::<Value>(line).unwrap().is_object())
            );
            return;
        }
        real.learn(&place, sample, &got);
    }
}

/// Issue of the API's description: each example of each route, in the order of the document, on one server with LINE.
#[tokio::test]
async fn documented_examples_are_true() {
    let (_line, server, channel) = line_world().await;
    let caller = &server.caller();
    let answer = caller.get("/openapi.json").await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document: Document = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(answer.json["openapi"], "3.1.0");
    let mut real = Real::default();
    for (documented, here) in [
        ("1234567890", &channel.channel_id),
        ("1000000001", &channel.provider_id),
        ("CHANNEL-SECRET", &channel.channel_secret),
        ("CHANNEL-ACCESS-TOKEN", &channel.channel_access_token),
    ] {
        real.0.insert(documented.to_owned(), here.clone());
    }
    let mut tried = Vec::new();
    for (path, Ordered(item)) in &document.paths.0 {
        for (method, operation) in item {
            tried.push(Try { method, path, operation, components: &document.components });
        }
    }
    // What is deleted is deleted in the end.
    tried.sort_by_key(|tried| tried.method == "delete");
    let mut sent = 0;
    for tried in &tried {
        for (name, status) in tried.examples() {
            tried.send(caller, &mut real, &name, status).await;
            sent += 1;
        }
    }
    assert!(sent > 40, "{sent}");
}

/// A server beside LINE, and a channel that waits to be connected.
async fn line_world() -> (Running, Server, ChannelMade) {
    let line = line_simulator::serve(SimulatorOptions::default()).await.unwrap();
    let options = ServerOptions { line_api_base: Some(line.base_url()), ..ServerOptions::default() };
    let server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), options).await.unwrap();
    let verified = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
    let channel = SimulatorClient::new(&line.base_url()).unwrap().create_channel(verified).await.unwrap();
    (line, server, channel)
}

/// The page is there without a key, and loads nothing from elsewhere.
#[tokio::test]
async fn the_page_of_the_api_is_served() {
    let (server, _) = super::server().await;
    let stranger = server.caller_with(None);
    let page = stranger.get("/docs").await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(
        page.text.contains("/users/track") && page.text.contains("curl &quot;$ENMUSUBI/users/track&quot;")
    );
    let document = stranger.get("/openapi.json").await.unwrap();
    for path in document.json["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(path.as_str()), "{path}");
    }
    assert_eq!(stranger.get("/").await.unwrap().status, 200);
    assert_eq!(stranger.post("/users/track", &json!({})).await.unwrap().status, 401);
}
