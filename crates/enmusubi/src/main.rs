//! The command line: serve, demo, import, line, duplicates, profile, workspace, key, migrate, backup, restore,
//! copy, doctor.

mod args;
mod commands;
mod database;
mod failure;
mod logs;
mod output;
mod secret_key;
mod server;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command, ServeArguments};
use failure::Failure;
use output::Output;
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    // clap prints help and misuse itself, with exit 0 and 2.
    let arguments = Arguments::parse();
    run(arguments).await.unwrap_or_else(|failure| failure.report())
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { shared, command } = arguments;
    let output = Output { json: shared.json };
    logs::start(if matches!(command, Command::Serve(_)) { "info" } else { "warn" });
    let settings = |serve: &ServeArguments| Settings::read(&shared, serve);
    let plain = || settings(&ServeArguments::default());
    match command {
        Command::Serve(serve) => commands::serve::run(&settings(&serve)?, output).await,
        // Throw-away data: no setting from outside has a say.
        Command::Demo(demo) => commands::demo::run(output, demo.exit).await,
        Command::Import(what) => commands::import::run(&plain()?, output, what).await,
        Command::Line(what) => commands::line::run(&plain()?, output, what).await,
        Command::Profile(what) => commands::profile::run(&plain()?, output, what).await,
        Command::Workspace(what) => commands::workspace::run(&plain()?, output, what).await,
        Command::Key(what) => commands::key::run(&plain()?, output, what).await,
        Command::Group(what) => commands::group::run(&plain()?, output, what).await,
        Command::Duplicates(what) => commands::duplicates::run(&plain()?, output, what).await,
        Command::Backup { out } => commands::backup::run(&plain()?, output, &out).await,
        Command::Restore(what) => commands::restore::run(&plain()?, output, &what).await,
        Command::Copy(what) => commands::copy::run(&shared, output, &what).await,
        Command::Doctor { compact } => commands::doctor::run(&plain()?, output, compact).await,
        Command::Migrate { distribute } => commands::migrate::run(&plain()?, output, distribute).await,
    }
}
