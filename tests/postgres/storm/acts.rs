//! What a client does: one act per turn, all kinds in turn, neighbours at different ones.

use std::sync::Arc;

use super::client::Client;
use super::stage::Stage;
use super::witness::Witness;

#[path = "acts/counting.rs"]
mod counting;
#[path = "acts/erasing.rs"]
mod erasing;
#[path = "acts/files.rs"]
mod files;
#[path = "acts/joining.rs"]
mod joining;
#[path = "acts/line.rs"]
mod line;
#[path = "acts/naming.rs"]
mod naming;
#[path = "acts/reading.rs"]
mod reading;
#[path = "acts/states.rs"]
mod states;

pub(crate) use erasing::HUNTERS;
pub(crate) use line::pool;

/// The address of all shared customers.
pub(crate) const FAMILY: &str = "family@example.com";

/// A time to come counts as now (EVT-2).
const NOW: &str = "2099-01-01T00:00:00Z";

/// How many acts there are.
const ACTS: usize = 17;

/// What must be there before the first act.
pub(crate) async fn prepare(stage: &Arc<Stage>, witness: &Arc<Witness>) {
    line::fill_pool(stage, witness).await;
}

/// Does what is the client's turn, then looks whether something old is still so.
pub(crate) async fn act(client: &mut Client, turn: usize) {
    match (client.number + turn) % ACTS {
        0 => counting::count(client, turn).await,
        1 => counting::count_once(client, turn).await,
        2 => counting::meet(client, turn).await,
        3 => counting::count_in_bulk(client, turn).await,
        4 => naming::name(client, turn).await,
        5 => naming::rename(client, turn).await,
        6 => joining::identify(client, turn).await,
        7 => joining::merge_own(client, turn).await,
        8 => joining::merge_shared(client, turn).await,
        9 => erasing::breed_and_erase(client, turn).await,
        10 => erasing::hunt(client, turn).await,
        11 => states::opt(client, turn).await,
        12 => files::import(client, turn).await,
        13 => files::fold(client, turn).await,
        14 => line::chatter(client, turn).await,
        15 => line::befriend(client, turn).await,
        _ => reading::look_around(client, turn).await,
    }
    client.look_back(turn).await;
}

/// The round of acts that a turn belongs to: in it every client comes to every act.
fn round(turn: usize) -> usize {
    turn / ACTS
}
