//! `GET /users/{braze_id}/everything`: all that is stored about one person, from every table, for a disclosure request.
//!
//! One JSON object per line, each with a `kind`. Small tables are read at once, those that grow page by page, so that
//! memory does not depend on how much there is.

use std::collections::VecDeque;
use std::sync::Arc;

use profile_model::{InboxKey, Profile, ProfileId, WorkspaceId, report_texts};
use serde_json::{Value, json};

use crate::{Fault, ProfileStore};

mod small;

/// Rows per read.
const PAGE: u32 = 500;

/// A disclosure on its way: ask for [`Everything::next_lines`] until it ends.
#[derive(Debug)]
pub struct Everything {
    store: ProfileStore,
    workspace: WorkspaceId,
    profile: Arc<Profile>,
    sides: Vec<ProfileId>,
    texts: Vec<String>,
    stages: VecDeque<Stage>,
}

/// What comes next, and from where.
#[derive(Debug)]
enum Stage {
    Small,
    Events(u64),
    Purchases(u64),
    LineEvents(Option<InboxKey>),
    ImportRows(u64),
}

impl ProfileStore {
    /// Everything about a person, merged predecessors included; an id that was merged away leads to the survivor.
    /// `None`: nobody has this id.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn everything(
        &self,
        workspace: WorkspaceId,
        id: ProfileId,
    ) -> Result<Option<Everything>, Fault> {
        Ok(self.person(workspace, id).await?.map(|profile| Everything {
            store: self.clone(),
            workspace,
            sides: profile.sides().collect(),
            texts: report_texts(&profile),
            stages: [
                Stage::Small,
                Stage::Events(0),
                Stage::Purchases(0),
                Stage::LineEvents(None),
                Stage::ImportRows(0),
            ]
            .into(),
            profile,
        }))
    }
}

impl Everything {
    /// The next lines; `None`: that was all.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn next_lines(&mut self) -> Result<Option<Vec<Value>>, Fault> {
        while let Some(stage) = self.stages.pop_front() {
            let (lines, again) = match stage {
                Stage::Small => (self.small().await?, None),
                Stage::Events(after) => self.events(after).await?,
                Stage::Purchases(after) => self.purchases(after).await?,
                Stage::LineEvents(after) => self.line_events(after).await?,
                Stage::ImportRows(after) => self.import_rows(after).await?,
            };
            if let Some(again) = again.filter(|_| lines.len() >= PAGE as usize) {
                self.stages.push_front(again);
            }
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
        Ok(None)
    }

    async fn events(&self, after: u64) -> Result<(Vec<Value>, Option<Stage>), Fault> {
        let rows = self.store.backend().scan_events(self.workspace, &self.sides, after, PAGE).await?;
        let again = rows.last().map(|(place, _)| Stage::Events(*place));
        let line = |(_, row): &(u64, profile_model::EventRow)| {
            json!({
                "kind": "event", "braze_id": row.profile, "name": &*row.name, "time": row.at,
                "app_id": row.app_id.as_deref(), "properties": row.properties,
            })
        };
        Ok((rows.iter().map(line).collect(), again))
    }

    async fn purchases(&self, after: u64) -> Result<(Vec<Value>, Option<Stage>), Fault> {
        let rows = self.store.backend().scan_purchases(self.workspace, &self.sides, after, PAGE).await?;
        let again = rows.last().map(|(place, _)| Stage::Purchases(*place));
        let line = |(_, row): &(u64, profile_model::PurchaseRow)| {
            json!({
                "kind": "purchase", "braze_id": row.profile, "product_id": &*row.product,
                "currency": &*row.currency, "price": row.price, "quantity": row.quantity, "time": row.at,
                "app_id": row.app_id.as_deref(), "properties": row.properties,
            })
        };
        Ok((rows.iter().map(line).collect(), again))
    }

    async fn line_events(&self, after: Option<InboxKey>) -> Result<(Vec<Value>, Option<Stage>), Fault> {
        let Some(user) = &self.profile.line_id else { return Ok((Vec::new(), None)) };
        let rows = self.store.backend().scan_inbox_of(self.workspace, user, after, PAGE).await?;
        let again = rows.last().map(|row| Stage::LineEvents(Some(row.key.clone())));
        let line = |row: &profile_model::InboxRow| {
            json!({
                "kind": "line_event", "channel_id": row.key.channel, "webhook_event_id": row.key.event,
                "received_at": row.received_at, "type": row.kind, "note": row.note, "body": row.body,
            })
        };
        Ok((rows.iter().map(line).collect(), again))
    }

    async fn import_rows(&self, after: u64) -> Result<(Vec<Value>, Option<Stage>), Fault> {
        let rows = self.store.backend().scan_issues_naming(self.workspace, &self.texts, after, PAGE).await?;
        let again = rows.last().map(|(place, ..)| Stage::ImportRows(*place));
        let line = |(_, import, issue): &(u64, profile_model::ImportId, profile_model::ImportIssue)| {
            json!({
                "kind": "import_report_line", "import_id": import, "line": issue.line, "field": issue.field,
                "reason": issue.reason, "cells": issue.cells,
            })
        };
        Ok((rows.iter().map(line).collect(), again))
    }
}
