//! Developer commands: test, check, bench, fixtures.

fn main() {}
