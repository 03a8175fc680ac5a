//! `cargo xtask test`: the one command of the README and of CI.

use std::path::Path;

use anyhow::Result;
use testkit::postgres::{Cluster, URL_VARIABLE, citus};
use testkit::{BUCKETS_VARIABLE, ENGINE_VARIABLE};

use crate::{check, clients, run, schemathesis, tools};

/// Black-box suites that run once more on PostgreSQL: all but those that name their engines themselves. In them, what is
/// about files of SQLite (backup, restore, compaction, syncs) does so, too.
const ON_BOTH_ENGINES: &[&str] = &[
    "api",
    "channels",
    "commands",
    "duplicates",
    "durability",
    "erasure",
    "identity",
    "import",
    "scenario",
    "sync",
    "webhook",
];

/// Runs `check`, makes sure that what the tests start is there, runs all tests of the workspace, then lets published clients
/// work with the binary that they were run with, and holds its API against its own description.
///
/// The black-box suites under `tests/` are test targets of the `enmusubi` crate, so cargo itself builds the binary that
/// they start before they run, with the same features: building it first would only compile it twice.
///
/// # Errors
/// The first step that failed. The tests run to the end even if some fail, so that one run shows all failures.
pub(crate) fn test(root: &Path, depth: &check::Depth) -> Result<()> {
    check::check(root, depth)?;
    tools::ensure_present(tools::TESTS)?;
    // One cluster for all test programs; it goes with this value, or with this process.
    let postgres = Cluster::start()?;
    let url = postgres.url();
    run::say("PostgreSQL for the tests: started")?;
    let environment = [(URL_VARIABLE, url.as_str())];
    run::step(root, "tests", &["test", "--workspace", "--no-fail-fast"], &environment)?;
    // The black-box suites once more, on the other engine. Of the whole workspace, so that nothing is built again with
    // the features of one package.
    let environment = [(URL_VARIABLE, url.as_str()), (ENGINE_VARIABLE, "postgres")];
    let mut suites = vec!["test", "--workspace", "--no-fail-fast"];
    suites.extend(ON_BOTH_ENGINES.iter().flat_map(|suite| ["--test", suite]));
    run::step(root, "tests on PostgreSQL", &suites, &environment)?;
    // And once more in a workspace that is spread over several shards.
    let environment = [(URL_VARIABLE, url.as_str()), (ENGINE_VARIABLE, "postgres"), (BUCKETS_VARIABLE, "8")];
    run::step(root, "tests on PostgreSQL, eight buckets", &suites, &environment)?;
    // Those of the stores have run above, where there is a coordinator.
    if std::env::var(citus::URL_VARIABLE).is_ok_and(|url| !url.is_empty()) {
        let environment = [(URL_VARIABLE, url.as_str()), (ENGINE_VARIABLE, "citus"), (BUCKETS_VARIABLE, "8")];
        run::step(root, "tests on Citus, eight buckets", &suites, &environment)?;
    } else {
        run::say(&format!("tests on Citus: SKIPPED, {} names no coordinator", citus::URL_VARIABLE))?;
    }
    clients::check(root)?;
    schemathesis::check(root)?;
    run::say("all checks and all tests passed")
}
