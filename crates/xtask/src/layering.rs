//! Which room may import which, over `cargo metadata`.

use std::path::Path;

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// One normal dependency: who imports what.
struct Import {
    from: String,
    to: String,
}

/// Rooms and the rooms they may import (normal dependencies).
const ROOMS: &[(&str, &[&str])] = &[
    ("profile-model", &[]),
    ("profile-store", &["profile-model"]),
    ("store-sqlite", &["profile-model", "profile-store"]),
    ("line-platform", &["profile-model"]),
    ("line-service", &["profile-model", "profile-store", "line-platform"]),
    ("line-simulator", &[]),
    ("http-api", &["profile-model", "profile-store", "line-service"]),
    (
        "enmusubi",
        &[
            "profile-model", "profile-store", "store-sqlite", "line-platform", "line-service", "line-simulator",
            "http-api",
        ],
    ),
    ("testkit", &["line-simulator"]),
    ("xtask", &[]),
];

/// Libraries and the only rooms that may import them.
const KEPT: &[(&str, &[&str])] = &[
    ("sqlx", &["store-sqlite", "store-postgres"]),
    ("axum", &["http-api", "line-simulator", "enmusubi"]),
    ("reqwest", &["line-platform", "line-simulator", "testkit"]),
    ("rusqlite", &["xtask"]),
];

/// Checks the real workspace.
pub(crate) fn check(root: &Path) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let mut imports = Vec::new();
    for package in &metadata.packages {
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        imports.extend(normal.map(|to| Import { from: package.name.to_string(), to: to.name.clone() }));
    }
    let found = violations(&imports);
    ensure!(found.is_empty(), "layering:\n{}", found.join("\n"));
    Ok(())
}

fn violations(imports: &[Import]) -> Vec<String> {
    let mut found = Vec::new();
    for Import { from, to } in imports {
        let is_room = ROOMS.iter().any(|(room, _)| room == to);
        let may = ROOMS.iter().find(|(room, _)| room == from).map_or(&[][..], |(_, may)| may);
        if is_room && !may.contains(&to.as_str()) {
            found.push(format!("{from} may not import {to}"));
        }
        let keepers = KEPT.iter().find(|(library, _)| library == to).map(|(_, keepers)| *keepers);
        if keepers.is_some_and(|keepers| !keepers.contains(&from.as_str())) {
            found.push(format!("{from} may not use {to}"));
        }
        if from == "profile-model" && ["tokio", "tracing", "rand"].contains(&to.as_str()) {
            found.push(format!("{from} is pure: no {to}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(from: &str, to: &str) -> usize {
        violations(&[Import { from: from.to_owned(), to: to.to_owned() }]).len()
    }

    #[test]
    fn imports_that_point_back_are_found() {
        assert_eq!(judge("profile-store", "store-sqlite"), 1);
        assert_eq!(judge("profile-model", "profile-store"), 1);
        assert_eq!(judge("profile-model", "tokio"), 1);
        assert_eq!(judge("http-api", "sqlx"), 1);
        assert_eq!(judge("enmusubi", "reqwest"), 1);
        assert_eq!(judge("http-api", "testkit"), 1);
    }

    #[test]
    fn imports_of_the_plan_are_fine() {
        assert_eq!(judge("store-sqlite", "sqlx"), 0);
        assert_eq!(judge("http-api", "line-service"), 0);
        assert_eq!(judge("profile-store", "tokio"), 0);
    }
}
