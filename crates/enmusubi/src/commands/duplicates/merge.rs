//! `duplicates merge`: the job, worked on here or followed where a running `serve` was quicker.

use std::process::ExitCode;

use profile_model::{DuplicatesId, DuplicatesRule, DuplicatesRun, DuplicatesState, WorkspaceId};
use profile_store::{JobKind, JobWorker, ProfileStore};
use serde_json::json;

use super::operator;
use crate::commands::progress::{self, Progress};
use crate::failure::Failure;
use crate::output::Output;

/// Groups that are looked at together in a rehearsal.
const PAGE: u32 = 200;

/// Starts the job and waits for its end; exit 1 if it failed.
///
/// # Errors
/// When the database cannot be used, or on Ctrl-C.
pub(super) async fn run(
    store: &ProfileStore,
    output: Output,
    workspace: WorkspaceId,
    rule: DuplicatesRule,
) -> Result<ExitCode, Failure> {
    let id = store.start_duplicates(workspace, operator(), rule).await?.id;
    let worker = JobWorker::spawn(store.clone(), JobKind::Duplicates);
    let followed = follow(store, workspace, id).await;
    worker.shutdown().await;
    let run = followed?;
    summary(output, &run);
    Ok(if run.state == DuplicatesState::Complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn follow(
    store: &ProfileStore,
    workspace: WorkspaceId,
    id: DuplicatesId,
) -> Result<DuplicatesRun, Failure> {
    // How many groups there are is known only at the end.
    let bar = progress::bar(None, "{spinner} {pos} groups, {msg}  {elapsed}, {per_sec}");
    let look = async || {
        let run = store.duplicates_run(workspace, id).await?;
        let run = run.ok_or_else(|| Failure::Failed("the job is gone from the database".to_owned()))?;
        if run.state != DuplicatesState::Running {
            return Ok(Progress::Ended(run));
        }
        Ok(Progress::Going {
            position: run.groups,
            message: format!("{} profiles merged, {} groups parked", run.merged_profiles, run.parked_groups),
            left: format!("job {id} after {} groups", run.groups),
        })
    };
    progress::follow(bar, look).await
}

fn summary(output: Output, run: &DuplicatesRun) {
    let json = json!({
        "job_id": run.id, "state": run.state, "rule": run.rule, "groups": run.groups,
        "merged_groups": run.merged_groups, "merged_profiles": run.merged_profiles,
        "parked_groups": run.parked_groups, "started_at": run.started_at, "finished_at": run.finished_at,
        "error": run.error,
    });
    let reason = run.error.as_deref().map(|reason| format!("{reason}\n")).unwrap_or_default();
    let review = if run.parked_groups > 0 { "; `enmusubi duplicates parked` lists them" } else { "" };
    let text = format!(
        "{reason}{} groups: {} merged ({} profiles became part of another), {} parked{review}",
        run.groups, run.merged_groups, run.merged_profiles, run.parked_groups,
    );
    output.either(&json, text);
}

/// Counts what the job would do; nothing is written.
///
/// # Errors
/// When the database cannot be read.
pub(super) async fn rehearse(
    store: &ProfileStore,
    output: Output,
    workspace: WorkspaceId,
    rule: DuplicatesRule,
) -> Result<(), Failure> {
    let (mut groups, mut merged, mut profiles, mut parked) = (0, 0, 0, 0);
    let mut after: Option<String> = None;
    loop {
        let page = store.duplicates(workspace, rule, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.value.to_string());
        groups += page.len();
        for group in page.iter().filter(|group| !group.dismissed) {
            if group.guards.is_empty() {
                merged += 1;
                profiles += group.members.len().saturating_sub(1);
            } else {
                parked += 1;
            }
        }
    }
    let json = json!({
        "dry_run": true, "groups": groups, "merged_groups": merged, "merged_profiles": profiles,
        "parked_groups": parked,
    });
    let text = format!(
        "{groups} groups: {merged} would be merged ({profiles} profiles would become part of another), {parked} parked; \
         nothing was written, `enmusubi duplicates list` shows them"
    );
    output.either(&json, text);
    Ok(())
}
