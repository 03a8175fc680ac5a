//! Random operations on few identifiers, so that they meet often.

use profile_model::{
    Actor, ChannelId, Delivery, Door, FollowerPage, GroupState, InboxKey, LineUserId, Meaning, SyncId,
    SyncRun, Timestamp, WorkspaceId, decide_deliveries, decide_page, decide_track, delivery_keys, page_keys,
    parse_track, track_keys,
};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng};
use serde_json::{Value, json, value::RawValue};

use super::calls::{Call, Memory, perform_call};
use crate::{Fault, ProfileStore, TrackError, Work};

/// One operation, at the level of a use case.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A track request body.
    Track(Value),
    /// The same objects through the CSV door.
    Csv(Value),
    /// A webhook request's events.
    Deliver(Vec<Delivery>),
    /// One page of followers.
    Page(FollowerPage),
    /// An identity call.
    Identity(Call),
}

/// `count` operations of the scenario table (track, CSV, follow, unfollow, sync) from `seed`; the same seed gives the
/// same ones.
#[must_use]
pub fn operations(seed: u64, count: usize) -> Vec<Operation> {
    let mut dice = Dice(SmallRng::seed_from_u64(seed));
    (0..count).map(|_| dice.operation(10)).collect()
}

/// The same with identity operations among them: identify, merge, aliases, renames, removals, undo.
#[must_use]
pub fn identity_operations(seed: u64, count: usize) -> Vec<Operation> {
    let mut dice = Dice(SmallRng::seed_from_u64(seed));
    (0..count).map(|_| dice.operation(18)).collect()
}

/// Performs one operation.
///
/// # Errors
/// When the backend faults; refused input is not an error.
pub async fn perform(
    store: &ProfileStore,
    workspace: WorkspaceId,
    operation: Operation,
    memory: &mut Memory,
) -> Result<(), Fault> {
    let occasion = store.occasion(workspace, Actor::new("test", "operation")).await?;
    let now = occasion.now;
    match operation {
        Operation::Track(body) => {
            if let Err(TrackError::Fault(fault)) =
                store.track(workspace, Actor::new("api", "test"), body).await
            {
                return Err(fault);
            }
        }
        Operation::Csv(body) => {
            let config = store.config().await?;
            let Ok(batch) = parse_track(body, &config, workspace) else { return Ok(()) };
            let work = Work::new("csv", workspace, track_keys(&batch.items));
            let decide = move |loaded: &_| decide_track(&batch.items, loaded, Door::Csv, &occasion);
            store.decide(work, decide).await?;
        }
        Operation::Deliver(deliveries) => {
            let work = Work::new("deliver", workspace, delivery_keys(&deliveries)).repeatable();
            store
                .decide(work, move |loaded| decide_deliveries(&deliveries, loaded, &occasion, false))
                .await?;
        }
        Operation::Page(page) => {
            let run = SyncRun::new(SyncId(store.fresh(now).uuid()), page.channel.clone(), now);
            let begun = run.clone();
            let begin = move |_: &_| {
                let change = profile_model::ChangeSet {
                    sync: Some(begun.clone()),
                    ..profile_model::ChangeSet::default()
                };
                (change.into(), ())
            };
            store.decide(Work::new("begin", workspace, profile_model::Keys::default()), begin).await?;
            let work = Work::new("page", workspace, page_keys(&page, &run)).repeatable();
            store.decide(work, move |loaded| decide_page(&page, &run, loaded, &occasion)).await?;
        }
        Operation::Identity(call) => return perform_call(store, workspace, call, memory).await,
    }
    Ok(())
}

/// The source of random choices.
pub(super) struct Dice(SmallRng);

impl Dice {
    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        self.0.random_range(0..sides)
    }

    fn user(&mut self) -> LineUserId {
        LineUserId::from_stored(format!("U{:032x}", self.roll(6)))
    }

    fn channel(&mut self) -> ChannelId {
        ChannelId(format!("{}", 1000 + self.roll(2)))
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + i64::from(self.roll(5000)))
    }

    fn operation(&mut self, kinds: u32) -> Operation {
        match self.roll(kinds) {
            0..4 => Operation::Track(self.body()),
            4..6 => Operation::Csv(self.body()),
            10.. => Operation::Identity(self.call()),
            6..=8 => {
                let count = 1 + self.roll(4);
                Operation::Deliver((0..count).map(|_| self.delivery()).collect())
            }
            _ => {
                let count = self.roll(4);
                Operation::Page(FollowerPage {
                    channel: self.channel(),
                    users: (0..count).map(|_| self.user()).collect(),
                    requested_at: self.time(),
                    next: None,
                })
            }
        }
    }

    fn delivery(&mut self) -> Delivery {
        let meaning = match self.roll(4) {
            0 => Meaning::Friendship(GroupState::Unsubscribed),
            1 | 2 => Meaning::Friendship(GroupState::Subscribed),
            _ => Meaning::Contact,
        };
        let (user, channel) = (self.user(), self.channel());
        // Whom an event is about never changes.
        let event = format!("event-{}-{}", self.roll(70), user.as_str());
        Delivery {
            key: InboxKey { channel, event, user: Some(user.clone()) },
            kind: "follow".into(),
            meaning,
            user: Some(user),
            at: Some(self.time()),
            received_at: Timestamp::from_millis(1_700_000_010_000),
            body: RawValue::from_string("{}".into()).unwrap_or_default(),
        }
    }

    fn body(&mut self) -> Value {
        let count = 1 + self.roll(5);
        let attributes: Vec<_> = (0..count).map(|_| self.attributes()).collect();
        let mut events = Vec::new();
        for _ in 0..self.roll(3) {
            let mut event = self.identifier();
            event["name"] = json!(format!("event {}", self.roll(3)));
            event["time"] = json!("2023-11-14T22:13:20Z");
            events.push(event);
        }
        let mut purchases = Vec::new();
        for _ in 0..self.roll(2) {
            let mut purchase = self.identifier();
            purchase["product_id"] = json!(format!("sku-{}", self.roll(3)));
            purchase["currency"] = json!("JPY");
            purchase["price"] = json!(self.roll(10_000));
            purchase["time"] = json!("2023-11-14T22:13:20Z");
            purchases.push(purchase);
        }
        json!({"attributes": attributes, "events": events, "purchases": purchases})
    }

    fn identifier(&mut self) -> Value {
        let number = self.roll(5);
        match self.roll(6) {
            0 | 1 => json!({"external_id": format!("customer-{number}")}),
            2 => {
                json!({"user_alias": {"alias_label": "web", "alias_name": format!("a{number}")}, "_update_existing_only": false})
            }
            3 => json!({
                "user_alias": {"alias_label": "line_id", "alias_name": format!("U{number:032x}")},
                "_update_existing_only": self.roll(2) == 0,
            }),
            4 => json!({"email": format!("person{number}@example.com")}),
            _ => json!({"phone": format!("+8190123456{number:02}")}),
        }
    }

    fn attributes(&mut self) -> Value {
        let mut object = self.identifier();
        if self.roll(2) == 0 {
            object["native_line_id"] = if self.roll(5) == 0 { Value::Null } else { json!(self.user()) };
        }
        if self.roll(3) == 0 {
            object["email"] = json!(format!("person{}@example.com", self.roll(5)));
        }
        if self.roll(4) == 0 {
            object["email_subscribe"] =
                json!(["opted_in", "subscribed", "unsubscribed"][self.roll(3) as usize]);
        }
        if self.roll(2) == 0 {
            object["first_name"] = json!(format!("name {}", self.roll(3)));
        }
        if self.roll(2) == 0 {
            object["points"] = json!({"inc": self.roll(9)});
        }
        if self.roll(2) == 0 {
            object["tier"] = [json!("gold"), json!("silver"), Value::Null][self.roll(3) as usize].clone();
        }
        object
    }
}
