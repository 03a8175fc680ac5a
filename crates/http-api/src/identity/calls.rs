//! `/users/identify` (`IDF-*`), `/users/merge` (`MRG-*`), `/users/alias/new` and `/users/alias/update` (`ALN-*`,
//! `ALU-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{Actor, WorkspaceId};
use profile_store::{IdentityAnswer, IdentityError, ProfileStore, Wish};
use serde_json::{Value, json};

use super::{outcomes, wish};
use crate::answer::{Problem, Reply};
use crate::{ApiState, body, caller, once};

/// One of the four calls.
#[derive(Clone, Copy)]
enum Call {
    Identify,
    Merge,
    NewAlias,
    UpdateAlias,
}

impl Call {
    const fn permission(self) -> &'static str {
        match self {
            Self::Identify => "users.identify",
            Self::Merge => "users.merge",
            Self::NewAlias => "users.alias.new",
            Self::UpdateAlias => "users.alias.update",
        }
    }

    /// `CLI-1`.
    const fn status(self) -> StatusCode {
        match self {
            Self::Merge => StatusCode::ACCEPTED,
            _ => StatusCode::CREATED,
        }
    }

    async fn run(
        self,
        store: &ProfileStore,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        match self {
            Self::Identify => store.identify(workspace, actor, body, wish).await,
            Self::Merge => store.merge(workspace, actor, body, wish).await,
            Self::NewAlias => store.new_aliases(workspace, actor, body, wish).await,
            Self::UpdateAlias => store.update_aliases(workspace, actor, body, wish).await,
        }
    }

    fn reply(
        self,
        answered: &Result<IdentityAnswer, IdentityError>,
        sent: &Value,
        explain: bool,
    ) -> Result<Reply, Problem> {
        let answered = answered.as_ref().map_err(outcomes::refuse)?;
        let mut body = json!({"message": "success"});
        for (name, count) in self.counters(answered, sent) {
            body[name] = count.into();
        }
        if !answered.errors.is_empty() {
            body["errors"] = outcomes::render_errors(&answered.errors);
        }
        if explain {
            outcomes::explain(&mut body, &answered.report);
        }
        Ok(Reply::new(self.status(), body))
    }

    /// Counters: acceptable elements, whatever was done with them (`IDF-8`, `ALN-3`).
    fn counters(self, answered: &IdentityAnswer, sent: &Value) -> Vec<(&'static str, usize)> {
        let all = answered.accepted.iter().map(|(_, count)| count).sum();
        match self {
            Self::Merge => Vec::new(),
            Self::NewAlias | Self::UpdateAlias => vec![("aliases_processed", all)],
            Self::Identify => {
                let names = ["aliases_processed", "emails_processed", "phone_numbers_processed"];
                let counted = names.into_iter().zip(&answered.accepted);
                counted
                    .filter(|(name, (array, _))| *name == "aliases_processed" || sent.get(array).is_some())
                    .map(|(name, (_, count))| (name, *count))
                    .collect()
            }
        }
    }
}

pub(crate) async fn identify(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::Identify).await
}

pub(crate) async fn merge(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::Merge).await
}

pub(crate) async fn new_alias(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::NewAlias).await
}

pub(crate) async fn update_alias(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::UpdateAlias).await
}

async fn handle(State(state): State<ApiState>, request: Request, call: Call) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, call.permission()).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let (wish, explain) = wish::read(&parts.uri, &sent)?;
    let dry_run = wish.dry_run;
    let render = {
        let sent = sent.clone();
        move |answered: &Result<IdentityAnswer, IdentityError>| call.reply(answered, &sent, explain)
    };
    let once = if dry_run { None } else { once::read(&parts, &caller, &sent, render.clone())? };
    let store = state.store.once(once);
    let answered = call.run(&store, caller.workspace, caller.actor, &sent, wish).await;
    let mut reply = render(&answered)?;
    if let (true, Ok(answered)) = (dry_run, &answered) {
        reply.status = StatusCode::OK;
        outcomes::show(&state, caller.workspace, &mut reply.body, &answered.report).await?;
    }
    Ok(reply.into_response())
}
