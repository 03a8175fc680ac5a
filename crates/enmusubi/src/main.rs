//! The command line: serve, demo, import, line, profile, workspace, key, migrate.

mod args;
mod commands;
mod database;
mod failure;
mod logs;
mod output;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command, ServeArguments};
use failure::Failure;
use output::Output;
use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    // clap prints help and misuse itself, with exit 0 and 2.
    let arguments = Arguments::parse();
    run(arguments).await.unwrap_or_else(|failure| failure.report())
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { shared, command } = arguments;
    let output = Output { json: shared.json };
    logs::start("warn");
    let settings = Settings::read(&shared, &ServeArguments::default())?;
    match command {
        Command::Import(what) => commands::import::run(&settings, output, what).await,
        Command::Profile(what) => commands::profile::run(&settings, output, what).await,
        Command::Workspace(what) => commands::workspace::run(&settings, output, what).await,
        Command::Key(what) => commands::key::run(&settings, output, what).await,
        Command::Migrate => commands::migrate::run(&settings, output).await,
        Command::Serve(_) | Command::Demo(_) | Command::Line(_) => Err(Failure::Failed(String::new())),
    }
}
