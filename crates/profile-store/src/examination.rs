//! What a look at a whole database found, for `doctor`.

/// What was found. A backend reads, changes nothing and does not migrate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// What the engine's own check complains of; empty if nothing, or if the engine has none.
    pub damage: Vec<String>,
    /// Version of the schema; 0 if there is none.
    pub schema_version: i64,
    /// The version that the backend wants.
    pub schema_wanted: i64,
    /// Look-up rows that lead to no profile; 0 in a sound database.
    pub orphans: i64,
    /// Table and number of rows.
    pub counts: Vec<(&'static str, i64)>,
}

impl Examination {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.orphans == 0 && self.schema_version == self.schema_wanted
    }
}
