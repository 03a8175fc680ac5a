#![doc = include_str!("../README.md")]

use clap::{Parser, Subcommand};

mod check;
mod fixtures;
mod layering;
mod run;
mod top_level;

/// Developer commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs `check` and every test of the workspace: what CI runs.
    Test,
    /// Checks format, lints, documentation, layering, fixtures and the shape of the repository.
    Check,
    /// Writes fixtures/csv/customers-10000.csv, or any number of rows to any file.
    Fixtures(fixtures::Wanted),
}

fn main() -> anyhow::Result<()> {
    let root = run::workspace_root()?;
    match Arguments::parse().command {
        Command::Test => {
            check::check(&root)?;
            run::step(&root, "tests", &["test", "--workspace", "--no-fail-fast"], &[])
        }
        Command::Check => check::check(&root),
        Command::Fixtures(wanted) => fixtures::write(&root, &wanted),
    }
}
