//! The record of subscription changes.

use profile_model::ChangeSet;

use super::run;
use crate::consents::{kind_and_value, of_text};
use crate::fault::UnitFault;
use crate::statement::{Counted, SetStatement};

static CONSENTS: SetStatement = SetStatement {
    text: "-- append_consents\nINSERT INTO consents (sk, kind, value, of, old, new, at, actor) \
           SELECT column1, column2, column3, column4, column5, column6, column7, column8 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL",
    columns: 8,
};

pub(super) async fn append(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    run(
        counted,
        &CONSENTS,
        &change.consents,
        |query| query,
        |query, consent| {
            let (kind, value) = kind_and_value(&consent.whose);
            query
                .bind(sk)
                .bind(kind)
                .bind(value)
                .bind(of_text(consent.to))
                .bind(consent.old.map(|state| state.as_str()))
                .bind(consent.new.map(|state| state.as_str()))
                .bind(consent.at.as_micros())
                .bind(serde_json::to_string(&consent.actor).unwrap_or_default())
        },
    )
    .await?;
    Ok(())
}
