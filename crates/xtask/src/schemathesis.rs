//! The API against its own description: Schemathesis reads `/openapi.json` of a running server and sends what the schemas
//! allow, and what they do not.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use line_simulator::verbs::{ChannelSpec, Tier};
use testkit::World;

use crate::{run, tools};

/// The release that is used; another one may find other things.
const VERSION: &str = "4.32.5";

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
    let program = install(root)?;
    let binary = root.join("target/debug/enmusubi");
    ensure!(binary.is_file(), "{} is not built; run `cargo xtask test`", binary.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let spec = ChannelSpec { tier: Some(Tier::Verified), ..ChannelSpec::default() };
    let world = runtime.block_on(World::start_with(&binary, spec))?;
    let document = format!("{}/openapi.json", world.server.base());
    run::say(&format!("schemathesis {VERSION}: {document}, {BUDGET} s"))?;
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

/// The program, in a Python environment of its own under `target/`; installed once.
fn install(root: &Path) -> Result<PathBuf> {
    tools::ensure_present(tools::PYTHON)?;
    let home = root.join("target/tools").join(format!("schemathesis-{VERSION}"));
    let program = home.join("bin/schemathesis");
    let whole = home.join("whole");
    if whole.is_file() {
        return Ok(program);
    }
    run::say(&format!("schemathesis {VERSION}: not there; it is installed into {}", home.display()))?;
    let home_text = home.display().to_string();
    if !python(&["-m", "venv", "--clear", &home_text])? {
        tools::install(&tools::VENV)?;
        ensure!(python(&["-m", "venv", "--clear", &home_text])?, "python3 -m venv failed");
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    let package = format!("schemathesis=={VERSION}");
    let status = Command::new(home.join("bin/python")).args(pip).arg(&package).status().context("pip")?;
    ensure!(
        status.success(),
        "pip could not install {package}: it needs the network, or PIP_INDEX_URL of a mirror"
    );
    std::fs::write(&whole, VERSION)?;
    Ok(program)
}

fn python(arguments: &[&str]) -> Result<bool> {
    Ok(Command::new("python3").args(arguments).status().context("python3 cannot be started")?.success())
}
