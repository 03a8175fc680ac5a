//! Duplicates.

use serde_json::json;

use super::paging;
use super::samples::{JOB, PARKED};
use crate::answer::Code;
use crate::duplicates::{list, merge, parked};
use crate::openapi::schemas::{flag, identity as schemas, shared, success, text, uuid, word};
use crate::route::{Example, Parameter, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![listed(), merged(), job(), left(), reviewed()]
}

fn rule() -> [Parameter; 4] {
    let optional = |name, about, schema| Parameter { name, about, required: false, schema };
    [
        Parameter {
            name: "by",
            about: "The value that is shared.",
            required: true,
            schema: word(&["native_line_id", "email", "phone"]),
        },
        optional("keep", "By what the kept one is chosen.", word(&["created", "updated", "last_session"])),
        optional("order", "The newest or the oldest of them.", word(&["newest", "oldest"])),
        optional("merge_identified", "Whether users with different external ids may be joined.", flag()),
    ]
}

fn listed() -> Route {
    Route::get("/users/duplicates", list::list)
        .key("users.duplicates.get")
        .may_be_stale()
        .says(
            "Users that share a value",
            "Each group with whom a merge would keep, and why one would be left to a person.",
        )
        .asks(rule())
        .asks(paging())
        .answers(200, "A page of groups.", schemas::duplicates())
        .refuses(400, &[Code::FieldInvalid])
        .example(
            Example::new("by email", 200, json!({"message": "success", "groups": [], "next_cursor": null}))
                .with("by", "email"),
        )
}

fn merged() -> Route {
    let optional = |name, about, schema| Parameter { name, about, required: false, schema };
    Route::post("/users/duplicates/merge", merge::merge)
        .key("users.duplicates.merge")
        .json()
        .says(
            "Merge duplicates by rule",
            "A job in the background; a dry run answers at once with what it would do.",
        )
        .asks([
            optional("dry_run", "Only say what would happen.", flag()),
            optional("plan", "The token of a dry run: do exactly that.", text()),
        ])
        .asks(paging())
        .takes(shared("DuplicatesRule"))
        .answers(202, "Begun.", success([("job_id", uuid())]))
        .answers(200, "A dry run: what would happen; nothing is written.", schemas::duplicates_plan())
        .refuses(400, &[Code::BodyInvalid, Code::FieldInvalid])
        .refuses(409, &[Code::PlanStale])
        .example(
            Example::new("by LINE ID", 202, json!({"message": "success", "job_id": JOB}))
                .body(json!({"by": "native_line_id", "keep": "updated", "order": "newest"})),
        )
}

fn job() -> Route {
    Route::get("/users/duplicates/jobs/{job_id}", merge::show)
        .key("users.duplicates.get")
        .says("How far a merge of duplicates is", "")
        .answers(200, "The job.", schemas::duplicates_job())
        .refuses(404, &[Code::JobUnknown])
        .example(Example::new("a job", 200, json!({"message": "success", "job_id": JOB})).with("job_id", JOB))
}

fn left() -> Route {
    Route::get("/users/duplicates/parked", parked::list)
        .key("users.duplicates.get")
        .says("Groups that rules left to a person", "")
        .asks(paging())
        .answers(200, "A page of groups.", schemas::parked())
        .refuses(400, &[Code::FieldInvalid])
        .example(Example::new("all", 200, json!({"message": "success", "groups": [], "next_cursor": null})))
}

fn reviewed() -> Route {
    Route::post("/users/duplicates/parked/{id}/{review}", parked::review)
        .key("users.duplicates.merge")
        .says("Decide about a group", "`release` merges it, `dismiss` lets its members stay apart.")
        .answers(200, "Decided.", schemas::reviewed())
        .refuses(404, &[Code::ParkedUnknown])
        .refuses(409, &[Code::GroupTooLarge])
        .example(
            Example::new(
                "one that is not there",
                404,
                json!({"message": "there is no open parked group with this id", "code": "parked_unknown"}),
            )
            .with("id", PARKED)
            .with("review", "dismiss"),
        )
}
