//! A profile as one JSON document, exact to the microsecond: the before-image of a merge.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Alias, Document, Email, Fields, FormerId, LineUserId, MergedSide, OwnStates, Phone, Profile,
    ProfileId, Timestamp, micros,
};

#[derive(Serialize, Deserialize)]
struct Image {
    id: ProfileId,
    external_id: Option<String>,
    former_ids: Vec<FormerId>,
    aliases: Vec<Alias>,
    email: Option<Email>,
    phone: Option<Phone>,
    line_id: Option<LineUserId>,
    fields: Fields,
    /// The document's own text: its numbers are exact, and it is not parsed to be kept.
    custom: String,
    own: OwnStates,
    merged: Vec<MergedSide>,
    origin: Option<Actor>,
    #[serde(with = "micros")]
    created_at: Timestamp,
    #[serde(with = "micros")]
    updated_at: Timestamp,
    version: u64,
}

impl Profile {
    /// The profile as JSON text, with everything that lives on its row.
    #[must_use]
    pub fn to_image(&self) -> String {
        let image = Image {
            id: self.id,
            external_id: self.external_id.clone(),
            former_ids: self.former_ids.clone(),
            aliases: self.aliases.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            line_id: self.line_id.clone(),
            fields: self.fields.clone(),
            custom: self.custom.to_json(),
            own: self.own.clone(),
            merged: self.merged.clone(),
            origin: self.origin.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        };
        serde_json::to_string(&image).unwrap_or_default()
    }

    /// Reads what [`Profile::to_image`] wrote.
    ///
    /// # Errors
    /// If it is not an image of a profile.
    pub fn from_image(text: &str) -> Result<Arc<Self>, serde_json::Error> {
        let image: Image = serde_json::from_str(text)?;
        Ok(Arc::new(Self {
            id: image.id,
            external_id: image.external_id,
            former_ids: image.former_ids,
            aliases: image.aliases,
            email: image.email,
            phone: image.phone,
            line_id: image.line_id,
            fields: image.fields,
            custom: Document::parse(&image.custom)?,
            own: image.own,
            merged: image.merged,
            origin: image.origin,
            created_at: image.created_at,
            updated_at: image.updated_at,
            version: image.version,
        }))
    }
}
