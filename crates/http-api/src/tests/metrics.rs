//! `/metrics`: what is told, to whom, and never about whom.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::json;

use super::{Api, JSON, KEY};

/// The operators' page.
const PAGE: &str = include_str!("../../../../docs/operations.md");

async fn scrape(api: &Api) -> String {
    let answer = api.send((Method::GET, "/metrics"), None, [], Body::empty()).await;
    assert_eq!(answer.status, 200);
    let media = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(media.starts_with("application/openmetrics-text; version=1.0.0"), "{media}");
    assert!(answer.text.ends_with("# EOF\n"));
    answer.text
}

async fn track(api: &Api, external_id: &str) {
    let body = json!({"attributes": [{"external_id": external_id}]}).to_string();
    let answer = api.send((Method::POST, "/users/track"), Some(KEY), [JSON], body).await;
    assert_eq!(answer.status, 201);
}

/// Names as a query writes them: counters with what OpenMetrics puts behind them.
fn told(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| match line.split_once(' ') {
            Some((name, "counter")) => format!("{name}_total"),
            Some((name, _)) => name.to_owned(),
            None => line.to_owned(),
        })
        .collect()
}

/// Rows of the table: `| `enmusubi_..` | labels | what |`.
fn documented() -> BTreeSet<String> {
    let (_, table) = PAGE.split_once("## Metrics").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name.to_owned()).collect()
}

/// Every metric is in docs/operations.md with its labels, and every one there is told.
#[tokio::test]
async fn what_is_told_is_what_is_documented() {
    let api = Api::start().await;
    track(&api, "a").await;
    let text = scrape(&api).await;
    assert_eq!(told(&text), documented());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let name =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let row = PAGE.lines().find(|row| row.starts_with(&format!("| `{name}`"))).unwrap();
        for label in labels.split_once('}').map_or("", |(labels, _)| labels).split("\",") {
            let label = label.split_once('=').map_or("", |(label, _)| label);
            assert!(label.is_empty() || label == "le" || row.contains(&format!("`{label}`")), "{line}");
        }
    }
}

/// Requests are counted by template, and nothing of a path, a query or a body is in what is told.
#[tokio::test]
async fn requests_are_counted_and_nobody_is_named() {
    let api = Api::start().await;
    for _ in 0..3 {
        track(&api, "somebody-secret").await;
    }
    let path = format!("/line/users/U{:032x}?who=me-secret", 9);
    api.send((Method::GET, &path), Some(KEY), [], Body::empty()).await;
    api.send((Method::GET, "/nowhere-secret"), None, [], Body::empty()).await;
    let odd: Method = "SECRET".parse().unwrap();
    api.send((odd, "/users/track"), None, [], Body::empty()).await;
    let text = scrape(&api).await;
    for line in [
        r#"enmusubi_http_requests_total{method="POST",route="/users/track",status="201"} 3"#,
        r#"enmusubi_http_requests_total{method="GET",route="/line/users/{line_user_id}",status="404"} 1"#,
        r#"enmusubi_http_request_duration_seconds_count{method="POST",route="/users/track"} 3"#,
        r#"enmusubi_http_requests_total{method="other",route="/users/track",status="405"} 1"#,
        "enmusubi_store_up 1",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let lower = text.to_lowercase();
    assert!(!lower.contains("secret") && !lower.contains("u00000"), "{text}");
}
