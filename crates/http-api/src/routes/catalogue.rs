//! Names in use.

use serde_json::{Value, json};

use crate::answer::Code;
use crate::catalogue;
use crate::openapi::schemas::{flag, list, number, object, or_null, success, text};
use crate::route::{Example, Parameter, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![attributes(), events(), event_names(), products()]
}

fn cursor() -> Parameter {
    let about = "Of a `Link` header: the next page, 50 names each.";
    Parameter { name: "cursor", about, required: false, schema: text() }
}

fn page() -> Parameter {
    let about = "From 0, 250 names each.";
    Parameter {
        name: "page",
        about,
        required: false,
        schema: json!({"type": "integer", "minimum": 0, "maximum": 1_000_000}),
    }
}

fn attributes() -> Route {
    let named = object([
        ("name", text()),
        ("data_type", or_null(text())),
        ("array_length", or_null(number())),
        ("description", text()),
        ("status", text()),
        ("tag_names", list(text())),
    ]);
    Route::get("/custom_attributes", catalogue::attributes)
        .key("custom_attributes.get")
        .says("Custom attributes", "In alphabetical order; the next page is in the `Link` header.")
        .asks([cursor()])
        .may_be_stale()
        .answers(200, "A page.", success([("attributes", list(named))]))
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new(
            "all",
            200,
            json!({"message": "success", "attributes": [{
                "name": "city", "data_type": "String", "array_length": null, "description": "", "status": "Active", "tag_names": [],
            }]}),
        ))
}

fn events() -> Route {
    let named = object([
        ("name", text()),
        ("description", text()),
        ("included_in_analytics_report", flag()),
        ("status", text()),
        ("tag_names", list(text())),
    ]);
    Route::get("/events", catalogue::events)
        .key("events.get")
        .says("Custom events", "In alphabetical order; the next page is in the `Link` header.")
        .asks([cursor()])
        .may_be_stale()
        .answers(200, "A page.", success([("events", list(named))]))
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new(
            "all",
            200,
            json!({"message": "success", "events": [{
                "name": "signed_up", "description": "", "included_in_analytics_report": false, "status": "Active",
                "tag_names": [],
            }]}),
        ))
}

/// A call that answers names alone.
fn names(route: Route, array: &'static str, sample: &'static str) -> Route {
    let answer: Value = json!({"message": "success", array: [sample]});
    route
        .asks([page()])
        .may_be_stale()
        .answers(200, "A page.", success([(array, list(text()))]))
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new("the first page", 200, answer))
}

fn event_names() -> Route {
    let route = Route::get("/events/list", catalogue::event_names).key("events.list");
    names(route.says("Names of custom events", ""), "events", "signed_up")
}

fn products() -> Route {
    let route = Route::get("/purchases/product_list", catalogue::products).key("purchases.product_list");
    names(route.says("Ids of products", ""), "products", "tea-1")
}
