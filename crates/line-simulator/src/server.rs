//! Starting and stopping the simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::sender::Clients;
use crate::world::World;
use crate::{control, platform};

/// How to start it.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Where to listen; the control verbs are not authenticated, so keep it on loopback. Port 0 for any free one.
    pub listen: SocketAddr,
    /// What all ids are made from: the same seed and the same verbs give the same ids.
    pub seed: String,
}

impl Default for SimulatorOptions {
    /// Any free port on 127.0.0.1, seed `enmusubi`.
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), seed: "enmusubi".to_owned() }
    }
}

/// A running simulator. Dropping it stops it too.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// `http://127.0.0.1:PORT`: the API base for the product, and the base of the control verbs.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening and waits for answers under way, for at most a second.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only if the server has ended by itself.
            let _ = stop.send(());
        }
        if tokio::time::timeout(Duration::from_secs(1), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// The simulator's state, shared by all requests.
#[derive(Debug)]
pub(crate) struct Simulator {
    world: Mutex<World>,
    pub(crate) clients: Clients,
    /// Deliveries that are under way or due.
    open: watch::Sender<usize>,
}

impl Simulator {
    /// The world, for a moment; never to be held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic of another request leaves the world as it was at that step: good enough for a stand-in.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a delivery as open until the answer is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Open {
        self.open.send_modify(|open| *open += 1);
        Open(Arc::clone(self))
    }

    /// Waits until nothing is open; `false` if that took too long.
    pub(crate) async fn settled(&self, timeout: Duration) -> bool {
        let mut open = self.open.subscribe();
        let waited = tokio::time::timeout(timeout, open.wait_for(|open| *open == 0)).await;
        matches!(waited, Ok(Ok(_)))
    }

    /// How many deliveries are open.
    pub(crate) fn open(&self) -> usize {
        *self.open.borrow()
    }
}

/// An open delivery.
#[derive(Debug)]
pub(crate) struct Open(Arc<Simulator>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// Starts a simulator on the present runtime.
///
/// # Errors
/// If the address cannot be listened on, or the HTTP client cannot be built.
pub async fn serve(options: SimulatorOptions) -> std::io::Result<Running> {
    // reqwest is built without a crypto provider of its own. Somebody else may have installed one: fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let simulator = Arc::new(Simulator {
        world: Mutex::new(World::new(&options.seed)),
        clients: Clients::new().map_err(std::io::Error::other)?,
        open: watch::Sender::new(0),
    });
    let app =
        axum::Router::new().nest("/sim", control::router()).fallback(platform::serve).with_state(simulator);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        // Ends on a message and on a drop alike.
        let ended = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) }).await;
        if let Err(error) = ended {
            tracing::error!(%error, "line.simulator.ended");
        }
    });
    tracing::info!(%address, "line.simulator.listening");
    Ok(Running { address, stop: Some(stop), task })
}
