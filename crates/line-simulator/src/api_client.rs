//! A small client for the product's own API, for the demo: the simulator is where HTTP out may live beside LINE itself.

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::SimulatorFault;

/// An answer of the product.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiAnswer {
    /// The HTTP status, whatever it is.
    pub status: u16,
    /// The body; `null` if it is not JSON.
    pub json: Value,
}

/// Calls the product with an API key. Every call fails with [`SimulatorFault::Unreachable`] only: other statuses
/// are answers.
#[derive(Clone)]
pub struct ApiClient {
    http: Client,
    base: String,
    key: String,
}

impl std::fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiClient({})", self.base)
    }
}

impl ApiClient {
    /// For the server at `base_url`.
    ///
    /// # Errors
    /// If this machine has no usable HTTP client.
    pub fn new(base_url: &str, key: &str) -> Result<Self, SimulatorFault> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build()?;
        Ok(Self { http, base: base_url.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<ApiAnswer, SimulatorFault> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    /// POST of JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> Result<ApiAnswer, SimulatorFault> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    /// POST of a CSV file.
    pub async fn post_csv(&self, path: &str, csv: String) -> Result<ApiAnswer, SimulatorFault> {
        let request = self.http.post(format!("{}{path}", self.base)).header("content-type", "text/csv");
        self.send(request.body(csv)).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<ApiAnswer, SimulatorFault> {
        let answer = request.bearer_auth(&self.key).send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        Ok(ApiAnswer { status, json: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}
