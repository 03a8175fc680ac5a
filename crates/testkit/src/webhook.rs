//! LINE webhooks made by hand, where a test wants every byte in its own hands.

use anyhow::Result;
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Answer, Caller};

/// `base64(HMAC-SHA256(secret as text, body))`, see line.md A1.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// One event of a user, as LINE would send it.
#[derive(Clone, Debug)]
pub struct Event {
    /// `follow`, `unfollow`, `message`, ...
    pub kind: &'static str,
    /// LINE user id.
    pub user: String,
    /// `timestamp`, milliseconds.
    pub at: i64,
    /// `webhookEventId`.
    pub id: String,
}

impl Event {
    /// The event as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut event = json!({
            "type": self.kind, "mode": "active", "timestamp": self.at, "webhookEventId": self.id,
            "deliveryContext": {"isRedelivery": false}, "source": {"type": "user", "userId": self.user},
        });
        match self.kind {
            "follow" => event["follow"] = json!({"isUnblocked": false}),
            "message" => {
                event["message"] = json!({"type": "text", "id": "1", "text": "hello", "quoteToken": "q"})
            }
            "postback" => event["postback"] = json!({"data": "x"}),
            _ => {}
        }
        event
    }
}

/// Sends webhooks of one channel.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// To whom.
    pub caller: Caller,
    /// LINE's channel id.
    pub channel: String,
    /// Channel secret.
    pub secret: String,
    /// The bot's user id.
    pub destination: String,
}

impl Webhook {
    /// Sends events in one request, rightly signed.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, events: &[Value]) -> Result<Answer> {
        let body = json!({"destination": self.destination, "events": events}).to_string().into_bytes();
        let signature = sign(&self.secret, &body);
        self.send_raw(body, Some(&signature)).await
    }

    /// Sends these bytes with this signature, or none.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send_raw(&self, body: Vec<u8>, signature: Option<&str>) -> Result<Answer> {
        let mut headers = vec![("content-type", "application/json; charset=utf-8")];
        headers.extend(signature.map(|signature| ("X-Line-Signature", signature)));
        self.caller.send(&format!("/line/events/{}", self.channel), &headers, body).await
    }

    /// Sends one event and expects 200.
    ///
    /// # Errors
    /// On any other answer.
    pub async fn event(&self, kind: &'static str, user: &str, at: i64, id: &str) -> Result<()> {
        let event = Event { kind, user: user.to_owned(), at, id: id.to_owned() };
        let answer = self.send(&[event.json()]).await?;
        anyhow::ensure!(answer.status == 200, "the webhook answered {}: {}", answer.status, answer.text);
        Ok(())
    }
}
