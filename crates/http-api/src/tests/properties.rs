//! Whatever is sent to whichever route: an answer of the contract, and no change where it says that there is none.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{StatusCode, header};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::{Answer, Api, JSON, KEY};
use crate::route::{Payload, Route};
use crate::routes::table;

mod values;

use values::{Change, change, raw, value, word};

/// One request: a route's example, changed or replaced.
#[derive(Clone, Debug)]
struct Shot {
    route: Index,
    example: Index,
    body: Sent,
    /// Replaces the parameters of the path.
    segment: Option<String>,
    /// Behind the example's query.
    query: Option<(String, String)>,
}

#[derive(Clone, Debug)]
enum Sent {
    /// As in the example.
    Valid,
    /// The example with changes at some places.
    Nearly(Vec<(Index, Change)>),
    /// Any JSON.
    Wild(Value),
    /// Any bytes.
    Raw(Vec<u8>),
}

fn shot() -> impl Strategy<Value = Shot> {
    let body = prop_oneof![
        3 => Just(Sent::Valid),
        6 => prop::collection::vec((any::<Index>(), change()), 1..4).prop_map(Sent::Nearly),
        2 => value().prop_map(Sent::Wild),
        1 => raw().prop_map(Sent::Raw),
    ];
    let segment = prop::option::weighted(0.3, word());
    let query = prop::option::weighted(0.3, (query_name(), word()));
    (any::<Index>(), any::<Index>(), body, segment, query)
        .prop_map(|(route, example, body, segment, query)| Shot { route, example, body, segment, query })
}

/// Names of queries that some route reads.
const QUERIES: &[&str] = &[
    "limit",
    "cursor",
    "explain",
    "dry_run",
    "plan",
    "external_id[]",
    "email",
    "phone",
    "offset",
    "by",
    "keep",
    "subscription_group_id",
    "name",
    "merge_identified",
];

fn query_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(QUERIES).prop_map(str::to_owned), 1 => word()]
}

/// Routes that are tried: not those that only show pages.
static ROUTES: LazyLock<Vec<Route>> =
    LazyLock::new(|| table().into_iter().filter(|route| !route.docs.examples.is_empty()).collect());

/// Everything unreserved as it is, the rest by its bytes.
fn encode(text: &str) -> String {
    let write = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(write).collect()
}

impl Shot {
    fn route(&self) -> &'static Route {
        let routes: &'static Vec<Route> = &ROUTES;
        self.route.get(routes)
    }

    fn bytes(&self) -> Vec<u8> {
        let route = self.route();
        let sample = self.example.get(&route.docs.examples).body.clone();
        let write = |value: Value| match value {
            Value::String(csv) if matches!(route.payload, Payload::Csv(_)) => csv.into_bytes(),
            json => json.to_string().into_bytes(),
        };
        match &self.body {
            Sent::Valid => sample.map(write).unwrap_or_default(),
            Sent::Nearly(changes) => {
                let mut body = sample.unwrap_or(Value::Null);
                for (place, change) in changes {
                    change.make(&mut body, *place);
                }
                write(body)
            }
            Sent::Wild(value) => value.to_string().into_bytes(),
            Sent::Raw(bytes) => bytes.clone(),
        }
    }

    fn path(&self) -> String {
        let (route, mut query) = (self.route(), Vec::new());
        let mut path = route.path.to_owned();
        for (name, sample) in &self.example.get(&route.docs.examples).parameters {
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &encode(self.segment.as_deref().unwrap_or(sample)));
            } else {
                query.push(format!("{}={}", encode(name), encode(sample)));
            }
        }
        query.extend(self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))));
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    async fn fire(&self, api: &Api) -> Answer {
        let (route, path) = (self.route(), self.path());
        let csv = (header::CONTENT_TYPE, "text/csv");
        let kind = if let Payload::Csv(_) = route.payload { csv } else { JSON };
        api.send((route.method.clone(), path.as_str()), Some(KEY), [kind], Body::from(self.bytes())).await
    }
}

/// Everything that a request may change: profiles with all that hangs on them, groups, settings, channels.
async fn everything(api: &Api) -> (Value, String) {
    let config = api.store.backend().load_config().await.unwrap();
    let workspace = *config.workspaces.keys().next().unwrap();
    let state = profile_store::conformance::exported_state(&api.store, workspace).await.unwrap();
    (state, format!("{:?} {:?} {:?}", config.groups, config.channels, config.workspaces))
}

/// Events by the summaries of all profiles (`EVT-8`: each counts).
fn events(state: &Value) -> u64 {
    let summaries =
        state["profiles"].as_array().unwrap().iter().flat_map(|row| row["summaries"].as_array().unwrap());
    summaries.filter(|summary| summary[0] == 1).map(|summary| summary[2].as_u64().unwrap()).sum()
}

fn profiles(state: &Value) -> u64 {
    state["profiles"].as_array().unwrap().len() as u64
}

/// What holds for every answer.
fn check_answer(shot: &Shot, answer: &Answer) -> Result<(), TestCaseError> {
    let status = answer.status;
    // Nobody answers at LINE's address here.
    let of_line = status == StatusCode::BAD_GATEWAY && shot.path().starts_with("/line/channels");
    prop_assert!(status.as_u16() < 500 || of_line, "{status} {}", answer.text);
    prop_assert!(
        answer.headers.contains_key("x-request-id") && answer.headers.contains_key("x-ratelimit-limit")
    );
    if answer.headers[header::CONTENT_TYPE] == "application/json" {
        let body: Value = serde_json::from_str(&answer.text).unwrap();
        prop_assert!(body["message"].is_string(), "{}", answer.text);
        prop_assert_eq!(status.is_success(), body["message"] == "success", "{}", answer.text);
    } else {
        prop_assert_eq!(status, StatusCode::OK);
    }
    Ok(())
}

/// What a good answer says that it did is what was done.
fn check_counts(shot: &Shot, answer: &Answer, before: &Value, after: &Value) -> Result<(), TestCaseError> {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    match shot.route().path {
        "/users/track" | "/users/track/bulk" => {
            let sent: Value = serde_json::from_slice(&shot.bytes()).unwrap();
            let applied = events(after) - events(before);
            let counted = body["events_processed"].as_u64().unwrap_or_default();
            prop_assert!(applied <= counted, "{applied} of {counted}");
            let elements = |name: &str| sent[name].as_array().cloned().unwrap_or_default();
            // Only what names nobody and makes nobody is counted and not applied (ID-11).
            let makes = |event: &Value| {
                event["external_id"].is_string() && event["_update_existing_only"] != json!(true)
            };
            if elements("events").iter().all(makes) {
                prop_assert_eq!(applied, counted);
            }
            for (array, counter) in [
                ("attributes", "attributes_processed"),
                ("events", "events_processed"),
                ("purchases", "purchases_processed"),
            ] {
                let sent = elements(array).len() as u64;
                let named = body["errors"].as_array().into_iter().flatten();
                let named = named.filter(|error| error["input_array"] == array).count() as u64;
                let counted = body[counter].as_u64().unwrap_or_default();
                prop_assert!(counted <= sent && counted + named >= sent, "{}", answer.text);
            }
        }
        "/users/delete" => {
            let gone = profiles(before).saturating_sub(profiles(after));
            let counted = body["deleted"].as_u64().unwrap_or_default();
            prop_assert!(
                gone <= counted && (counted == 0 || gone > 0 || answer.status == 200),
                "{}",
                answer.text
            );
        }
        _ => {}
    }
    Ok(())
}

fn run(test: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A user for most requests to meet.
async fn seeded() -> Api {
    let api = Api::without_line().await;
    let track = &ROUTES[0];
    let body = track.docs.examples[0].body.as_ref().unwrap().to_string();
    let seeded = api.send((track.method.clone(), track.path), Some(KEY), [JSON], body).await;
    assert_eq!(seeded.status, 201);
    api
}

/// What the random requests are made from does something: else their properties would hold of refusals alone.
#[tokio::test]
async fn most_examples_are_accepted_as_they_are() {
    let api = seeded().await;
    let (mut accepted, mut all) = (0, 0);
    for route in ROUTES.iter() {
        for example in &route.docs.examples {
            let path = example.parameters.iter().fold(route.path.to_owned(), |path, (name, value)| {
                let place = format!("{{{name}}}");
                let gap = if path.contains('?') { '&' } else { '?' };
                if path.contains(&place) {
                    path.replace(&place, value)
                } else {
                    format!("{path}{gap}{name}={value}")
                }
            });
            let csv = (header::CONTENT_TYPE, "text/csv");
            let kind = if let Payload::Csv(_) = route.payload { csv } else { JSON };
            let body = match &example.body {
                Some(Value::String(csv)) => csv.clone(),
                Some(json) => json.to_string(),
                None => String::new(),
            };
            let answer = api.send((route.method.clone(), path.as_str()), Some(KEY), [kind], body).await;
            accepted += usize::from(answer.status.is_success());
            all += 1;
        }
    }
    assert!(accepted * 2 > all, "{accepted} of {all}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// GEN-7, CLI-2, CLI-4: never a 5xx, never a change behind a refusal, never a wrong count.
    #[test]
    fn any_request_to_any_route_is_answered_and_a_refused_one_changes_nothing(shots in prop::collection::vec(shot(), 1..12)) {
        run(async {
            let api = seeded().await;
            let mut before = everything(&api).await;
            for shot in &shots {
                let answer = shot.fire(&api).await;
                check_answer(shot, &answer)?;
                let after = everything(&api).await;
                if answer.status.is_success() {
                    check_counts(shot, &answer, &before.0, &after.0)?;
                } else {
                    prop_assert_eq!(&before, &after, "{} changed something: {}", shot.path(), answer.text);
                }
                before = after;
            }
            Ok(())
        })?;
    }

    /// TRK-3, TRK-4, TRK-7, CLI-4: the counters are those of the objects sent one by one, and the same events come of it.
    #[test]
    fn a_batch_counts_as_its_objects_one_by_one(changes in prop::collection::vec((any::<Index>(), change()), 0..6)) {
        run(async {
            let (whole, single) = (seeded().await, seeded().await);
            let mut body = ROUTES[0].docs.examples[0].body.clone().unwrap();
            for name in ["attributes", "events", "purchases"] {
                let more = body[name][0].clone();
                body[name].as_array_mut().unwrap().push(more);
            }
            for (place, change) in &changes {
                change.make(&mut body, *place);
            }
            let to = (ROUTES[0].method.clone(), ROUTES[0].path);
            let answer = whole.send(to.clone(), Some(KEY), [JSON], body.to_string()).await;
            let lists = ["attributes", "events", "purchases"].map(|name| (name, body.get(name).cloned()));
            if lists.iter().any(|(_, list)| list.as_ref().is_some_and(|list| !list.is_array() && !list.is_null())) {
                prop_assert_eq!(answer.status.as_u16(), 400);
                return Ok(());
            }
            let mut taken = 0;
            for (name, list) in lists {
                let mut counted = 0;
                for object in list.iter().flat_map(|list| list.as_array().into_iter().flatten()) {
                    let one: Map<String, Value> = [(name.to_owned(), json!([object]))].into_iter().collect();
                    let answer = single.send(to.clone(), Some(KEY), [JSON], Value::from(one).to_string()).await;
                    counted += u64::from(answer.status == 201);
                }
                taken += counted;
                let told = answer.json()[format!("{name}_processed")].as_u64();
                prop_assert!(told.is_none_or(|told| told == counted), "{} {}", counted, answer.text);
            }
            prop_assert_eq!(answer.status == 201, taken > 0, "{}", answer.text);
            prop_assert_eq!(events(&everything(&whole).await.0), events(&everything(&single).await.0));
            Ok(())
        })?;
    }
}
