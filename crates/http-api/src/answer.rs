//! The envelope of answers and errors (`GEN-6`, design section 6).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use profile_store::Fault;
use serde_json::{Value, json};

use crate::once;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// Stable words of errors on our own routes and where the reference quotes no text; see docs/errors.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $variant),+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

codes!(
    /// No such URL.
    RouteUnknown = "route_unknown",
    /// The URL knows other methods.
    MethodNotAllowed = "method_not_allowed",
    /// The caller's address is not in the key's list.
    AddressNotAllowed = "address_not_allowed",
    /// Over the size limit of the route.
    BodyTooLarge = "body_too_large",
    /// Not the content type of the route.
    ContentTypeUnsupported = "content_type_unsupported",
    /// A `Content-Encoding` that is not read.
    ContentEncodingUnsupported = "content_encoding_unsupported",
    /// The body is not what its `Content-Encoding` says.
    BodyEncodingInvalid = "body_encoding_invalid",
    /// The body broke off.
    BodyIncomplete = "body_incomplete",
    /// Nothing more of the body came for too long.
    BodyTimeout = "body_timeout",
    /// The body as a whole is not as documented.
    BodyInvalid = "body_invalid",
    /// A field is missing or malformed.
    FieldInvalid = "field_invalid",
    /// The LINE user id is malformed.
    LineUserIdInvalid = "line_user_id_invalid",
    /// Nobody holds it and no channel knows it.
    LineUserUnknown = "line_user_unknown",
    /// No such channel in this workspace.
    LineChannelUnknown = "line_channel_unknown",
    /// Connected already.
    ChannelAlreadyConnected = "channel_already_connected",
    /// Another provider.
    LineProviderMismatch = "line_provider_mismatch",
    /// The token belongs to another account.
    LineBotMismatch = "line_bot_mismatch",
    /// LINE refused the token.
    LineCredentialsRejected = "line_credentials_rejected",
    /// LINE cannot be reached or failed.
    LineUnreachable = "line_unreachable",
    /// Missing or wrong webhook signature.
    SignatureInvalid = "signature_invalid",
    /// No such sync.
    SyncUnknown = "sync_unknown",
    /// No such import.
    ImportUnknown = "import_unknown",
    /// The CSV header is not usable.
    CsvHeaderInvalid = "csv_header_invalid",
    /// No such job.
    JobUnknown = "job_unknown",
    /// No open parked group with this id.
    ParkedUnknown = "parked_unknown",
    /// More profiles share the value of a parked group than are joined at once.
    GroupTooLarge = "group_too_large",
    /// Another subscription group has the name.
    GroupNameTaken = "group_name_taken",
    /// As many subscription groups as a workspace may have.
    GroupLimitReached = "group_limit_reached",
    /// No such subscription group.
    GroupUnknown = "group_unknown",
    /// The group belongs to a LINE channel.
    GroupOfLine = "group_of_line",
    /// No such suppression.
    SuppressionUnknown = "suppression_unknown",
    /// A plan that does not hold any more.
    PlanStale = "plan_stale",
    /// No such user.
    UserUnknown = "user_unknown",
    /// No such merge.
    MergeUnknown = "merge_unknown",
    /// The merge was undone before.
    AlreadyUndone = "already_undone",
    /// An identifier that would come back belongs to somebody else.
    IdentifierTaken = "identifier_taken",
    /// A later merge must be undone first.
    LaterMerge = "later_merge",
    /// What would come back was erased.
    Erased = "erased",
    /// The time for an undo is over.
    UndoExpired = "undo_expired",
    /// What would come back is suppressed.
    Suppressed = "suppressed",
    /// An export request names nobody.
    IdentifierMissing = "identifier_missing",
    /// An export request names more than one of device, email address and phone.
    SeveralAddresses = "several_addresses",
    /// A workspace setting cannot be so.
    SettingInvalid = "setting_invalid",
    /// The idempotency key cannot be one.
    IdempotencyKeyInvalid = "idempotency_key_invalid",
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused",
    /// The store cannot be used now; nothing was written.
    StorageUnavailable = "storage_unavailable",
    /// The read replica cannot be used.
    ReplicaUnavailable = "replica_unavailable",
    /// The write may or may not have happened.
    OutcomeUnknown = "outcome_unknown",
    /// Too many conflicting writes; nothing was written.
    Conflict = "conflict",
    /// A defect of ours.
    Internal = "internal",
);

const JSON: (HeaderName, HeaderValue) = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));

/// An error answer.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// For the log, never for the caller.
    cause: Option<String>,
    /// What the caller needs beside the body.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// In place of the body: one that was answered before, byte for byte.
    told: Option<String>,
}

impl Problem {
    /// An error of ours, with its code.
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        let body = json!({"message": message.into(), "code": code.as_str()});
        Self { status, body, cause: None, headers: Vec::new(), told: None }
    }

    /// An error that the reference quotes: exactly its keys.
    pub(crate) fn quoted(status: StatusCode, message: &str) -> Self {
        Self { body: json!({"message": message}), ..Self::as_told(status, None) }
    }

    /// A body as it was told before.
    pub(crate) fn as_told(status: StatusCode, told: impl Into<Option<String>>) -> Self {
        Self { status, body: Value::Null, cause: None, headers: Vec::new(), told: told.into() }
    }

    /// The same with per-object errors.
    pub(crate) fn with_errors(mut self, errors: Value) -> Self {
        self.body["errors"] = errors;
        self
    }

    /// The same with a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What the log shall say about a 5xx beside the message; no data of a profile.
    pub(crate) fn because(mut self, cause: impl ToString) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// A 400 of ours.
    pub(crate) fn invalid(code: Code, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let (status, code, message) = match &fault {
            Fault::Told(told) => return once::again(told.clone()),
            Fault::KeyReused => return once::reused(),
            Fault::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::StorageUnavailable,
                "the store cannot be used now; nothing was written, try again",
            ),
            Fault::ReplicaUnavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::ReplicaUnavailable,
                "the read replica cannot be used now; try again, or ask without 'stale'",
            ),
            Fault::OutcomeUnknown => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::OutcomeUnknown,
                "the connection to the database broke while committing; check before trying again",
            ),
            Fault::Conflict => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Conflict,
                "too many conflicting writes; nothing was written, try again",
            ),
            Fault::Inconsistent(_) | Fault::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "an internal error happened")
            }
        };
        Self::new(status, code, message).because(fault)
    }
}

/// A 5xx answer on its way out: the observer adds the request id to its body, and logs it, once.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) body: Value,
    pub(crate) cause: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = match self.told {
            Some(told) => (self.status, [JSON], told).into_response(),
            None => answer(self.status, &self.body),
        };
        response.headers_mut().extend(self.headers);
        if self.status.is_server_error() {
            response.extensions_mut().insert(Failed { body: self.body, cause: self.cause });
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    answer_text(status, body.to_string())
}

/// A JSON answer that is text already.
pub(crate) fn answer_text(status: StatusCode, body: String) -> Response {
    (status, [JSON], body).into_response()
}

/// An answer before it is one: what a use case says, on the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Reply {
    /// What is told of a request that was carried out.
    pub(crate) const fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        answer(self.status, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/errors.md lists every code, and no other.
    #[test]
    fn the_page_of_errors_lists_every_code() {
        let page = include_str!("../../../docs/errors.md");
        let listed: Vec<_> =
            page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let mut known: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        known.sort_unstable();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, known);
    }

    /// GEN-6, design section 6: a quoted text has no `code`; every other error has.
    #[test]
    fn only_errors_of_ours_have_a_code() {
        let status = StatusCode::BAD_REQUEST;
        let quoted = Problem::quoted(status, "Max Input Length Exceeded");
        assert_eq!(quoted.body, json!({"message": "Max Input Length Exceeded"}));
        let errors = json!([{"type": "t", "input_array": "events", "index": 0}]);
        let quoted = Problem::quoted(status, "m").with_errors(errors.clone());
        assert_eq!(quoted.body, json!({"message": "m", "errors": errors}));
        let ours = Problem::new(status, Code::FieldInvalid, "m").because("only for the log");
        assert_eq!(ours.body, json!({"message": "m", "code": "field_invalid"}));
    }
}
