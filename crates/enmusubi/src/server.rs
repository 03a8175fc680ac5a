//! A running server: store, LINE, workers and routes, started and stopped in order.

use std::net::SocketAddr;
use std::time::Duration;

use http_api::{ApiState, Edge, Patience};
use line_platform::messaging::{MessagingClient, MessagingOptions};
use line_service::{LineService, Sealer, Workers};
use profile_store::{JobKind, JobWorker, ProfileStore, Upkeep};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::failure::Failure;
use crate::settings::Settings;

/// How long requests in flight, and then the workers, may take to finish.
const GRACE: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server {
    address: SocketAddr,
    store: ProfileStore,
    workers: Workers,
    imports: JobWorker,
    duplicates: JobWorker,
    upkeep: Upkeep,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What needs LINE and the store; webhook URLs begin with `public_url`.
///
/// # Errors
/// When there is no usable secret key or HTTP client.
pub(crate) fn line_service(
    settings: &Settings,
    store: ProfileStore,
    public_url: String,
) -> Result<LineService, Failure> {
    let mut options = MessagingOptions::default();
    if let Some(base) = &settings.line_api_base {
        options.api_base.clone_from(base);
    }
    let client = MessagingClient::new(options).map_err(Failure::while_doing("LINE cannot be asked"))?;
    let sealer = Sealer::new(&crate::secret_key::find(settings)?);
    Ok(LineService::new(store, client, sealer, public_url))
}

impl Server {
    /// Binds, starts the workers, serves. Answers requests when it returns.
    ///
    /// # Errors
    /// When the address is taken, or there is no usable secret key.
    pub(crate) async fn start(settings: &Settings, store: ProfileStore) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::Failed(format!(
                "{} cannot be listened on: {error}; choose another with --listen",
                settings.listen
            ))
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let replica = crate::database::open_replica(settings).await?;
        let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let line = line_service(settings, store.clone(), public_url)?;
        let workers = line.spawn_workers();
        let imports = JobWorker::spawn(store.clone(), JobKind::Import);
        let duplicates = JobWorker::spawn(store.clone(), JobKind::Duplicates);
        let upkeep = Upkeep::spawn(store.clone());
        let (stop, stopped) = oneshot::channel();
        let edge = Edge::new(settings.trusted_proxies.clone());
        let state = ApiState { store: store.clone(), line, replica, edge };
        let task = tokio::spawn(http_api::serve(listener, state, Patience::default(), async {
            drop(stopped.await)
        }));
        Ok(Self { address, store, workers, imports, duplicates, upkeep, stop, task })
    }

    /// `http://ADDRESS:PORT`, with the port really taken.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the server ends by itself, which is a defect; else for ever.
    pub(crate) async fn broken(&mut self) -> Failure {
        let ended = (&mut self.task).await;
        let reason = match ended {
            Ok(()) => "it ended".to_owned(),
            Err(error) => error.to_string(),
        };
        Failure::Failed(format!("the server cannot go on: {reason}"))
    }

    /// Accepts nothing more, lets requests in flight and the chunk in work finish, closes the database.
    pub(crate) async fn shutdown(self) {
        let Self { store, workers, imports, duplicates, upkeep, stop, mut task, .. } = self;
        // An error says that the server has ended by itself.
        let _ = stop.send(());
        if !task.is_finished() && tokio::time::timeout(GRACE, &mut task).await.is_err() {
            tracing::warn!("requests in flight took too long and were cut off");
            task.abort();
        }
        let finish = async {
            tokio::join!(workers.shutdown(), imports.shutdown(), duplicates.shutdown(), upkeep.shutdown())
        };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::warn!(
                "a worker took too long; what it did not commit is done again by the next process"
            );
        }
        store.backend().close().await;
    }
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When this process may not listen for signals.
pub(crate) async fn told_to_stop() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let cannot = Failure::while_doing("signals cannot be listened for");
    let mut terminate = signal(SignalKind::terminate()).map_err(&cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(&cannot)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
