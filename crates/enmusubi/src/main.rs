//! The command line: serve, demo, import, line, profile, key, migrate.

fn main() {}
