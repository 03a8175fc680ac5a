use std::collections::BTreeSet;

use axum::http::Method;

use super::*;
use crate::answer::Code;
use crate::route::Payload;

fn document() -> Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}

/// Both directions: what the router serves is in the document, and nothing else is.
#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document();
    let written: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (path.clone(), method.to_ascii_uppercase()))
        })
        .collect();
    let served: BTreeSet<_> =
        table().iter().map(|route| (route.path.to_owned(), route.method.to_string())).collect();
    assert_eq!(written, served);
    assert_eq!(served.len(), table().len());
}

#[test]
fn readers_meet_the_routes_in_the_order_of_the_table() {
    let mut seen = BTreeSet::new();
    let routes = table();
    let first = routes.iter().filter(|route| seen.insert(route.path));
    let places = first.map(|route| DOCUMENT.find(&format!("\"{}\":{{", route.path)).unwrap());
    assert!(places.collect::<Vec<_>>().is_sorted());
}

/// Each route says what it is for, what it takes and gives, and shows it.
#[test]
fn every_route_is_described_and_has_an_example() {
    for route in table() {
        let docs = &route.docs;
        let name = format!("{} {}", route.method, route.path);
        assert!(!docs.summary.is_empty() && !docs.answers.is_empty(), "{name}");
        assert_eq!(docs.takes.is_some(), route.payload != Payload::None, "{name}");
        let text_only = docs
            .answers
            .iter()
            .all(|reply| matches!(reply.media, "text/html" | "application/openmetrics-text"));
        assert!(!docs.examples.is_empty() || text_only || route.path == "/openapi.json", "{name}");
        for example in &docs.examples {
            let unique = docs.examples.iter().filter(|other| other.name == example.name).count();
            assert_eq!(unique, 1, "{name}");
            for parameter in route.path.split(['{', '}']).skip(1).step_by(2) {
                assert!(
                    example.parameters.iter().any(|(known, _)| *known == parameter),
                    "{name}: {parameter}"
                );
            }
        }
        assert!(route.method != Method::GET || docs.takes.is_none(), "{name}");
    }
}

/// Every `$ref` leads somewhere, and every shared schema is used.
#[test]
fn references_lead_to_what_is_there() {
    let document = document();
    let mut used = BTreeSet::new();
    for rest in DOCUMENT.split("\"$ref\":\"#").skip(1) {
        let pointer = rest.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        used.insert(pointer.to_owned());
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(used.contains(&format!("/components/schemas/{name}")), "{name}");
    }
}

/// A code that no route names is none that a caller can meet: the two lists are one.
#[test]
fn every_code_stands_at_a_route() {
    // Answered before any route is known.
    let before = ["method_not_allowed"];
    for code in Code::ALL.iter().map(|code| code.as_str()) {
        assert!(before.contains(&code) || DOCUMENT.contains(&format!("`{code}`")), "{code}");
    }
}
