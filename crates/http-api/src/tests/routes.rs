//! Every route of the table, through the checks of design section 6: each request here has the fault of its step and of
//! every later one.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use profile_model::{RateLimits, Settings};
use serde_json::json;

use super::{Answer, Api, KEY};
use crate::quota::Pool;
use crate::route::{Access, Payload, Route};
use crate::routes::table;

const TEXT: (HeaderName, &str) = (header::CONTENT_TYPE, "text/plain");

/// A path of this route; what it names does not exist.
fn path(route: &Route) -> String {
    route
        .path
        .replace("{review}", "release")
        .replace("{line_user_id}", &format!("U{:032x}", 9))
        .replace(['{', '}'], "")
}

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// Largest body in bytes, if the route reads one.
fn limit(route: &Route) -> Option<u64> {
    match route.payload {
        Payload::None => None,
        Payload::Json(limit) | Payload::OptionalJson(limit) | Payload::Webhook(limit) => Some(limit as u64),
        Payload::Csv(limit) => Some(limit),
    }
}

/// One byte too much: said, not sent.
fn too_long(route: &Route) -> (HeaderName, String) {
    // A form may have something around the file.
    let spare = if matches!(route.payload, Payload::Csv(_)) { 64 << 10 } else { 0 };
    (header::CONTENT_LENGTH, (limit(route).unwrap_or(10 << 20) + spare + 1).to_string())
}

async fn ask(api: &Api, route: &Route, key: Option<&str>, length: Option<(HeaderName, String)>) -> Answer {
    let path = path(route);
    let to = (route.method.clone(), path.as_str());
    match &length {
        Some((name, length)) => {
            api.send(to, key, [TEXT, (name.clone(), length.as_str())], Body::empty()).await
        }
        None => api.send(to, key, [TEXT], "no json").await,
    }
}

/// Steps 1: unknown URLs, also those with a slash at the end, and wrong methods, before any key is looked at.
#[tokio::test]
async fn urls_and_methods_come_first() {
    let api = Api::start().await;
    let routes = table();
    let paths: BTreeSet<_> = routes.iter().map(|route| route.path).collect();
    for known in paths {
        let served: Vec<_> = routes.iter().filter(|route| route.path == known).collect();
        let mut allowed: BTreeSet<String> = served.iter().map(|route| route.method.to_string()).collect();
        if allowed.contains("GET") {
            allowed.insert("HEAD".to_owned());
        }
        let url = path(served[0]);
        let unknown = if url == "/" { "//".to_owned() } else { format!("{url}/") };
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let method: Method = method.parse().unwrap();
            let long = (header::CONTENT_LENGTH, "999999999999");
            let answer =
                api.send((method.clone(), &unknown), None, [TEXT, long.clone()], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {unknown}");
            if method != Method::HEAD {
                assert_eq!(answer.code().1, "route_unknown", "{method} {unknown}");
            }
            if allowed.contains(method.as_str()) {
                continue;
            }
            let answer = api.send((method.clone(), &url), None, [TEXT, long], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {url}");
            let named = answer.headers[header::ALLOW].to_str().unwrap();
            let named: BTreeSet<String> = named.split(',').map(str::to_owned).collect();
            assert_eq!(named, allowed, "{method} {url}");
            if method != Method::HEAD {
                assert_eq!(answer.code().1, "method_not_allowed", "{method} {url}");
            }
        }
    }
}

/// Steps 2 and 3: CLI-3, GEN-3, section 0.3. A key that holds every permission but the one of the route is refused, and
/// one that holds only that is not: what the table says is what the handler asks for.
#[tokio::test]
async fn keys_addresses_and_permissions_come_next() {
    let api = Api::start().await;
    let all = crate::permissions();
    let make = async |permissions: Vec<String>, addresses: Vec<String>| {
        api.store.create_key("default", "k", permissions, addresses).await.unwrap().secret
    };
    for route in table() {
        let Access::Key(permission) = route.access else { continue };
        let name = name(&route);
        let others = all.iter().filter(|held| **held != permission).map(|held| (*held).to_owned());
        let others: Vec<String> = others.collect();
        let length = || Some(too_long(&route));
        for key in [None, Some("unknown")] {
            let answer = ask(&api, &route, key, length()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (401, json!({"message": "Invalid API key"})),
                "{name}"
            );
        }
        let elsewhere = make(others.clone(), vec!["198.51.100.0/24".to_owned()]).await;
        let answer = ask(&api, &route, Some(&elsewhere), length()).await;
        assert_eq!(answer.code(), (403, "address_not_allowed".to_owned()), "{name}");
        let lacking = make(others, vec!["192.0.2.0/24".to_owned()]).await;
        let answer = ask(&api, &route, Some(&lacking), length()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (403, json!({"message": "Access Denied"})),
            "{name}"
        );
        let only = make(vec![permission.to_owned()], Vec::new()).await;
        let answer = ask(&api, &route, Some(&only), length()).await;
        assert!(
            !matches!(answer.status.as_u16(), 401 | 403 | 404 | 405) || limit(&route).is_none(),
            "{name}"
        );
        assert!(!matches!(answer.status.as_u16(), 401 | 403 | 405), "{name}");
    }
}

/// Step 4: RL-1. A request over the limit is refused before anybody looks at its body.
#[tokio::test]
async fn rates_come_before_bodies() {
    let api = Api::start().await;
    let limited = Settings { rate_limits: RateLimits::Braze, ..Settings::default() };
    let workspace = api.store.set_settings("default", limited).await.unwrap().id;
    for route in table() {
        let Access::Key(_) = route.access else { continue };
        // Windows go on while this runs: used up again each time.
        while api.state.edge.quotas.take(RateLimits::Braze, workspace, Pool::of(route.path), None).is_ok() {}
        let answer = ask(&api, &route, Some(KEY), Some(too_long(&route))).await;
        let name = name(&route);
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (429, json!({"message": "Rate Limited"})),
            "{name}"
        );
        let header = |name: &str| answer.headers[name].to_str().unwrap().parse::<u64>().unwrap();
        let (limit, seconds) = Pool::of(route.path).limit();
        assert_eq!(
            (header("x-ratelimit-limit"), header("x-ratelimit-remaining")),
            (limit.into(), 0),
            "{name}"
        );
        assert!((1..=seconds + 1).contains(&header("retry-after")), "{name}");
        assert_eq!(header("retry-after"), header("x-ratelimit-retry-after"), "{name}");
    }
}

/// Steps 5 to 7: GEN-2, section 0.1. Size, said or not; content type; JSON.
#[tokio::test]
async fn size_then_content_type_then_json() {
    let api = Api::start().await;
    let syntax = json!({"message": "Error while parsing request body. Please check your syntax."});
    for route in table() {
        let (Some(limit), name) = (limit(&route), name(&route)) else { continue };
        let answer = ask(&api, &route, Some(KEY), Some(too_long(&route))).await;
        assert_eq!(answer.code(), (413, "body_too_large".to_owned()), "{name}");
        let path = path(&route);
        let to = (route.method.clone(), path.as_str());
        if !matches!(route.payload, Payload::Csv(_)) {
            let limit = usize::try_from(limit).unwrap();
            let chunked = |length| {
                Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(vec![b' '; length])]))
            };
            let brotli = (header::CONTENT_ENCODING, "br");
            let answer = api.send(to.clone(), Some(KEY), [TEXT, brotli.clone()], chunked(limit + 1)).await;
            assert_eq!(answer.code(), (413, "body_too_large".to_owned()), "{name}");
            let answer = api.send(to.clone(), Some(KEY), [TEXT], chunked(limit)).await;
            assert_ne!(answer.status, 413, "{name}");
            let answer = api.send(to.clone(), Some(KEY), [TEXT, brotli], "no json").await;
            assert_eq!(answer.code(), (415, "content_encoding_unsupported".to_owned()), "{name}");
            assert_eq!(answer.headers[header::ACCEPT_ENCODING], "gzip, zstd");
        }
        match route.payload {
            Payload::Webhook(_) | Payload::None => continue,
            Payload::Csv(_) | Payload::Json(_) | Payload::OptionalJson(_) => {}
        }
        let answer = ask(&api, &route, Some(KEY), None).await;
        assert_eq!(answer.code(), (415, "content_type_unsupported".to_owned()), "{name}");
        let answer = api.send(to.clone(), Some(KEY), [], "no json").await;
        assert_eq!(answer.code(), (415, "content_type_unsupported".to_owned()), "{name}");
        if matches!(route.payload, Payload::Json(_) | Payload::OptionalJson(_)) {
            let answer = api.send(to, Some(KEY), [super::JSON], "{\"a\":1,}").await;
            assert_eq!((answer.status.as_u16(), answer.json()), (400, syntax.clone()), "{name}");
        }
    }
}

/// Design section 6: an id and the limits on every answer of every route.
#[tokio::test]
async fn every_answer_of_every_route_has_its_id_and_the_limits() {
    let api = Api::start().await;
    let mut ids = BTreeSet::new();
    let routes = table();
    for route in &routes {
        for key in [None, Some(KEY)] {
            let answer = ask(&api, route, key, None).await;
            assert!(answer.status.as_u16() < 500, "{}", name(route));
            for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
                assert!(answer.headers[header].to_str().unwrap().parse::<u64>().is_ok(), "{}", name(route));
            }
            ids.insert(answer.headers["x-request-id"].to_str().unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), routes.len() * 2);
}

/// GET routes answer HEAD with the same head and no body.
#[tokio::test]
async fn head_is_get_without_a_body() {
    let api = Api::start().await;
    for route in table().iter().filter(|route| route.method == Method::GET) {
        let path = path(route);
        let get = api.send((Method::GET, &path), Some(KEY), [], Body::empty()).await;
        let head = api.send((Method::HEAD, &path), Some(KEY), [], Body::empty()).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.headers[header::CONTENT_TYPE], get.headers[header::CONTENT_TYPE], "{path}");
    }
}
