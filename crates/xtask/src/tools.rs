//! Programs that tests need beside the toolchain: found where they usually are, else installed from the distribution.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::run;

/// A program that some test starts.
pub(crate) struct Tool {
    /// Name of the command.
    pub(crate) command: &'static str,
    /// Debian package that brings it.
    pub(crate) package: &'static str,
    /// What it is for: ends the sentence "... is installed, ".
    pub(crate) purpose: &'static str,
    /// Whether it is there.
    pub(crate) is_there: fn(&Self) -> bool,
}

impl Tool {
    fn is_on_path(&self) -> bool {
        find(self.command).is_some()
    }
}

/// Everything that the tests of the workspace start.
pub(crate) const TESTS: &[Tool] = &[
    Tool {
        command: "strace",
        package: "strace",
        purpose: "so that a test can see the server sync its file before each answer (tests/durability.rs)",
        is_there: Tool::is_on_path,
    },
    POSTGRES,
];

/// The server with its programs, pgbench among them.
pub(crate) const POSTGRES: Tool = Tool {
    command: "pg_ctl",
    package: "postgresql",
    purpose: "so that tests and measurements can start a PostgreSQL of their own",
    // Debian keeps the server's programs off PATH, one folder per version.
    is_there: |_| testkit::postgres::find_programs().is_some(),
};

/// What Schemathesis and the clients from PyPI are run with.
pub(crate) const PYTHON: &[Tool] = &[Tool {
    command: "python3",
    package: "python3",
    purpose: "so that Schemathesis and client libraries in Python can be run against the server",
    is_there: Tool::is_on_path,
}];

/// What the clients from npm are run with.
pub(crate) const NODE: &[Tool] = &[
    Tool {
        command: "node",
        package: "nodejs",
        purpose: "so that client libraries in JavaScript can be run against the server (tests/clients)",
        is_there: Tool::is_on_path,
    },
    Tool {
        command: "npm",
        package: "npm",
        purpose: "so that those libraries can be installed",
        is_there: Tool::is_on_path,
    },
];

/// Debian leaves a part of Python out that environments need; it brings no command of its own.
pub(crate) const VENV: Tool = Tool {
    command: "python3",
    package: "python3-venv",
    purpose: "so that Python can make environments",
    is_there: Tool::is_on_path,
};

/// Makes sure that each tool is there: says what is missing and why it is wanted, and installs it with `apt-get`
/// (through `sudo` where we are not root). Does nothing, and needs no network, where all are there.
///
/// # Errors
/// When there is no `apt-get`, or it cannot install the package; the text names the package to install by hand.
pub(crate) fn ensure_present(tools: &[Tool]) -> Result<()> {
    for tool in tools.iter().filter(|tool| !(tool.is_there)(tool)) {
        run::say(&format!(
            "{}: not found; the package '{}' is installed, {}",
            tool.command, tool.package, tool.purpose
        ))?;
        install(tool).with_context(|| {
            format!("install the package '{}' by hand, {}, then run this again", tool.package, tool.purpose)
        })?;
    }
    Ok(())
}

/// Installs the package of a tool, whether its command is there or not.
///
/// # Errors
/// When there is no `apt-get`, or it cannot.
pub(crate) fn install(tool: &Tool) -> Result<()> {
    ensure!(find("apt-get").is_some(), "there is no apt-get here to install '{}' with", tool.package);
    let prefix = sudo()?;
    let install = ["install", "-y", "--no-install-recommends", tool.package];
    // A slim image has no package lists, an old one outdated lists: fetched only if it does not go without.
    if !apt_get(prefix, &install)? {
        apt_get(prefix, &["update"])?;
        ensure!(apt_get(prefix, &install)?, "apt-get could not install '{}'", tool.package);
    }
    ensure!((tool.is_there)(tool), "'{}' brought no command '{}'", tool.package, tool.command);
    Ok(())
}

/// `sudo` where this process is not root.
fn sudo() -> Result<&'static [&'static str]> {
    let id = Command::new("id").arg("-u").output().context("id -u")?;
    if id.stdout.trim_ascii() == b"0" {
        return Ok(&[]);
    }
    ensure!(find("sudo").is_some(), "neither root nor sudo");
    Ok(&["sudo"])
}

/// Whether it ended well; its output goes straight through.
fn apt_get(prefix: &[&str], arguments: &[&str]) -> Result<bool> {
    let words: Vec<_> = prefix.iter().chain(&["apt-get"]).chain(arguments).copied().collect();
    run::say(&words.join(" "))?;
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command.status().with_context(|| format!("{} cannot be started", words[0]))?.success())
}

fn find(command: &str) -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?, command)
}

/// The first executable file of this name in the folders of `path`.
fn find_in(path: &OsStr, command: &str) -> Option<PathBuf> {
    let is_program = |file: &Path| {
        file.metadata().is_ok_and(|known| known.is_file() && known.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(path).map(|folder| folder.join(command)).find(|file| is_program(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_executable_file_is_a_command() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = env::join_paths([first.path(), second.path()]).unwrap();
        let (plain, program) = (first.path().join("tool"), second.path().join("tool"));
        std::fs::write(&plain, "").unwrap();
        assert_eq!(find_in(&path, "tool"), None);
        std::fs::write(&program, "").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_in(&path, "tool"), Some(program));
        std::fs::create_dir(first.path().join("folder")).unwrap();
        assert_eq!(find_in(&path, "folder"), None);
    }

    /// What is there is not installed again: this runs on machines without network, too.
    #[test]
    fn a_command_that_is_there_needs_no_installer() {
        let cargo = Tool {
            command: "cargo",
            package: "no-such-package",
            purpose: "for nothing",
            is_there: Tool::is_on_path,
        };
        ensure_present(&[cargo]).unwrap();
    }
}
