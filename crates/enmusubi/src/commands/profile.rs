//! `profile get`: who an identifier leads to.

use std::process::ExitCode;

use profile_model::{DOCUMENTED_FIELDS, LINE_FIELDS};
use profile_store::ProfileStore;
use serde_json::{Value, json};

use crate::args::{ProfileCommand, ProfileGetArguments, Who};
use crate::failure::Failure;
use crate::output::{Output, complain, table};
use crate::settings::Settings;

/// Shows profiles; exit 1 if nobody.
///
/// # Errors
/// When there is no such workspace, or the database cannot be used.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: ProfileCommand,
) -> Result<ExitCode, Failure> {
    let ProfileCommand::Get(arguments) = what;
    let store = crate::database::open_existing(settings).await?;
    let done = get(&store, output, arguments).await;
    store.backend().close().await;
    done
}

async fn get(
    store: &ProfileStore,
    output: Output,
    arguments: ProfileGetArguments,
) -> Result<ExitCode, Failure> {
    let workspace = store.workspace(&arguments.workspace).await?.id;
    let mut body = request(arguments.who)?;
    body["fields_to_export"] = DOCUMENTED_FIELDS.iter().chain(LINE_FIELDS).copied().collect();
    let users = store.export_ids(workspace, body).await?.users;
    if output.json {
        output.line(json!({"users": users}));
    } else {
        users.iter().for_each(|user| output.line(show(user)));
    }
    if users.is_empty() {
        complain("nobody has this identifier");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The export request that asks for one identifier.
fn request(who: Who) -> Result<Value, Failure> {
    let Who { line_id, external_id, alias, email, phone, braze_id } = who;
    let alias = alias
        .map(|alias| {
            let (label, name) = alias.split_once(':').ok_or_else(|| {
                Failure::Misuse("an alias is LABEL:NAME, such as line_id:U0123...".to_owned())
            })?;
            Ok::<_, Failure>(json!({"alias_label": label, "alias_name": name}))
        })
        .transpose()?;
    Ok(json!({
        "native_line_ids": line_id.map(|id| [id]),
        "external_ids": external_id.map(|id| [id]),
        "user_aliases": alias.map(|alias| [alias]),
        "email_address": email,
        "phone": phone,
        "braze_id": braze_id,
    }))
}

/// A profile as field and value, without what is empty.
fn show(user: &Value) -> comfy_table::Table {
    let mut shown = table(&["field", "value"]);
    for (field, value) in user.as_object().into_iter().flatten() {
        match value {
            Value::Array(list) if list.is_empty() => {}
            Value::String(text) => _ = shown.add_row([field, text]),
            Value::Array(list) => {
                let lines: Vec<String> = list.iter().map(Value::to_string).collect();
                shown.add_row([field, &lines.join("\n")]);
            }
            other => _ = shown.add_row([field, &other.to_string()]),
        }
    }
    shown
}
