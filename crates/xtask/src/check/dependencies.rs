//! Third-party versions stand in the root manifest once, each with a reason, and each is used.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use toml::{Table, Value};

/// A member of the workspace.
pub(crate) struct Member {
    /// Its package name.
    pub(crate) name: String,
    /// The text of its Cargo.toml.
    pub(crate) manifest: String,
}

/// Entries of `[workspace.dependencies]` without a reason or without a user, and versions written elsewhere.
///
/// # Errors
/// When a manifest is not TOML.
pub(crate) fn find_faults(root: &str, members: &[Member]) -> Result<Vec<String>> {
    let declared = read_declared(root);
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for Member { name, manifest } in members {
        let manifest: Table = manifest.parse().with_context(|| format!("Cargo.toml of {name}"))?;
        for (dependency, wanted) in read_dependencies(&manifest) {
            if !is_central(wanted) {
                findings
                    .push(format!("{name}: {dependency} must come from the root with `workspace = true`"));
            }
            used.insert(dependency.to_owned());
        }
    }
    for Entry { name, has_reason } in declared {
        if !has_reason {
            findings.push(format!("Cargo.toml: {name} has no comment that says why it is here"));
        }
        if !used.contains(name) {
            findings.push(format!("Cargo.toml: {name} is used by no crate"));
        }
    }
    Ok(findings)
}

/// A line of `[workspace.dependencies]`.
struct Entry<'a> {
    name: &'a str,
    has_reason: bool,
}

/// Reads the section by lines, because a parser drops the comments: a reason stands above the entry or above others of
/// its group, and an empty line ends the group.
fn read_declared(root: &str) -> Vec<Entry<'_>> {
    let lines = root.lines().skip_while(|line| line.trim() != "[workspace.dependencies]").skip(1);
    let mut has_reason = false;
    let mut entries = Vec::new();
    for line in lines.take_while(|line| !line.starts_with('[')) {
        let is_entry = line.starts_with(|first: char| first.is_ascii_alphanumeric());
        if line.trim().is_empty() {
            has_reason = false;
        } else if line.trim_start().starts_with('#') {
            has_reason = true;
        } else if let Some((key, _)) = line.split_once('=').filter(|_| is_entry) {
            // `name = ..` or `name.workspace = ..`
            let name = key.split('.').next().unwrap_or(key).trim();
            entries.push(Entry { name, has_reason });
        }
    }
    entries
}

/// All dependencies of a manifest: normal, of tests, of the build, and those of single platforms.
fn read_dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = platforms.filter_map(Value::as_table).chain([manifest]);
    let mut all = Vec::new();
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            all.extend(entries.map(|(name, wanted)| (name.as_str(), wanted)));
        }
    }
    all
}

/// From the root; or a path, by which a crate turns on its own features for its tests.
fn is_central(wanted: &Value) -> bool {
    wanted.get("workspace").and_then(Value::as_bool) == Some(true) || wanted.get("path").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
[workspace]
[workspace.dependencies]
# Why these two.
serde = \"1\"
serde_json = { version = \"1\" }

anyhow = \"1\"

[workspace.lints.rust]
unsafe_code = \"forbid\"
";

    fn judge(manifest: &str) -> Vec<String> {
        let member = Member { name: "room".into(), manifest: manifest.into() };
        find_faults(ROOT, &[member]).unwrap()
    }

    #[test]
    fn a_reason_counts_for_its_group_and_ends_with_it() {
        let all = "[dependencies]\nserde.workspace = true\nserde_json = { workspace = true }\nanyhow.workspace = true";
        assert_eq!(judge(all), ["Cargo.toml: anyhow has no comment that says why it is here"]);
    }

    #[test]
    fn an_entry_that_nobody_uses_is_found() {
        let found =
            judge("[dependencies]\nserde.workspace = true\n[dev-dependencies]\nanyhow.workspace = true");
        assert!(found.contains(&"Cargo.toml: serde_json is used by no crate".to_owned()));
        assert!(!found.iter().any(|finding| finding.contains("anyhow is used")));
    }

    #[test]
    fn a_version_outside_the_root_is_found_in_every_kind_of_section() {
        for section in
            ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
        {
            let found = judge(&format!("[{section}]\nserde = \"1\""));
            assert!(found.iter().any(|finding| finding.starts_with("room: serde must")), "{section}");
        }
    }

    #[test]
    fn a_path_to_our_own_crate_is_fine() {
        let found = judge("[dev-dependencies]\nroom = { path = \".\", features = [\"model\"] }");
        assert!(!found.iter().any(|finding| finding.starts_with("room:")));
    }
}
