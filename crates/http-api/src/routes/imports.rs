//! CSV imports.

use profile_store::MAX_USERS_FILE;
use serde_json::json;

use super::samples::IMPORT;
use crate::answer::Code;
use crate::imports::{report, show, upload};
use crate::openapi::schemas::{flag, line as schemas, text};
use crate::route::{Example, Parameter, Payload, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![uploaded(), shown(), reported()]
}

fn uploaded() -> Route {
    let optional = |name, about, schema| Parameter { name, about, required: false, schema };
    Route::post("/imports/users", upload::upload_users)
        .key("imports")
        .reads(Payload::Csv(MAX_USERS_FILE))
        .says(
            "Import users from CSV",
            "The file as body (`text/csv`), or in the field `file` of a form. A header that cannot be used is refused at \
             once; rows are imported in the background.",
        )
        .asks([
            optional("dry_run", "Check every row, write no profile.", flag()),
            optional("name", "What to call it; else the name of the file.", text()),
        ])
        .takes(text())
        .answers(202, "Begun.", schemas::import_started())
        .refuses(400, &[Code::CsvHeaderInvalid, Code::FieldInvalid, Code::BodyInvalid])
        .example(
            Example::new("two rows", 202, json!({"message": "success", "import_id": IMPORT}))
                .body(json!("external_id,first_name,points\nhanako-2,Hanako,130\nshiro,Shiro,10\n")),
        )
}

fn shown() -> Route {
    Route::get("/imports/{import_id}", show::show)
        .key("imports")
        .says("How far an import is", "")
        .answers(200, "The import.", schemas::import())
        .refuses(404, &[Code::ImportUnknown])
        .example(
            Example::new(
                "an import",
                200,
                json!({"message": "success", "import_id": IMPORT, "name": "upload.csv"}),
            )
            .with("import_id", IMPORT),
        )
}

fn reported() -> Route {
    Route::get("/imports/{import_id}/report.csv", report::report)
        .key("imports")
        .says("What an import left out or changed", "`line,level,field,reason` and the original columns.")
        .answers_in("text/csv", 200, "The report.", text())
        .refuses(404, &[Code::ImportUnknown])
        .example(
            Example::new("a report", 200, json!("line,level,field,reason,external_id,first_name,points\n"))
                .with("import_id", IMPORT),
        )
}
