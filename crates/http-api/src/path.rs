//! The URL as a whole: unknown ones, wrong methods, and the one variable segment that a route may have.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};

use crate::answer::{Code, Problem};

/// The variable segment of a route, decoded. One that is not UTF-8 names nothing that we have: no such URL.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(_) => Err(unknown_route(parts.uri.clone()).await),
        }
    }
}

/// 404, before any key is looked at.
pub(crate) async fn unknown_route(uri: Uri) -> Problem {
    let message = match uri.path().len() > 1 && uri.path().ends_with('/') {
        true => "Not Found: there is no such URL; with a slash at its end it is another one",
        false => "Not Found: there is no such URL",
    };
    Problem::new(StatusCode::NOT_FOUND, Code::RouteUnknown, message)
}

/// 405; axum adds `Allow`.
pub(crate) async fn wrong_method() -> Problem {
    let message = "this URL does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, message)
}
