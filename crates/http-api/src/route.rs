//! One route: what it answers to, who may call it, what it reads, and what calls it.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::Value;

use crate::answer::Code;
use crate::openapi::schemas;
use crate::{ApiState, body};

mod docs;

pub(crate) use docs::{Docs, Example, Parameter, Reply};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Who has a key with this permission (section 0.3 of the reference; ours in design section 6).
    Key(&'static str),
    /// Who can sign with the secret of the LINE channel.
    Signature,
    /// Anybody.
    Open,
}

/// What is read of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Nothing: whatever is sent is ignored.
    None,
    /// JSON, at most so many bytes.
    Json(usize),
    /// The same, which may be left out.
    OptionalJson(usize),
    /// LINE's webhook, at most so many bytes; its content type is not looked at.
    Webhook(usize),
    /// A CSV file, plain or in a form, at most so many bytes.
    Csv(u64),
}

/// One route. The table in [`crate::routes`] builds the router from these, and the documents that describe it.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// As axum and OpenAPI write it: `/imports/{import_id}`.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) payload: Payload,
    pub(crate) handler: MethodRouter<ApiState>,
    pub(crate) docs: Docs,
}

impl Route {
    /// A route that anybody may call and that reads no body, until it says otherwise.
    fn new<T: 'static>(
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: impl Handler<T, ApiState>,
    ) -> Self {
        let handler = on(filter, handler);
        Self { method, path, access: Access::Open, payload: Payload::None, handler, docs: Docs::default() }
    }

    pub(crate) fn get<T: 'static>(path: &'static str, handler: impl Handler<T, ApiState>) -> Self {
        Self::new(Method::GET, MethodFilter::GET, path, handler)
    }

    pub(crate) fn post<T: 'static>(path: &'static str, handler: impl Handler<T, ApiState>) -> Self {
        Self::new(Method::POST, MethodFilter::POST, path, handler)
    }

    pub(crate) fn patch<T: 'static>(path: &'static str, handler: impl Handler<T, ApiState>) -> Self {
        Self::new(Method::PATCH, MethodFilter::PATCH, path, handler)
    }

    pub(crate) fn delete<T: 'static>(path: &'static str, handler: impl Handler<T, ApiState>) -> Self {
        Self::new(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    /// The permission that its handler asks for.
    pub(crate) fn key(mut self, permission: &'static str) -> Self {
        self.access = Access::Key(permission);
        self
    }

    /// Signed by LINE.
    pub(crate) fn signed(mut self) -> Self {
        self.access = Access::Signature;
        self.payload = Payload::Webhook(body::WEBHOOK);
        self
    }

    /// What its handler reads.
    pub(crate) fn reads(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// JSON within the limit of ordinary calls.
    pub(crate) fn json(self) -> Self {
        self.reads(Payload::Json(body::JSON))
    }

    /// What it is for: one line, and a few sentences in Markdown.
    pub(crate) fn says(mut self, summary: &'static str, text: &'static str) -> Self {
        self.docs.summary = summary;
        self.docs.text = text;
        self
    }

    /// Schema of its body.
    pub(crate) fn takes(mut self, schema: Value) -> Self {
        self.docs.takes = Some(schema);
        self
    }

    /// Parameters of its query.
    pub(crate) fn asks(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.docs.query.extend(parameters);
        self
    }

    /// It may be answered from a replica.
    pub(crate) fn may_be_stale(self) -> Self {
        let about = "`true`: answered from the read replica, if there is one, as it was a moment ago.";
        let schema = schemas::flag();
        self.asks([Parameter { name: "stale", about, required: false, schema }])
            .refuses(503, &[Code::ReplicaUnavailable])
    }

    /// A good answer in JSON.
    pub(crate) fn answers(self, status: u16, about: &'static str, schema: Value) -> Self {
        self.answers_in("application/json", status, about, schema)
    }

    /// A good answer of another kind.
    pub(crate) fn answers_in(
        mut self,
        media: &'static str,
        status: u16,
        about: &'static str,
        schema: Value,
    ) -> Self {
        self.docs.answers.push(Reply { status, about, media, schema });
        self
    }

    /// Refusals of its own.
    pub(crate) fn refuses(mut self, status: u16, codes: &[Code]) -> Self {
        self.docs.refusals.extend(codes.iter().map(|code| (status, *code)));
        self
    }

    /// A request to try.
    pub(crate) fn example(mut self, example: Example) -> Self {
        self.docs.examples.push(example);
        self
    }
}
