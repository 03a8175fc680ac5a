//! Reading the file in pieces, never as a whole.

use std::io::{self, Read};
use std::path::Path;

use tokio::sync::mpsc;

use crate::failure::Failure;

/// Bytes read at a time.
const PIECE: usize = 1 << 18;

/// Longest header row that is kept for the report.
const HEADER: usize = 1 << 20;

/// Where the bytes come from.
pub(super) type Input = Box<dyn Read + Send>;

/// Opens the file, or standard input for `-`.
///
/// # Errors
/// If it cannot be opened: exit 1, as where the reading fails later.
pub(super) fn open(path: &Path) -> Result<Input, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let cannot = |error: io::Error| Failure::Failed(format!("{} cannot be opened: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        return Err(Failure::Failed(format!("{} is a folder, not a CSV file", path.display())));
    }
    Ok(Box::new(file))
}

/// Reads beside the runtime, a few pieces ahead; the channel ends with the file or an error.
pub(super) fn read(mut input: Input) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE];
            let read = match input.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => {
                    piece.truncate(count);
                    Ok(piece)
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let last = read.is_err();
            if sender.blocking_send(read).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// The beginning of the file, for the column names of the report.
#[derive(Default)]
pub(super) struct Header(Vec<u8>);

impl Header {
    /// Keeps what belongs to the beginning.
    pub(super) fn take(&mut self, piece: &[u8]) {
        let room = HEADER.saturating_sub(self.0.len());
        self.0.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// The column names.
    pub(super) fn columns(&self) -> Vec<String> {
        let text = self.0.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.0);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let mut row = csv::ByteRecord::new();
        // A header that cannot be read was refused before any row had a report line.
        let _ = reader.read_byte_record(&mut row);
        row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Header;

    #[test]
    fn column_names_are_read_from_pieces_without_the_byte_order_mark() {
        let mut header = Header::default();
        for piece in ["\u{feff}external_id,\"na", "me, first\"\r\n1,2\r\n"] {
            header.take(piece.as_bytes());
        }
        assert_eq!(header.columns(), ["external_id", "name, first"]);
    }
}
