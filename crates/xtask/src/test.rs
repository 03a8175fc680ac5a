//! `cargo xtask test`: the one command of the README and of CI.

use std::path::Path;

use anyhow::Result;

use crate::{check, run, schemathesis, tools};

/// Runs `check`, makes sure that what the tests start is there, runs all tests of the workspace, then holds the API of the
/// binary that they were run with against its own description.
///
/// The black-box suites under `tests/` are test targets of the `enmusubi` crate, so cargo itself builds the binary that
/// they start before they run, with the same features: building it first would only compile it twice.
///
/// # Errors
/// The first step that failed. The tests run to the end even if some fail, so that one run shows all failures.
pub(crate) fn test(root: &Path, depth: &check::Depth) -> Result<()> {
    check::check(root, depth)?;
    tools::ensure_present(tools::TESTS)?;
    run::step(root, "tests", &["test", "--workspace", "--no-fail-fast"], &[])?;
    schemathesis::check(root)?;
    run::say("all checks and all tests passed")
}
