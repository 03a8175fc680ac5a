//! Answers kept for requests that come again.

use profile_model::{AnswerKey, ChangeSet, KeptAnswer, Timestamp};
use profile_store::Fault;
use sqlx::Row as _;

use crate::fault::{UnitFault, to_fault, unreadable};
use crate::statement::{Counted, plain};

/// Keeps an answer in place of all that are too old.
pub(crate) async fn put(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    let Some((answer, since)) = &change.answer else { return Ok(()) };
    let query = plain("-- drop_old_answers\nDELETE FROM answers WHERE at < ?");
    counted.execute(query.bind(since.as_micros())).await?;
    let query = plain(
        "-- keep_answer\nINSERT INTO answers (sk, key, request, at, status, sealed_body) \
         VALUES (?, ?, ?, ?, ?, ?)",
    );
    let query = query
        .bind(sk)
        .bind(answer.key.0.to_vec())
        .bind(answer.request.to_vec())
        .bind(answer.at.as_micros())
        .bind(i64::from(answer.status))
        .bind(answer.sealed_body.clone());
    counted.execute(query).await?;
    Ok(())
}

/// An answer by its name.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    sk: i64,
    key: AnswerKey,
) -> Result<Option<KeptAnswer>, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let query = plain(
        "-- load_answer\nSELECT request, at, status, sealed_body FROM answers WHERE sk = ? AND key = ?",
    );
    let rows = counted.fetch(query.bind(sk).bind(key.0.to_vec())).await.map_err(column)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let request: &[u8] = row.try_get(0).map_err(column)?;
    let status: i64 = row.try_get(2).map_err(column)?;
    Ok(Some(KeptAnswer {
        key,
        request: request.try_into().map_err(|_| unreadable("answers.request"))?,
        at: Timestamp::from_micros(row.try_get(1).map_err(column)?),
        status: u16::try_from(status).map_err(|_| unreadable("answers.status"))?,
        sealed_body: row.try_get(3).map_err(column)?,
    }))
}
