//! A number by which two tables are compared, whatever the order in which their rows are read.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{Cell, Held, Row, Table};
use crate::Fault;

/// The sum of the first 16 bytes of every row's SHA-256: a row more, less or other changes it, the order does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(u128);

impl Checksum {
    /// Of a whole table, with the number of its rows; `told` hears how many are read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(
        held: &mut dyn Held,
        table: &'static Table,
        mut told: impl FnMut(u64) + Send,
    ) -> Result<(u64, Self), Fault> {
        let (mut sum, mut count, mut from) = (Self::default(), 0, None);
        loop {
            let page = held.page(table, from.as_deref()).await?;
            for row in &page.rows {
                sum.add(table, row);
            }
            count += page.rows.len() as u64;
            told(count);
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok((count, sum)),
            }
        }
    }

    fn add(&mut self, table: &Table, row: &Row) {
        let mut hash = Sha256::new();
        let compared = row.len().saturating_sub(table.uncompared);
        for cell in &row[..compared] {
            let number;
            let (mark, bytes): (u8, &[u8]) = match cell {
                Cell::Null => (0, &[]),
                Cell::Number(value) => {
                    number = value.to_be_bytes();
                    (1, &number)
                }
                Cell::Text(text) => (2, text.as_bytes()),
                Cell::Bytes(bytes) => (3, bytes),
            };
            // With its length before it, so that what one cell ends with is not what the next begins with.
            hash.update([mark]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hash.finalize()[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(first));
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
