//! Merges that can no longer be undone: their images and the log that only they needed go.

use profile_model::Timestamp;
use profile_store::{Expired, Fault};

use crate::fault::to_fault;
use crate::statement::{Counted, plain};

/// The survivors of the oldest merges that are over; the same ones for both statements of a step.
const OVER: &str = "SELECT id, kept FROM merges WHERE undo_until <= ?1 AND kept_image IS NOT NULL \
                    ORDER BY undo_until, id LIMIT ?2";

/// One step inside a write transaction: the log first, so that what one step leaves of it is still found by the next.
pub(crate) async fn expire(counted: &mut Counted<'_>, now: Timestamp, limit: u32) -> Result<Expired, Fault> {
    let log = crate::statement::composed(format!(
        "-- expire_merge_log\nDELETE FROM merge_log WHERE lid IN (SELECT l.lid FROM (SELECT DISTINCT kept FROM ({OVER})) o \
         CROSS JOIN merge_log l ON l.survivor = o.kept WHERE NOT EXISTS (SELECT 1 FROM merges m \
         WHERE m.kept = l.survivor AND m.kept_image IS NOT NULL AND m.undo_until > ?1 AND m.at <= l.at) LIMIT ?2)"
    ));
    let log = log.bind(now.as_micros()).bind(i64::from(limit));
    let writes = counted.execute(log).await.map_err(|error| to_fault(&error))?;
    if writes >= u64::from(limit) {
        return Ok(Expired { merges: 0, writes });
    }
    let images = plain(
        "-- expire_merges\nUPDATE merges SET kept_image = NULL, removed_image = NULL, states = '[]' WHERE id IN \
         (SELECT id FROM merges WHERE undo_until <= ?1 AND kept_image IS NOT NULL \
         ORDER BY undo_until, id LIMIT ?2)",
    );
    let images = images.bind(now.as_micros()).bind(i64::from(limit));
    let merges = counted.execute(images).await.map_err(|error| to_fault(&error))?;
    Ok(Expired { merges, writes })
}
