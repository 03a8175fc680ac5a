//! `line`: channels, follower syncs, and a stand-in for LINE.

use std::process::ExitCode;
use std::time::Duration;

use line_service::{LineService, SyncFault};
use line_simulator::SimulatorOptions;
use profile_model::{ChannelId, SyncRun, SyncState, WorkspaceId};
use profile_store::ProfileStore;
use serde_json::{Value, json};

use crate::args::LineCommand;
use crate::failure::Failure;
use crate::output::Output;
use crate::server::{line_service, told_to_stop};
use crate::settings::Settings;

mod channel;
mod secrets;

/// How often a sync is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Connects, lists, changes, disconnects, syncs or simulates.
///
/// # Errors
/// When LINE or the database refuses.
pub(crate) async fn run(settings: &Settings, output: Output, what: LineCommand) -> Result<ExitCode, Failure> {
    if let LineCommand::Simulate { listen } = what {
        return simulate(output, listen).await;
    }
    let store = crate::database::open_existing(settings).await?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
    let done = match line_service(settings, store.clone(), public_url) {
        Ok(line) => work(&store, &line, output, what).await,
        Err(failure) => Err(failure),
    };
    store.backend().close().await;
    done
}

async fn work(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    what: LineCommand,
) -> Result<ExitCode, Failure> {
    match what {
        LineCommand::Connect(arguments) => channel::connect(store, line, output, arguments).await?,
        LineCommand::Channels { workspace } => channel::list(store, line, output, &workspace).await?,
        LineCommand::Change(arguments) => channel::change(store, line, output, arguments).await?,
        LineCommand::Disconnect { channel } => channel::disconnect(store, line, output, &channel).await?,
        LineCommand::Sync { channel, wait } => return sync(store, line, output, &channel, wait).await,
        LineCommand::Simulate { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The workspace of a connected channel: a channel is connected once in the installation.
async fn workspace_of(store: &ProfileStore, channel: &str) -> Result<WorkspaceId, Failure> {
    let config = store.config().await?;
    let known = config.channels.get(&ChannelId(channel.to_owned()));
    known.map(|known| known.workspace).ok_or_else(|| unknown(channel))
}

fn unknown(channel: &str) -> Failure {
    Failure::Failed(format!("there is no channel '{channel}'; `enmusubi line channels` lists them"))
}

async fn sync(
    store: &ProfileStore,
    line: &LineService,
    output: Output,
    channel: &str,
    wait: bool,
) -> Result<ExitCode, Failure> {
    let workspace = workspace_of(store, channel).await?;
    let id = line.start_sync(workspace, channel).await.map_err(|fault| match fault {
        SyncFault::UnknownChannel => unknown(channel),
        SyncFault::Store(fault) => fault.into(),
    })?;
    if !wait {
        output
            .either(&json!({"sync_id": id}), format!("sync {id} is started; a running `serve` works on it"));
        return Ok(ExitCode::SUCCESS);
    }
    let workers = line.spawn_workers();
    let ended = loop {
        match line.sync(workspace, id).await {
            Ok(Some(run)) if run.state != SyncState::Running => break Ok(run),
            Ok(Some(_)) => tokio::time::sleep(LOOK).await,
            Ok(None) => break Err(Failure::Failed("the sync is gone from the database".to_owned())),
            Err(fault) => break Err(fault.into()),
        }
    };
    workers.shutdown().await;
    let run = ended?;
    output.either(&shown(&run), sentence(&run));
    Ok(if run.state == SyncState::Complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(run: &SyncRun) -> Value {
    json!({
        "sync_id": run.id, "channel_id": run.channel, "state": run.state, "pages": run.pages, "seen": run.seen,
        "subscribed": run.subscribed, "created": run.created, "skipped_erased": run.skipped_erased, "started_at": run.started_at,
        "finished_at": run.finished_at, "error": run.error,
    })
}

fn sentence(run: &SyncRun) -> String {
    let reason = run.error.as_deref().unwrap_or("complete");
    format!(
        "{reason}: {} followers on {} pages, {} newly subscribed, {} profiles made",
        run.seen, run.pages, run.subscribed, run.created
    )
}

async fn simulate(output: Output, listen: std::net::SocketAddr) -> Result<ExitCode, Failure> {
    let options = SimulatorOptions { listen, ..SimulatorOptions::default() };
    let running = line_simulator::serve(options)
        .await
        .map_err(|error| Failure::Failed(format!("{listen} cannot be listened on: {error}")))?;
    output.line(format_args!("the LINE simulator is listening on {}", running.base_url()));
    output.line(format_args!("set ENMUSUBI_LINE_API_BASE={} and start `enmusubi serve`", running.base_url()));
    let ended = told_to_stop().await;
    running.stop().await;
    ended.map(|()| ExitCode::SUCCESS)
}
