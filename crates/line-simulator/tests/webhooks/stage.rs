//! A simulator, one channel, and a receiver of its webhooks that keeps what arrives.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use line_platform::signature;
use line_platform::webhook::{Event, parse_envelope};
use line_simulator::verbs::{Act, ChannelChange, ChannelMade, ChannelSpec, Oddness, Report};
use line_simulator::{Running, SimulatorClient, SimulatorOptions, serve};

/// A webhook as it arrived.
#[derive(Clone)]
pub(crate) struct Arrived {
    pub(crate) signature: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    pub(crate) fn events(&self) -> Vec<Event> {
        parse_envelope(&self.body).unwrap().events.iter().map(|raw| raw.read()).collect()
    }

    pub(crate) fn event(&self) -> Event {
        let mut events = self.events();
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    pub(crate) fn verified(&self, secret: &str) -> bool {
        signature::verify(&[secret], &self.body, self.signature.as_deref())
    }
}

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) arrived: Arc<Mutex<Vec<Arrived>>>,
    /// Statuses to answer with, in order; 200 afterwards. 0 does not answer at all.
    pub(crate) script: Arc<Mutex<VecDeque<u16>>>,
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get(signature::HEADER).map(|value| value.to_str().unwrap().to_owned());
    receiver.arrived.lock().unwrap().push(Arrived { signature, headers, body: body.to_vec() });
    let status = receiver.script.lock().unwrap().pop_front().unwrap_or(200);
    if status == 0 {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(status).unwrap()
}

pub(crate) struct Stage {
    pub(crate) running: Running,
    pub(crate) sim: SimulatorClient,
    pub(crate) channel: ChannelMade,
    pub(crate) receiver: Receiver,
    pub(crate) url: String,
}

pub(crate) async fn stage() -> Stage {
    let receiver = Receiver::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = Router::new().fallback(receive).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let running = serve(SimulatorOptions::default()).await.unwrap();
    let sim = SimulatorClient::new(&running.base_url()).unwrap();
    let channel = sim
        .create_channel(ChannelSpec { webhook_url: Some(url.clone()), ..ChannelSpec::default() })
        .await
        .unwrap();
    Stage { running, sim, channel, receiver, url }
}

impl Stage {
    pub(crate) fn id(&self) -> &str {
        &self.channel.channel_id
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.receiver.arrived.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Arrived {
        self.arrived().pop().unwrap()
    }

    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        self.receiver.script.lock().unwrap().extend(statuses);
    }

    pub(crate) async fn change(&self, change: ChannelChange) {
        self.sim.change_channel(self.id(), change).await.unwrap();
    }

    pub(crate) async fn odd_follow(&self, odd: &[Oddness]) -> Report {
        let act = Act {
            channel_id: self.id().to_owned(),
            person: "hanako".to_owned(),
            odd: odd.to_vec(),
            ..Act::default()
        };
        self.sim.act(act).await.unwrap()
    }
}
