//! What the documents say of a route beside what the router knows.

use serde_json::Value;

use crate::answer::Code;

/// One parameter of the query.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

/// One good answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) media: &'static str,
    pub(crate) schema: Value,
}

/// A request that a test sends, and the answer it gets: ids in later examples are those of the answers before.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) name: &'static str,
    /// Parameters of path and query by name.
    pub(crate) parameters: Vec<(&'static str, &'static str)>,
    /// JSON, or a text (CSV).
    pub(crate) body: Option<Value>,
    pub(crate) status: u16,
    /// JSON, or a text.
    pub(crate) answer: Value,
}

impl Example {
    /// A request without parameters and body.
    pub(crate) fn new(name: &'static str, status: u16, answer: Value) -> Self {
        Self { name, parameters: Vec::new(), body: None, status, answer }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.parameters.push((name, value));
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// What the documents say of a route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs {
    /// The part of the documents that it stands in.
    pub(crate) tag: &'static str,
    /// One line.
    pub(crate) summary: &'static str,
    /// More, in a few sentences.
    pub(crate) text: &'static str,
    pub(crate) query: Vec<Parameter>,
    /// Schema of the body.
    pub(crate) takes: Option<Value>,
    pub(crate) answers: Vec<Reply>,
    /// Refusals that are not those of every route of its kind.
    pub(crate) refusals: Vec<(u16, Code)>,
    pub(crate) examples: Vec<Example>,
}
