//! What a caller and the log get to know when we fail.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::from_fn;
use axum::routing::get;
use profile_store::Fault;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::Answer;
use crate::answer::{Code, Problem};
use crate::observe::observe;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A route that fails like this, under the observer.
fn failing(fail: impl Fn() -> Problem + Clone + Send + Sync + 'static) -> Router {
    let handler = move || {
        let problem = fail();
        async move { Err::<(), Problem>(problem) }
    };
    Router::new().route("/fails/{id}", get(handler)).layer(from_fn(observe))
}

async fn ask(router: &Router) -> (Answer, Value) {
    let request = Request::get("/fails/Usecret").body(Body::empty()).unwrap();
    let answer = Answer::of(router, request).await;
    let mut body = answer.json();
    let id = body.as_object_mut().unwrap().remove("request_id");
    assert_eq!(id.as_ref().and_then(Value::as_str), answer.headers["x-request-id"].to_str().ok());
    (answer, body)
}

/// GEN-7: a 5xx may be tried again. The caller reads what happened, never the database's own words.
#[tokio::test]
async fn every_fault_of_the_store_has_its_answer() {
    let unavailable = "the store cannot be used now; nothing was written, try again";
    let replica = "the read replica cannot be used now; try again, or ask without 'stale'";
    let unknown = "the connection to the database broke while committing; check before trying again";
    let conflict = "too many conflicting writes; nothing was written, try again";
    let internal = "an internal error happened";
    for (fault, status, code, message) in [
        (Fault::Unavailable("disk full at /var".into()), 503, "storage_unavailable", unavailable),
        (Fault::ReplicaUnavailable("gone".into()), 503, "replica_unavailable", replica),
        (Fault::OutcomeUnknown, 503, "outcome_unknown", unknown),
        (Fault::Conflict, 503, "conflict", conflict),
        (Fault::Inconsistent("profiles.email".into()), 500, "internal", internal),
        (Fault::Internal("asked twice".into()), 500, "internal", internal),
    ] {
        let (answer, body) = ask(&failing(move || fault.clone().into())).await;
        assert_eq!((answer.status.as_u16(), body), (status, json!({"message": message, "code": code})));
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    }
}

/// One ERROR with the id that the caller can quote, one INFO for the request; the route's template, not its path.
#[tokio::test]
async fn a_5xx_is_logged_once_with_its_request_id() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (answer, _) = ask(&failing(|| Fault::Unavailable("disk full".into()).into())).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["level"], &lines[1]["level"]), (&json!("ERROR"), &json!("INFO")));
    assert_eq!(lines[0]["fields"]["cause"], "storage is unavailable: disk full");
    assert_eq!(lines[0]["fields"]["code"], "storage_unavailable");
    let fields = &lines[1]["fields"];
    assert_eq!((&fields["status"], &fields["method"]), (&json!(503), &json!("GET")));
    for name in ["duration_ms", "items", "statements", "retries"] {
        assert!(fields[name].is_number(), "{name}");
    }
    for line in &lines {
        assert_eq!(line["fields"]["route"], "/fails/{id}");
        assert_eq!(line["fields"]["request_id"], answer.headers["x-request-id"].to_str().unwrap());
        assert!(!line.to_string().contains("Usecret"));
    }
}

/// An error of the caller is no error of ours: one line, and no id in the body.
#[tokio::test]
async fn a_4xx_is_one_line_of_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let router = failing(|| Problem::invalid(Code::FieldInvalid, "'name' must be a text"));
    let request = Request::get("/fails/x").body(Body::empty()).unwrap();
    let answer = Answer::of(&router, request).await;
    assert_eq!(answer.json(), json!({"message": "'name' must be a text", "code": "field_invalid"}));
    assert_eq!(log.lines().len(), 1);
    assert_eq!(log.lines()[0]["level"], "INFO");
}

#[tokio::test]
async fn a_handler_that_panics_still_answers() {
    async fn defect() -> &'static str {
        panic!("a defect, on purpose")
    }
    let router = Router::new().route("/fails/{id}", get(defect)).layer(from_fn(observe));
    let (answer, body) = ask(&router).await;
    let expected = json!({"message": "an internal error happened", "code": "internal"});
    assert_eq!((answer.status.as_u16(), body), (500, expected));
}
