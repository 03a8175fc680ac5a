//! Which room may import which, and which library is hidden in which room (docs/architecture.md).

use cargo_metadata::{DependencyKind, Metadata};

/// What an import is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The room itself is built from it (build scripts count too).
    Normal,
    /// Its tests are.
    Test,
}

/// One declared dependency of one room.
#[derive(Debug)]
pub(crate) struct Import {
    /// The room.
    pub(crate) from: String,
    /// What it imports: a room or a library, by package name.
    pub(crate) to: String,
    /// What for.
    pub(crate) kind: Kind,
}

/// Rooms and the rooms that they may be built from. Whoever is not listed is no room.
const ROOMS: &[(&str, &[&str])] = &[
    ("profile-model", &[]),
    ("profile-store", &["profile-model"]),
    ("store-sqlite", &["profile-model", "profile-store"]),
    ("store-postgres", &["profile-model", "profile-store"]),
    ("line-platform", &["profile-model"]),
    ("line-service", &["profile-model", "profile-store", "line-platform"]),
    ("http-api", &["profile-model", "profile-store", "line-platform", "line-service"]),
    // Shares no code with what it tests: a wrong reading of LINE's pages must not be on both sides.
    ("line-simulator", &[]),
    (
        "enmusubi",
        &[
            "profile-model",
            "profile-store",
            "store-sqlite",
            "store-postgres",
            "line-platform",
            "line-service",
            "http-api",
            "line-simulator",
        ],
    ),
    ("testkit", &["line-simulator"]),
    // The bench drives every room, and each engine bare.
    (
        "xtask",
        &[
            "profile-model",
            "profile-store",
            "store-sqlite",
            "store-postgres",
            "line-platform",
            "line-service",
            "http-api",
            "line-simulator",
            "testkit",
        ],
    ),
];

/// Rooms that only the binary and the bench may name, even in tests: everybody else has the model backend.
const BACKENDS: (&[&str], &[&str]) = (&["store-sqlite", "store-postgres"], &["enmusubi", "xtask"]);

/// A library that only some rooms may use.
struct Hidden {
    package: &'static str,
    rooms: &'static [&'static str],
    /// Whether tests of other rooms may use it.
    tests: bool,
}

const HIDDEN: &[Hidden] = &[
    Hidden { package: "sqlx", rooms: &["store-sqlite", "store-postgres"], tests: false },
    Hidden { package: "axum", rooms: &["http-api", "line-simulator"], tests: false },
    Hidden { package: "reqwest", rooms: &["line-platform", "line-simulator", "testkit"], tests: true },
    Hidden { package: "rusqlite", rooms: &["xtask"], tests: false },
];

/// What the room of plain data and rules may not be built from: no runtime, no IO, no log, no clock, no chance.
const IMPURE: &[&str] =
    &["tokio", "tokio-util", "futures-util", "async-trait", "sqlx", "axum", "reqwest", "tracing", "rand"];

/// Everything that the members of the workspace declare.
pub(crate) fn read_imports(metadata: &Metadata) -> Vec<Import> {
    let mut imports = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let kind = if dependency.kind == DependencyKind::Development { Kind::Test } else { Kind::Normal };
            imports.push(Import { from: package.name.to_string(), to: dependency.name.clone(), kind });
        }
    }
    imports
}

/// Imports that the room plan rules out, in the order given.
pub(crate) fn find_violations(imports: &[Import]) -> Vec<String> {
    imports.iter().filter_map(judge).collect()
}

fn judge(Import { from, to, kind }: &Import) -> Option<String> {
    let Some((_, may)) = ROOMS.iter().find(|(room, _)| room == from) else {
        return Some(format!("layering: {from} is not in the room plan"));
    };
    let (from, to) = (from.as_str(), to.as_str());
    let (backends, namers) = BACKENDS;
    if backends.contains(&to) && from != to && !namers.contains(&from) {
        return Some(format!("layering: {from} names the backend {to}; only {} may", namers.join(" and ")));
    }
    if let Some(hidden) = HIDDEN.iter().find(|hidden| hidden.package == to) {
        let excused = hidden.tests && *kind == Kind::Test;
        if !excused && !hidden.rooms.contains(&from) {
            return Some(format!("layering: {from} uses {to}; only {} may", hidden.rooms.join(", ")));
        }
    }
    if *kind == Kind::Test {
        return None;
    }
    if from == "profile-model" && IMPURE.contains(&to) {
        return Some(format!("layering: {from} is plain data and rules, without {to}"));
    }
    let is_room = ROOMS.iter().any(|(room, _)| *room == to);
    (is_room && !may.contains(&to)).then(|| format!("layering: {from} may not import {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(from: &str, to: &str, kind: Kind) -> bool {
        find_violations(&[Import { from: from.to_owned(), to: to.to_owned(), kind }]).is_empty()
    }

    #[test]
    fn imports_that_point_back_are_found() {
        for (from, to) in [
            ("profile-model", "profile-store"),
            ("profile-store", "store-sqlite"),
            ("profile-store", "line-platform"),
            ("line-platform", "line-service"),
            ("line-service", "http-api"),
            ("http-api", "enmusubi"),
            ("line-simulator", "line-platform"),
        ] {
            assert!(!is_allowed(from, to, Kind::Normal), "{from} -> {to}");
        }
    }

    #[test]
    fn libraries_stay_in_the_rooms_that_hide_them() {
        for (from, to) in [
            ("http-api", "sqlx"),
            ("enmusubi", "sqlx"),
            ("enmusubi", "axum"),
            ("enmusubi", "reqwest"),
            ("line-service", "reqwest"),
            ("store-sqlite", "rusqlite"),
            ("profile-model", "tokio"),
            ("profile-model", "rand"),
        ] {
            assert!(!is_allowed(from, to, Kind::Normal), "{from} -> {to}");
        }
    }

    #[test]
    fn tests_may_use_a_client_and_other_rooms_but_no_database() {
        assert!(is_allowed("enmusubi", "reqwest", Kind::Test));
        assert!(is_allowed("http-api", "testkit", Kind::Test));
        assert!(is_allowed("line-simulator", "line-platform", Kind::Test));
        assert!(is_allowed("profile-model", "rand", Kind::Test));
        assert!(!is_allowed("http-api", "sqlx", Kind::Test));
        assert!(!is_allowed("line-service", "store-sqlite", Kind::Test));
    }

    #[test]
    fn test_support_is_a_normal_dependency_of_developer_commands_only() {
        assert!(is_allowed("xtask", "testkit", Kind::Normal));
        assert!(!is_allowed("enmusubi", "testkit", Kind::Normal));
        assert!(!is_allowed("line-service", "testkit", Kind::Normal));
    }

    #[test]
    fn only_the_binary_and_the_bench_name_a_backend() {
        assert!(is_allowed("enmusubi", "store-sqlite", Kind::Normal));
        assert!(is_allowed("xtask", "store-postgres", Kind::Normal));
        assert!(!is_allowed("http-api", "store-sqlite", Kind::Normal));
    }

    #[test]
    fn a_new_crate_needs_a_place_in_the_plan() {
        assert!(!is_allowed("helpers", "serde", Kind::Normal));
        assert!(is_allowed("line-service", "serde", Kind::Normal));
    }
}
