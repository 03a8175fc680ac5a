//! Everything that is checked without running a test.

use std::path::Path;

use anyhow::Result;

use crate::{fixtures, layering, run, top_level};

/// Runs every check, cheapest first.
pub(crate) fn check(root: &Path) -> Result<()> {
    top_level::check(root)?;
    run::held("shape of the repository")?;
    layering::check(root)?;
    run::held("layering")?;
    fixtures::check(root)?;
    run::held("fixtures")?;
    run::step(root, "format", &["fmt", "--all", "--check"], &[])?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run::step(root, "lints", &clippy, &[])?;
    run::step(root, "documentation", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
}
