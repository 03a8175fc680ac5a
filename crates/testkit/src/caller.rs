//! A client with an API key.

use std::sync::Once;

use anyhow::Result;
use serde_json::Value;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub text: String,
    /// The body as JSON; `null` if it is none.
    pub json: Value,
}

impl Answer {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A client for one server and key. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl Caller {
    /// A caller of `base` with this key.
    #[must_use]
    pub fn new(base: &str, key: Option<&str>) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Self { client: reqwest::Client::new(), base: base.to_owned(), key: key.map(str::to_owned) }
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// POSTs a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    /// POSTs a CSV file.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_csv(&self, path: &str, body: impl Into<Vec<u8>>) -> Result<Answer> {
        self.send(path, &[("content-type", "text/csv")], body.into()).await
    }

    /// POSTs raw bytes with these headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let mut request = self.client.post(format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.finish(request).await
    }

    /// GETs.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.finish(self.client.get(format!("{}{path}", self.base))).await
    }

    /// PATCHes with a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.client.patch(format!("{}{path}", self.base)).body(body.to_string());
        self.finish(request.header("content-type", "application/json")).await
    }

    /// DELETEs.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.finish(self.client.delete(format!("{}{path}", self.base))).await
    }

    /// GETs, reads the answer to its end without looking into it, and gives its status (for load: what reads the
    /// answers takes processor time from the server).
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get_status(&self, path: &str) -> Result<u16> {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        answer.bytes().await?;
        Ok(status)
    }

    async fn finish(&self, mut request: reqwest::RequestBuilder) -> Result<Answer> {
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let text = answer.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, text, json })
    }

    /// Tracks and expects 201.
    ///
    /// # Errors
    /// On any other answer.
    pub async fn track(&self, body: &Value) -> Result<Answer> {
        let answer = self.post("/users/track", body).await?;
        anyhow::ensure!(answer.status == 201, "track answered {}: {}", answer.status, answer.text);
        Ok(answer)
    }

    /// Uploads a users CSV and waits for its end; the import as shown then.
    ///
    /// # Errors
    /// When it is refused or does not end within 60 s.
    pub async fn import(&self, csv: impl Into<Vec<u8>>) -> Result<Value> {
        let answer = self.post_csv("/imports/users", csv).await?;
        anyhow::ensure!(answer.status == 202, "the import answered {}: {}", answer.status, answer.text);
        let path = format!("/imports/{}", answer.json["import_id"].as_str().unwrap_or_default());
        crate::eventually("the import ends", 60, async || {
            let state = self.get(&path).await.ok()?.json;
            (state["status"] != "In progress" && state["status"].is_string()).then_some(state)
        })
        .await
    }

    /// `GET /line/users/{id}`; `None` on 404.
    ///
    /// # Errors
    /// On any answer but 200 and 404.
    pub async fn line_user(&self, id: &str) -> Result<Option<Value>> {
        let answer = self.get(&format!("/line/users/{id}")).await?;
        match answer.status {
            200 => Ok(Some(answer.json)),
            404 => Ok(None),
            status => anyhow::bail!("the look-up answered {status}: {}", answer.text),
        }
    }

    /// Exports with all fields incl. ours; the users.
    ///
    /// # Errors
    /// On any answer but 201.
    pub async fn export(&self, mut body: Value) -> Result<Vec<Value>> {
        body["fields_to_export"] = serde_json::json!([
            "braze_id",
            "external_id",
            "user_aliases",
            "email",
            "phone",
            "first_name",
            "native_line_id",
            "line",
            "custom_attributes",
            "custom_events",
            "purchases",
            "email_subscribe",
            "created_at",
        ]);
        let answer = self.post("/users/export/ids", &body).await?;
        anyhow::ensure!(answer.status == 201, "the export answered {}: {}", answer.status, answer.text);
        Ok(answer.json["users"].as_array().cloned().unwrap_or_default())
    }
}
