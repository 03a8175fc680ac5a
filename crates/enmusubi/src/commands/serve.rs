//! `serve`: the HTTP API until SIGTERM or SIGINT.

use std::process::ExitCode;

use profile_store::ProfileStore;
use serde_json::json;

use crate::failure::Failure;
use crate::output::Output;
use crate::server::{Server, told_to_stop};
use crate::settings::Settings;

/// Serves.
///
/// # Errors
/// When the database or the address cannot be used, or the listener breaks.
pub(crate) async fn run(settings: &Settings, output: Output) -> Result<ExitCode, Failure> {
    tracing::info!(?settings, version = env!("CARGO_PKG_VERSION"), "starting");
    // Listened for from here on, so that a signal during the start is not lost.
    let stop = tokio::spawn(told_to_stop());
    let store = crate::database::open(settings).await?;
    bootstrap(settings, output, &store).await?;
    match store.remove_stale_uploads().await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "files of broken uploads are removed"),
        // They take room, and do no other harm.
        Err(fault) => tracing::warn!(%fault, "files of broken uploads could not be removed"),
    }
    let mut server = Server::start(settings, store).await?;
    output.either(&json!({"listening": server.base()}), format_args!("listening on {}", server.base()));
    tracing::info!(base = server.base(), "listening");
    let ended = tokio::select! {
        told = stop => told.map_err(Failure::while_doing("signals cannot be listened for")).and_then(|told| told),
        broken = server.broken() => Err(broken),
    };
    tracing::info!("stopping");
    server.shutdown().await;
    tracing::info!("stopped");
    ended.map(|()| ExitCode::SUCCESS)
}

/// On an empty database: the first workspace and key. A random key goes to stdout, once, and to no log.
async fn bootstrap(settings: &Settings, output: Output, store: &ProfileStore) -> Result<(), Failure> {
    let given = settings.bootstrap_api_key.as_ref().map(|key| key.reveal().to_owned());
    let is_given = given.is_some();
    let buckets = settings.bootstrap_buckets;
    store.allow_buckets(buckets)?;
    let Some(made) = store.bootstrap_spread(given, buckets).await? else { return Ok(()) };
    let (key, text) = match is_given {
        true => (None, "workspace default is made; its API key is the given bootstrap_api_key".to_owned()),
        false => {
            let text = format!("workspace default is made; its API key, shown only now:\n{}", made.secret);
            (Some(&made.secret), text)
        }
    };
    output.either(&json!({"workspace": "default", "key_id": made.stored.id, "key": key}), text);
    tracing::info!(key_id = %made.stored.id, "workspace default and its first key are made");
    Ok(())
}
