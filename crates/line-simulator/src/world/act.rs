//! What people do, and the events LINE makes of it.

use serde_json::{Value, json};

use super::{Friendship, Refusal, World};
use crate::verbs::{Act, ActKind, Batch, PersonSpec};

/// An act that has changed the world; its events are yet to be sent.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) line_user_id: String,
    pub(crate) events: Vec<Value>,
}

impl World {
    /// Lets somebody do something. People are made when first named.
    pub(crate) fn act(&mut self, act: &Act) -> Result<Happened, Refusal> {
        let provider = self.account(&act.channel_id)?.provider_id.clone();
        if act.person.is_empty() {
            return Err(Refusal::Bad("'person' is missing".to_owned()));
        }
        self.make_person(PersonSpec { person: Some(act.person.clone()), ..PersonSpec::default() });
        if !self.change_line_account(act)? {
            let line_user_id = self.user_id(&provider, &act.person).unwrap_or_default();
            return Ok(Happened { line_user_id, events: Vec::new() });
        }
        let line_user_id = self.user_id(&provider, &act.person).unwrap_or_default();
        let detail = self.detail(act, &line_user_id)?;
        // Of people without consent LINE tells that something happened, and not who did it.
        let consented = self.people.get(&act.person).is_some_and(|person| person.consented);
        let source =
            if consented { json!({"type":"user","userId":line_user_id}) } else { json!({"type":"user"}) };
        let timestamp = act.timestamp.unwrap_or_else(|| self.clock.now_ms());
        let mut event = self.frame(detail, timestamp);
        event["source"] = source;
        event["deliveryContext"]["isRedelivery"] = Value::Bool(act.redelivery);
        if let Some(id) = &act.webhook_event_id {
            event["webhookEventId"] = Value::from(id.as_str());
        }
        Ok(Happened { line_user_id, events: vec![event] })
    }

    /// Does what concerns the LINE account itself; `true` if the act is one that LINE tells about.
    fn change_line_account(&mut self, act: &Act) -> Result<bool, Refusal> {
        let Some(person) = self.people.get_mut(&act.person) else { return Ok(false) };
        match act.act {
            ActKind::DeleteAccount => person.deleted = true,
            ActKind::RecreateAccount => {
                person.deleted = false;
                person.generation += 1;
            }
            ActKind::RevokeConsent => person.consented = false,
            _ if person.deleted => return Err(Refusal::Bad(format!("{} has no LINE account", act.person))),
            _ => return Ok(true),
        }
        Ok(false)
    }

    /// Does what concerns the Official Account; answers the event's own part, named by its `type`.
    fn detail(&mut self, act: &Act, user_id: &str) -> Result<Value, Refusal> {
        let now = self.clock.now_ms();
        let generation = self.people.get(&act.person).map_or(1, |person| person.generation);
        let message_id = format!("5{:017}", self.ids.next());
        let quote = self.ids.hex(&format!("quote|{message_id}"));
        let account = self
            .accounts
            .get_mut(&act.channel_id)
            .ok_or_else(|| Refusal::Unknown(format!("there is no channel {}", act.channel_id)))?;
        let mut become_friend = |state| account.set_friendship(&act.person, user_id, generation, state, now);
        Ok(match act.act {
            ActKind::Follow => {
                let before = become_friend(Friendship::Friend);
                json!({"type":"follow","follow":{"isUnblocked": before == Friendship::Blocked}})
            }
            ActKind::Unblock => {
                become_friend(Friendship::Friend);
                json!({"type":"follow","follow":{"isUnblocked":true}})
            }
            ActKind::Block => {
                become_friend(Friendship::Blocked);
                json!({"type":"unfollow"})
            }
            ActKind::Message => {
                account.note_writing(&act.person, user_id, generation);
                let text = act.text.as_deref().unwrap_or("hello");
                json!({"type":"message","message":{"type":"text","id":message_id,"quoteToken":quote,"text":text}})
            }
            ActKind::Unsend => {
                let id = act
                    .message_id
                    .as_deref()
                    .ok_or_else(|| Refusal::Bad("'message_id' is missing".to_owned()))?;
                json!({"type":"unsend","unsend":{"messageId":id}})
            }
            ActKind::Postback => {
                account.note_writing(&act.person, user_id, generation);
                json!({"type":"postback","postback":{"data":act.data.as_deref().unwrap_or("action=tap")}})
            }
            ActKind::DeleteAccount | ActKind::RecreateAccount | ActKind::RevokeConsent => {
                return Err(Refusal::Bad("LINE makes no event of that".to_owned()));
            }
        })
    }

    /// Puts what all events have around an event's own part.
    fn frame(&self, mut detail: Value, timestamp: i64) -> Value {
        let answerable = !matches!(detail["type"].as_str(), Some("unfollow" | "unsend"));
        detail["mode"] = Value::from("active");
        detail["timestamp"] = Value::from(timestamp);
        detail["webhookEventId"] = Value::from(self.ids.event(timestamp));
        detail["deliveryContext"] = json!({"isRedelivery":false});
        if answerable {
            detail["replyToken"] = Value::from(self.ids.hex(&format!("reply|{}", self.ids.next())));
        }
        detail
    }

    /// The events of a batch: those given, then follows of new people, then the console's dummies.
    pub(crate) fn batch(&mut self, batch: &Batch) -> Result<Vec<Value>, Refusal> {
        self.account(&batch.channel_id)?;
        let mut events = batch.events.clone();
        for _ in 0..batch.follows {
            let person = self.make_person(PersonSpec::default());
            let act = Act { channel_id: batch.channel_id.clone(), person, ..Act::default() };
            events.extend(self.act(&act)?.events);
        }
        if batch.dummy {
            events.extend(self.dummies());
        }
        Ok(events)
    }

    /// What the console's verify button used to send (line.md A4).
    fn dummies(&self) -> [Value; 2] {
        let now = self.clock.now_ms();
        let text = json!({"type":"message","message":{"type":"text","id":"100001","text":"Hello, world"}});
        let sticker = json!({"type":"message","message":{"type":"sticker","id":"100002","packageId":"1","stickerId":"1"}});
        [(text, "0"), (sticker, "f")].map(|(detail, digit)| {
            let mut event = self.frame(detail, now);
            event["source"] = json!({"type":"user","userId":"Udeadbeefdeadbeefdeadbeefdeadbeef"});
            event["replyToken"] = Value::from(digit.repeat(32));
            event
        })
    }
}
