#![doc = include_str!("../README.md")]

use clap::{Parser, Subcommand};

mod bench;
mod check;
mod clients;
mod fixtures;
mod python;
mod run;
mod schemathesis;
mod test;
mod tools;

/// Developer commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs `check` and every test of the workspace: what CI runs.
    Test(check::Depth),
    /// Checks layout, layering, dependencies, fixtures, format, lints and documentation.
    Check(check::Depth),
    /// Holds the API of the debug build against its own description.
    Schemathesis,
    /// Lets published client libraries work with the debug build.
    Clients,
    /// Measures rates over HTTP beside the bare engine, in one run.
    Bench(bench::Wanted),
    /// Writes the seeded customers file, or any number of such customers to any file.
    Fixtures(fixtures::Wanted),
}

fn main() -> anyhow::Result<()> {
    let root = run::workspace_root()?;
    match Arguments::parse().command {
        Command::Test(depth) => test::test(&root, &depth),
        Command::Check(depth) => check::check(&root, &depth),
        Command::Schemathesis => schemathesis::check(&root),
        Command::Clients => clients::check(&root),
        Command::Bench(wanted) => bench::bench(&root, &wanted),
        Command::Fixtures(wanted) => fixtures::run(&root, &wanted),
    }
}
