//! `demo`: the eight cases of the LINE scenario table over real HTTP, on throw-away data, with a stand-in for LINE.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use line_simulator::SimulatorOptions;
use serde_json::json;

use crate::failure::Failure;
use crate::output::{Output, story};
use crate::server::{Server, told_to_stop};
use crate::settings::Settings;

mod case;
mod cases;
mod judge;
mod stage;

use case::Case;
use stage::Stage;

/// Shows the story; with `exit`, 0 only if every case holds.
///
/// # Errors
/// When the stage cannot be set up.
pub(crate) async fn run(output: Output, exit: bool) -> Result<ExitCode, Failure> {
    let cannot = Failure::while_doing("the demo's temporary folder cannot be made");
    let folder = tempfile::Builder::new().prefix("enmusubi-demo-").tempdir().map_err(cannot)?;
    let line = line_simulator::serve(SimulatorOptions::default())
        .await
        .map_err(Failure::while_doing("the LINE simulator cannot start"))?;
    let settings =
        Settings::throw_away(folder.path(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), line.base_url());
    let store = crate::database::open(&settings).await?;
    let made = store.bootstrap(None).await?;
    let key = made.ok_or_else(|| Failure::Failed("the demo's folder is not empty".to_owned()))?.secret;
    let server = Server::start(&settings, store).await?;
    let told = show(output, &server, &line.base_url(), &key, exit).await;
    server.shutdown().await;
    line.stop().await;
    let holds = told?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn show(output: Output, server: &Server, line: &str, key: &str, exit: bool) -> Result<bool, Failure> {
    if !output.json {
        output.line(format_args!(
            "Enmusubi serves on {}, a stand-in for LINE on {line}; all data is throw-away.",
            server.base()
        ));
    }
    let stage = Stage::set_up(&server.base(), line, key).await?;
    let cases = cases::play(&stage).await;
    let holds = cases.iter().all(|case| case.ok);
    if output.json {
        output.line(json!({"cases": cases, "ok": holds}));
    } else {
        output.line(shown(&cases));
        let kept = cases.iter().filter(|case| case.ok).count();
        output.line(format_args!("{kept} of {} cases hold.", cases.len()));
    }
    if !exit {
        if !output.json {
            output.line(stage.try_it());
        }
        told_to_stop().await?;
    }
    Ok(holds)
}

fn shown(cases: &[Case]) -> comfy_table::Table {
    let mut shown = story(&["case", "what was done", "what the store now says", ""]);
    for case in cases {
        let verdict = if case.ok { "ok" } else { "not ok" };
        shown.add_row([case.case, case.done.as_str(), case.store_says.as_str(), verdict]);
    }
    shown
}
