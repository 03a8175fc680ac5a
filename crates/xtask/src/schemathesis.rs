//! The API against its own description: Schemathesis reads `/openapi.json` of a running server and sends what the schemas
//! allow, and what they do not.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use line_simulator::verbs::{ChannelSpec, Tier};
use testkit::World;

use crate::{python, run};

/// The release that is used; another one may find other things.
const RELEASE: &str = "schemathesis-4.32.5";

/// The same, as pip names it.
const PACKAGE: python::Install = &["schemathesis==4.32.5"];

/// Seconds of the whole run.
const BUDGET: &str = "75";

/// What an answer is held against: its status, content type and schema are documented, and it is no 5xx.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Runs Schemathesis against the server that the tests were run with, beside a stand-in for LINE.
///
/// # Errors
/// When it finds something, or cannot be installed.
pub(crate) fn check(root: &Path) -> Result<()> {
    let program = python::environment(root, RELEASE, &[PACKAGE])?.join("bin/schemathesis");
    let binary = run::debug_binary(root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let spec = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
    let world = runtime.block_on(World::start_with(&binary, spec))?;
    let document = format!("{}/openapi.json", world.server.base());
    run::say(&format!("{RELEASE}: {document}, {BUDGET} s"))?;
    let status = Command::new(&program)
        .args(["run", &document, "--checks", CHECKS, "--max-time", BUDGET, "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing", "--header", "Authorization: Bearer test-key"])
        // The same requests each time: a finding can be looked into, and a clean run stays clean.
        .args(["--generation-deterministic", "--continue-on-failure"])
        .args(["--request-timeout", "20", "--suppress-health-check", "all", "--no-color"])
        .current_dir(root.join("target"))
        .status()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    ensure!(
        status.success(),
        "schemathesis found something; each finding above has a curl command to repeat it"
    );
    let log = world.server.log();
    ensure!(!log.contains("a handler panicked"), "a handler panicked; the log: {log}");
    run::say("schemathesis: ok")
}
