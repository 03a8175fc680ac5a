//! `migrate`: the schema, brought up to date, and on Citus distributed.

use std::process::ExitCode;

use serde_json::json;
use store_postgres::Distribution;

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Migrates and says from which version to which; with `distribute`, what lies where.
///
/// # Errors
/// When the database cannot be used, is newer than this binary, or cannot be distributed.
pub(crate) async fn run(settings: &Settings, output: Output, distribute: bool) -> Result<ExitCode, Failure> {
    if distribute {
        let ((from, to), done) = crate::database::distribute(settings).await?;
        let json = json!({
            "from": from, "to": to, "distributed": done.placed, "already_distributed": done.already,
            "shards": done.shards, "nodes": done.nodes, "settles_within_ms": done.settles_within,
        });
        let lines: Vec<_> = [schema(from, to), told(&done)].into_iter().chain(advice(&done)).collect();
        output.either(&json, lines.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let (from, to) = crate::database::migrate(settings).await?;
    output.either(&json!({"from": from, "to": to}), schema(from, to));
    Ok(ExitCode::SUCCESS)
}

fn schema(from: i64, to: i64) -> String {
    if from == to {
        format!("the schema is at version {to}")
    } else {
        format!("the schema went from version {from} to {to}")
    }
}

fn told(done: &Distribution) -> String {
    let Distribution { placed, already, shards, nodes, .. } = done;
    let lie = format!("{shards} shards on {nodes} node(s)");
    match placed.as_slice() {
        [] => format!("all {already} tables were distributed already, over {lie}"),
        placed => format!(
            "{} tables are distributed now, {already} were already, over {lie}: {}",
            placed.len(),
            placed.join(", ")
        ),
    }
}

/// How long, in milliseconds, a cluster may leave what a broken commit wrote unseen before we say something.
const SOON: i64 = 10_000;

/// What to set, where a worker that was cut off would show what was acknowledged late, or never.
fn advice(done: &Distribution) -> Option<String> {
    let late = match done.settles_within {
        Some(within) if within <= SOON => return None,
        Some(within) => format!("is seen only after up to {} s", within / 1000),
        None => "is never seen".to_owned(),
    };
    Some(format!(
        "what a commit wrote to a worker that was cut off between its two phases {late}: on the coordinator, as a \
         superuser, ALTER SYSTEM SET citus.recover_2pc_interval = '5s'; SELECT pg_reload_conf()"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_settles_broken_commits_late_is_told_of() {
        let of = |settles_within| {
            advice(&Distribution { placed: Vec::new(), already: 0, shards: 1, nodes: 1, settles_within })
        };
        assert_eq!(of(Some(5_000)), None);
        assert!(of(Some(60_000)).is_some_and(|text| text.contains("up to 60 s") && text.contains("'5s'")));
        assert!(of(None).is_some_and(|text| text.contains("never")));
    }
}
