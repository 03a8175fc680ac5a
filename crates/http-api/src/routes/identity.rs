//! Who is who: identify, merge, aliases, external ids, deletion, history.

use serde_json::{Value, json};

use super::samples::{MERGE, MERGED, SUPPRESSION, USER, USER_ID, uuid_of};
use super::{paging, wishes};
use crate::answer::Code;
use crate::identity::{calls, delete, external_ids, history, undo};
use crate::openapi::schemas::identity as schemas;
use crate::route::{Example, Payload, Route};
use crate::{body, everything, suppressions};

pub(super) fn routes() -> Vec<Route> {
    vec![
        identified(),
        merged(),
        new_alias(),
        updated_alias(),
        history(),
        everything(),
        undone(),
        renamed(),
        removed(),
        deleted(),
        suppressed(),
        lifted(),
    ]
}

/// What the identity calls have in common: the wishes, a dry run's 200, the refusals.
fn wishing(route: Route, answer: Value) -> Route {
    route
        .asks(wishes())
        .answers(200, "A dry run: what would happen; nothing is written.", answer)
        .refuses(400, &[Code::BodyInvalid, Code::FieldInvalid])
        .refuses(409, &[Code::PlanStale])
}

fn identified() -> Route {
    let route = Route::post("/users/identify", calls::identify)
        .key("users.identify")
        .json()
        .says(
            "Give anonymous users an external id",
            "An unknown external id is put on the anonymous user; a known one takes the anonymous user in: empty fields are \
             filled, events and purchases added. Several elements may stand in one request, 50 in all.",
        )
        .takes(schemas::identify_request())
        .answers(201, "Done.", schemas::identified());
    wishing(route, schemas::identified()).example(
        Example::new("by alias", 201, json!({"message": "success", "aliases_processed": 1})).body(json!({
            "aliases_to_identify": [{
                "external_id": "jiro", "user_alias": {"alias_label": "shop", "alias_name": "guest-17"},
            }],
        })),
    )
}

fn merged() -> Route {
    let outcome = json!({
        "input_array": "merge_updates", "index": 0, "result": "merged", "kept": uuid_of(USER),
        "removed": uuid_of(MERGED), "merge_id": MERGE, "dropped": [],
    });
    let updates = json!({"merge_updates": [{
        "identifier_to_merge": {"external_id": "saburo"}, "identifier_to_keep": {"external_id": "hanako"},
    }]});
    let route = Route::post("/users/merge", calls::merge)
        .key("users.merge")
        .json()
        .says(
            "Make two users one",
            "The kept one takes over what it lacks; the other goes, and its ids lead to the kept one. Can be undone.",
        )
        .takes(schemas::merge_request())
        .answers(202, "Done.", schemas::merged());
    wishing(route, schemas::merged())
        .example(
            Example::new("explained", 202, json!({"message": "success", "outcomes": [outcome]}))
                .with("explain", "true")
                .body(updates),
        )
        .example(
            Example::new("no array", 400, json!({"message": "'merge_updates' must be an array of objects"}))
                .body(json!({"merge_updates": "hanako"})),
        )
}

fn new_alias() -> Route {
    let route = Route::post("/users/alias/new", calls::new_alias)
        .key("users.alias.new")
        .json()
        .says(
            "Add aliases",
            "With a known external id the alias is added to that user; without one a user with nothing but the alias is \
             made. A pair of label and name belongs to one user: one that is taken changes nothing.",
        )
        .takes(schemas::new_aliases())
        .answers(201, "Done.", schemas::aliased());
    wishing(route, schemas::aliased()).example(
        Example::new("for a known user", 201, json!({"message": "success", "aliases_processed": 1})).body(
            json!({
                "user_aliases": [{"external_id": "hanako", "alias_label": "app", "alias_name": "h-1"}],
            }),
        ),
    )
}

fn updated_alias() -> Route {
    let route = Route::post("/users/alias/update", calls::update_alias)
        .key("users.alias.update")
        .json()
        .says("Give aliases another name", "An unknown alias, or a new name that is taken, changes nothing.")
        .takes(schemas::alias_updates())
        .answers(201, "Done.", schemas::aliased());
    wishing(route, schemas::aliased()).example(
        Example::new("another name", 201, json!({"message": "success", "aliases_processed": 1})).body(
            json!({
                "alias_updates": [{"alias_label": "app", "old_alias_name": "h-1", "new_alias_name": "h-2"}],
            }),
        ),
    )
}

fn history() -> Route {
    Route::get("/users/{braze_id}/history", history::history)
        .key("users.history.get")
        .may_be_stale()
        .says(
            "Why this is one person",
            "Creations, joins, partings and changes of identifiers, oldest first.",
        )
        .answers(200, "The history.", schemas::history())
        .refuses(404, &[Code::UserUnknown])
        .example(
            Example::new(
                "of a merged user",
                200,
                json!({"message": "success", "braze_id": USER_ID, "entries": []}),
            )
            .with("braze_id", USER_ID),
        )
}

fn everything() -> Route {
    Route::get("/users/{braze_id}/everything", everything::everything)
        .key("users.export.ids")
        .may_be_stale()
        .says(
            "All that is stored about one person",
            "From every table, one JSON object in a line, for a disclosure request. A body that breaks off is not all.",
        )
        .answers_in("application/x-ndjson", 200, "Lines of JSON.", crate::openapi::schemas::text())
        .refuses(404, &[Code::UserUnknown])
        .example(
            Example::new("of hanako", 200, json!("{\"kind\":\"profile\",\"braze_id\":\"018f0000-0000-7000-8000-000000000001\"}\n"))
                .with("braze_id", USER_ID),
        )
}

fn undone() -> Route {
    Route::post("/users/merges/{merge_id}/undo", undo::undo)
        .key("users.merges.undo")
        .reads(Payload::OptionalJson(body::JSON))
        .says("Undo a merge", "Both users come back, with what each has got since.")
        .takes(json!({"type": "object", "properties": {"allow_rejoin": {
            "type": "boolean", "description": "`true`: rules may join the two again.",
        }}}))
        .answers(200, "Both are back.", schemas::undone())
        .refuses(400, &[Code::BodyInvalid, Code::FieldInvalid])
        .refuses(404, &[Code::MergeUnknown])
        .refuses(
            409,
            &[
                Code::AlreadyUndone,
                Code::IdentifierTaken,
                Code::LaterMerge,
                Code::Erased,
                Code::UndoExpired,
                Code::Suppressed,
            ],
        )
        .example(
            Example::new(
                "without a body",
                200,
                json!({"message": "success", "merge_id": MERGE, "kept": uuid_of(USER), "restored": uuid_of(MERGED)}),
            )
            .with("merge_id", MERGE),
        )
}

fn renamed() -> Route {
    let answer = || schemas::renamed("external_ids", "rename_errors");
    let route = Route::post("/users/external_ids/rename", external_ids::rename)
        .key("users.external_ids.rename")
        .json()
        .says(
            "Give users another external id",
            "The former one is deprecated: it still leads to the user, until it is removed.",
        )
        .takes(schemas::renames())
        .answers(201, "Done.", answer());
    wishing(route, answer()).example(
        Example::new(
            "one is renamed",
            201,
            json!({
                "message": "success", "external_ids": ["hanako-2"],
                "rename_errors": [[1, "new_external_id is already in use"]],
            }),
        )
        .body(json!({"external_id_renames": [
            {"current_external_id": "hanako", "new_external_id": "hanako-2"},
            {"current_external_id": "taro", "new_external_id": "hanako-2"},
        ]})),
    )
}

fn removed() -> Route {
    let answer = || schemas::renamed("removed_ids", "removal_errors");
    let route = Route::post("/users/external_ids/remove", external_ids::remove)
        .key("users.external_ids.remove")
        .json()
        .says(
            "Remove deprecated external ids",
            "Only ids that a rename left behind, or those of merged users.",
        )
        .takes(schemas::removals())
        .answers(201, "Done.", answer());
    wishing(route, answer()).example(
        Example::new(
            "a former id",
            201,
            json!({"message": "success", "removed_ids": ["hanako"], "removal_errors": []}),
        )
        .body(json!({"external_ids": ["hanako"]})),
    )
}

fn deleted() -> Route {
    let route = Route::post("/users/delete", delete::delete)
        .key("users.delete")
        .json()
        .says(
            "Erase users",
            "For good. With `suppress` the erased identifiers are refused by every door from then on. 50 elements in all.",
        )
        .takes(schemas::delete_request())
        .answers(201, "Erased.", schemas::deleted());
    wishing(route, schemas::deleted()).example(
        Example::new("and keep out", 201, json!({"message": "success", "deleted": 1}))
            .body(json!({"external_ids": ["jiro"], "suppress": true})),
    )
}

fn suppressed() -> Route {
    let listed = json!({"id": SUPPRESSION, "erased_at": "2026-01-15T01:02:03.456Z", "kinds": ["external_id", "user_alias"]});
    Route::get("/suppressions", suppressions::list)
        .key("suppressions")
        .says("What erasure refuses", "Never the identifiers themselves: only keyed hashes of them are kept.")
        .asks(paging())
        .answers(200, "A page.", schemas::suppressions())
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new(
            "all",
            200,
            json!({"message": "success", "suppressions": [listed], "next_cursor": null}),
        ))
}

fn lifted() -> Route {
    Route::delete("/suppressions/{id}", suppressions::lift)
        .key("suppressions")
        .says("Let erased identifiers in again", "")
        .answers(200, "Lifted.", crate::openapi::schemas::success([("id", crate::openapi::schemas::text())]))
        .refuses(404, &[Code::SuppressionUnknown])
        .example(
            Example::new("one", 200, json!({"message": "success", "id": SUPPRESSION}))
                .with("id", SUPPRESSION),
        )
}
