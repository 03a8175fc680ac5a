//! Who runs the cluster: PostgreSQL refuses to be run by root.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// Accounts that exist for this, in the order they are tried.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account that a cluster's processes run as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// User and group to change to; `None`: we are not root and stay who we are.
    other: Option<(u32, u32)>,
}

impl Account {
    /// Ours, or, for root, the first unprivileged one there is.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn choose() -> Result<Self> {
        let is_root = std::fs::metadata("/proc/self").context("/proc/self")?.uid() == 0;
        if !is_root {
            return Ok(Self { other: None });
        }
        let accounts = std::fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
        let found = UNPRIVILEGED.iter().find_map(|name| read_ids(&accounts, name));
        Ok(Self { other: Some(found.context("there is neither an account postgres nor nobody")?) })
    }

    /// A command that runs as it, from a folder that everybody may enter.
    pub(super) fn command(self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env("LC_ALL", "C");
        command
    }

    /// Gives it a folder.
    ///
    /// # Errors
    /// When the folder cannot be given away.
    pub(super) fn own(self, folder: &Path) -> Result<()> {
        if let Some((user, group)) = self.other {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).context("chown")?;
        }
        Ok(())
    }
}

/// User and group of an account in the text of `/etc/passwd`.
fn read_ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = accounts.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::read_ids;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nnobodyelse:x:7:8::/:\nnobody:x:65534:65533:n:/:\n";
        assert_eq!(read_ids(accounts, "nobody"), Some((65534, 65533)));
        assert_eq!(read_ids(accounts, "postgres"), None);
    }
}
