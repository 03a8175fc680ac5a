//! Subscription groups and states.

use serde_json::{Value, json};

use super::paging;
use super::samples::GROUP;
use crate::answer::Code;
use crate::openapi::schemas::{number, subscription as schemas, text};
use crate::route::{Example, Parameter, Route};
use crate::subscription::{groups, read, set};

pub(super) fn routes() -> Vec<Route> {
    vec![created(), listed(), changed(), set_first(), set_second(), status(), users()]
}

fn created() -> Route {
    Route::post("/subscription/groups", groups::create)
        .key("subscription.groups")
        .json()
        .says("Make a subscription group", "LINE groups come with their channel.")
        .takes(schemas::new_group())
        .answers(201, "Made.", schemas::made())
        .refuses(400, &[Code::FieldInvalid])
        .refuses(409, &[Code::GroupNameTaken, Code::GroupLimitReached])
        .example(
            Example::new("for mail", 201, json!({"message": "success", "subscription_group_id": GROUP}))
                .body(json!({"name": "News", "channel": "email"})),
        )
}

fn group(archived: bool) -> Value {
    json!({
        "subscription_group_id": GROUP, "name": "News", "channel": "email", "archived": archived,
        "created_at": "2026-01-15T01:02:03.456Z",
    })
}

fn listed() -> Route {
    Route::get("/subscription/groups", groups::list)
        .key("subscription.groups")
        .says("All subscription groups", "Archived ones and those of LINE channels, too, by name.")
        .asks(paging())
        .answers(200, "A page of them.", schemas::groups())
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new(
            "all",
            200,
            json!({"message": "success", "subscription_groups": [group(false)], "next_cursor": null}),
        ))
}

fn changed() -> Route {
    let mut answer = group(false);
    answer["message"] = "success".into();
    Route::patch("/subscription/groups/{id}", groups::change)
        .key("subscription.groups")
        .json()
        .says("Rename or archive a subscription group", "")
        .takes(schemas::group_change())
        .answers(200, "As it is now.", schemas::changed())
        .refuses(400, &[Code::FieldInvalid])
        .refuses(404, &[Code::GroupUnknown])
        .refuses(409, &[Code::GroupNameTaken, Code::GroupOfLine, Code::GroupLimitReached])
        .example(Example::new("offer it", 200, answer).with("id", GROUP).body(json!({"archived": false})))
}

fn explain() -> Parameter {
    let about = "`true`: the answer says what was done for each group.";
    Parameter { name: "explain", about, required: false, schema: crate::openapi::schemas::flag() }
}

fn set_first() -> Route {
    Route::post("/subscription/status/set", set::first)
        .key("subscription.status.set")
        .json()
        .says(
            "Set the state of users in a group",
            "States belong to the address: everybody who shares it shares them. LINE groups are changed by LINE alone.",
        )
        .asks([explain()])
        .takes(schemas::set_request())
        .answers(201, "Set.", schemas::set())
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new("by external id", 201, json!({"message": "success"})).body(json!({
            "subscription_group_id": GROUP, "subscription_state": "subscribed", "external_id": ["hanako-2"],
        })))
        .example(
            Example::new("an unknown group", 400, json!({"message": "Invalid subscription group ID"})).body(json!({
                "subscription_group_id": "none", "subscription_state": "subscribed", "external_id": "hanako-2",
            })),
        )
}

fn set_second() -> Route {
    Route::post("/v2/subscription/status/set", set::second)
        .key("subscription.status.set")
        .json()
        .says("Set the states of users in several groups", "As the first version, for up to 50 groups.")
        .asks([explain()])
        .takes(schemas::set_v2_request())
        .answers(201, "Set.", schemas::set())
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new("by email", 201, json!({"message": "success"})).body(json!({
            "subscription_groups": [{
                "subscription_group_id": GROUP, "subscription_state": "unsubscribed", "emails": ["hanako@example.com"],
            }],
        })))
}

fn who() -> [Parameter; 3] {
    let named = |name, about| Parameter { name, about, required: false, schema: text() };
    [
        named("external_id", "Up to 50, as `external_id[]=a&external_id[]=b`; before the others."),
        named("email", "Up to 50."),
        named("phone", "Up to 50; not with `email`."),
    ]
}

fn status() -> Route {
    Route::get("/subscription/status/get", read::status)
        .key("subscription.status.get")
        .may_be_stale()
        .says("The states of users in a group", "")
        .asks([Parameter {
            name: "subscription_group_id",
            about: "The group.",
            required: true,
            schema: text(),
        }])
        .asks(who())
        .answers(200, "By identifier.", schemas::status())
        .refuses(400, &[Code::FieldInvalid, Code::IdentifierMissing])
        .example(
            Example::new(
                "one user",
                200,
                json!({"message": "success", "status": {"hanako-2": "Unsubscribed"}}),
            )
            .with("subscription_group_id", GROUP)
            .with("external_id", "hanako-2"),
        )
}

fn users() -> Route {
    let page = |name, about| Parameter { name, about, required: false, schema: number() };
    let groups = json!([{"id": GROUP, "name": "News", "channel": "email", "status": "Unsubscribed"}]);
    let user = json!({
        "email": "hanako@example.com", "phone": null, "external_id": "hanako-2", "subscription_groups": groups,
    });
    Route::get("/subscription/user/status", read::users)
        .key("subscription.groups.get")
        .may_be_stale()
        .says("The groups of users", "Only groups in which the user ever had a state.")
        .asks(who())
        .asks([page("limit", "At most 100 users, and so many if absent."), page("offset", "Users to skip.")])
        .answers(200, "By user.", schemas::user_groups())
        .refuses(400, &[Code::FieldInvalid, Code::IdentifierMissing])
        .example(
            Example::new(
                "one user",
                200,
                json!({"message": "success", "users": [user], "total_count": 1, "errors": []}),
            )
            .with("external_id", "hanako-2"),
        )
}
