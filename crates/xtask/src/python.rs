//! Python environments of our own under `target/tools`, each with what it is for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{run, tools};

/// What `pip install` is told, one call each.
pub(crate) type Install = &'static [&'static str];

/// The folder of an environment, made once; another `name` is another environment, so a name carries versions.
///
/// # Errors
/// When Python or a package cannot be installed.
pub(crate) fn environment(root: &Path, name: &str, installs: &[Install]) -> Result<PathBuf> {
    tools::ensure_present(tools::PYTHON)?;
    let home = root.join("target/tools").join(name);
    // Written last: an environment that was interrupted is made anew.
    let whole = home.join("whole");
    if whole.is_file() {
        return Ok(home);
    }
    run::say(&format!("{name}: not there; it is installed into {}", home.display()))?;
    let home_text = home.display().to_string();
    if !python(&["-m", "venv", "--clear", &home_text])? {
        tools::install(&tools::VENV)?;
        ensure!(python(&["-m", "venv", "--clear", &home_text])?, "python3 -m venv failed");
    }
    for packages in installs {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        let mut command = Command::new(home.join("bin/python"));
        let status = command.args(pip).args(*packages).status().context("pip")?;
        ensure!(
            status.success(),
            "pip could not install {}: it needs the network, or PIP_INDEX_URL of a mirror",
            packages.join(" ")
        );
    }
    std::fs::write(&whole, name)?;
    Ok(home)
}

fn python(arguments: &[&str]) -> Result<bool> {
    Ok(Command::new("python3").args(arguments).status().context("python3 cannot be started")?.success())
}
