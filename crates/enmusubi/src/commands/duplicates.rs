//! `duplicates`: groups that share a value, merging them by rule, and the review of what a rule left to a person.

use std::process::ExitCode;

use profile_model::{Actor, DuplicatesBy, MAX_GROUP, Parked, ParkedId, Review, Reviewed};
use profile_store::ProfileStore;
use serde_json::{Value, json};

use crate::args::DuplicatesCommand;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::Settings;

mod groups;
mod merge;

/// Lists, merges or reviews.
///
/// # Errors
/// When there is no such workspace or parked group, or the database cannot be used.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: DuplicatesCommand,
) -> Result<ExitCode, Failure> {
    let store = crate::database::open_existing(settings).await?;
    let done = work(&store, output, what).await;
    store.backend().close().await;
    done
}

async fn work(store: &ProfileStore, output: Output, what: DuplicatesCommand) -> Result<ExitCode, Failure> {
    match what {
        DuplicatesCommand::List { rule, limit, after, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let found = store.duplicates(workspace, rule.get(), after.as_deref(), limit).await?;
            groups::list(output, &found, limit);
        }
        DuplicatesCommand::Merge { rule, dry_run: true, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            merge::rehearse(store, output, workspace, rule.get()).await?;
        }
        DuplicatesCommand::Merge { rule, dry_run: false, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            return merge::run(store, output, workspace, rule.get()).await;
        }
        DuplicatesCommand::Parked { limit, after, workspace } => {
            let workspace = store.workspace(&workspace).await?.id;
            let after = after.as_deref().map(parse).transpose()?;
            parked(output, &store.parked(workspace, after, limit).await?, limit);
        }
        DuplicatesCommand::Release(group) => review(store, output, &group, Review::Release).await?,
        DuplicatesCommand::Dismiss(group) => review(store, output, &group, Review::Dismiss).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whose name the journal shows for what is done here.
fn operator() -> Actor {
    Actor::new("operator", "duplicates")
}

fn parse(id: &str) -> Result<ParkedId, Failure> {
    ParkedId::parse(id).ok_or_else(|| Failure::Misuse(format!("'{id}' is no id of a parked group")))
}

fn parked(output: Output, found: &[Parked], limit: u32) {
    let mut shown = table(&["id", "by", "value", "profiles", "reasons", "parked"]);
    let mut all = Vec::new();
    for group in found {
        let by = DuplicatesBy::of_kind(group.key.kind).map_or("", DuplicatesBy::as_str);
        let reasons: Vec<_> = group.reasons.iter().map(|reason| reason.as_str()).collect();
        shown.add_row([
            group.id.to_string(),
            by.to_owned(),
            group.key.value.to_string(),
            group.members.len().to_string(),
            reasons.join(" "),
            group.at.to_string(),
        ]);
        all.push(json!({
            "id": group.id, "by": by, "value": &*group.key.value, "members": group.members, "reasons": reasons,
            "parked_at": group.at, "state": group.state.as_str(),
        }));
    }
    let last = found.last().map(|group| group.id.to_string());
    output.either(&json!({"groups": all, "next": next(last, found.len(), limit)}), shown);
}

/// What `--after` must say for the next page, if this one is full.
fn next(last: Option<String>, count: usize, limit: u32) -> Value {
    last.filter(|_| count == limit as usize).map_or(Value::Null, Value::from)
}

async fn review(
    store: &ProfileStore,
    output: Output,
    group: &crate::args::Review,
    review: Review,
) -> Result<(), Failure> {
    let workspace = store.workspace(&group.workspace).await?.id;
    let id = parse(&group.id)?;
    let outcome = match store.review_parked(workspace, operator(), id, review).await? {
        Reviewed::Done(outcome) => outcome,
        Reviewed::Unknown => {
            return Err(Failure::Failed(format!(
                "there is no open parked group {id}; `enmusubi duplicates parked` lists them"
            )));
        }
        Reviewed::TooLarge => {
            return Err(Failure::Failed(format!(
                "more than {MAX_GROUP} profiles share the value of {id}, and no more are joined at once: merge those who \
                 are one person by name (/users/merge), or `enmusubi duplicates dismiss {id}`; where fewer share it now, \
                 run `enmusubi duplicates merge` first"
            )));
        }
    };
    let state = if review == Review::Release { "released" } else { "dismissed" };
    let text = match outcome.keep {
        Some(keep) => format!("{state}: {} profiles became part of {keep}", outcome.merges.len()),
        None => format!("{state}: no rule will merge these profiles"),
    };
    let json = json!({"id": id, "state": state, "kept": outcome.keep, "merge_ids": outcome.merges});
    output.either(&json, text);
    Ok(())
}
