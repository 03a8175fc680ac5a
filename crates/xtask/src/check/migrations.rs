//! The schema on every engine has the same history.

use std::collections::{BTreeMap, BTreeSet};

/// Folders under `migrations/` that hold no schema of their own: Citus only distributes what PostgreSQL made.
const WITHOUT_SCHEMA: &[&str] = &["citus"];

/// Versions that one engine has and another has not, repeated versions, and files whose name tells no version.
///
/// A migration is `migrations/<engine>/<version>_<what>.sql`; pages (`*.md`) may lie beside.
pub(crate) fn find_gaps<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut findings = Vec::new();
    let mut engines: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for path in paths {
        let Some((engine, name)) = path.strip_prefix("migrations/").and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        if WITHOUT_SCHEMA.contains(&engine) || name.ends_with(".md") {
            continue;
        }
        let version = name.split_once('_').and_then(|(version, _)| version.parse().ok());
        match version.filter(|_| name.ends_with(".sql")) {
            None => findings.push(format!("{path}: not named <version>_<what>.sql")),
            Some(version) => {
                if !engines.entry(engine).or_default().insert(version) {
                    findings.push(format!("{path}: version {version} is there twice"));
                }
            }
        }
    }
    let all: BTreeSet<u64> = engines.values().flatten().copied().collect();
    for (engine, versions) in &engines {
        let missing = all.difference(versions);
        findings.extend(missing.map(|version| format!("migrations/{engine}: version {version} is missing")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(paths: &[&str]) -> usize {
        find_gaps(paths.iter().copied()).len()
    }

    #[test]
    fn engines_with_equal_versions_are_fine_whatever_the_names_say() {
        assert_eq!(judge(&["migrations/sqlite/0001_profiles.sql", "crates/a.rs"]), 0);
        assert_eq!(judge(&["migrations/sqlite/0001_a.sql", "migrations/postgres/0001_b.sql"]), 0);
        assert_eq!(
            judge(&["migrations/sqlite/0001_a.sql", "migrations/citus/0007_b.sql", "migrations/x/n.md"]),
            0
        );
    }

    #[test]
    fn a_version_that_one_engine_lacks_is_found_on_either_side() {
        let both = ["migrations/sqlite/0001_a.sql", "migrations/postgres/0002_b.sql"];
        assert_eq!(judge(&both), 2);
    }

    #[test]
    fn repeated_versions_and_names_without_a_version_are_found() {
        assert_eq!(judge(&["migrations/sqlite/0001_a.sql", "migrations/sqlite/1_b.sql"]), 1);
        assert_eq!(judge(&["migrations/sqlite/profiles.sql"]), 1);
        assert_eq!(judge(&["migrations/sqlite/0001_a.txt"]), 1);
    }
}
