//! Rows of a CSV file with their lines and offsets, in bounded memory, whatever the file holds.
//!
//! A quote that is never closed would swallow the rest of the file. Here a row that spans lines but has the wrong
//! number of cells (or grows past [`MAX_ROW_BYTES`]) costs its first line only: reading goes on at the next line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Longest row, quoted line breaks included.
pub(crate) const MAX_ROW_BYTES: usize = 1 << 20;

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Physical line of its first byte, 1-based.
    pub(crate) line: u64,
    /// Its cells, or why it has none.
    pub(crate) cells: Result<Vec<String>, RowFault>,
    /// The first line of a row that has none, as far as it is short, with U+FFFD for what is not UTF-8.
    pub(crate) text: String,
}

/// Most bytes of a faulty line that a report repeats.
const MAX_REPEATED: usize = 64 << 10;

/// Why a row could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowFault {
    /// A quote is not closed, or closed in the wrong place.
    #[error("a double quote is not closed; quotes inside a value must be doubled")]
    Quotes,
    /// A carriage return without a line feed, outside quotes.
    #[error("the line holds a carriage return outside quotes; end lines with LF or CRLF")]
    CarriageReturn,
    /// Not the header's number of cells.
    #[error("the row has {found} cells, the header has {wanted}")]
    Cells {
        /// In this row.
        found: usize,
        /// In the header.
        wanted: usize,
    },
    /// Not UTF-8.
    #[error("the row is not valid UTF-8; save the file as UTF-8")]
    Encoding,
    /// Longer than [`MAX_ROW_BYTES`].
    #[error("the row is longer than 1 MiB")]
    TooLong,
}

/// Where in a row we are, as far as quotes are concerned. A quote opens only at the start of a cell.
#[derive(Clone, Copy)]
enum Quoting {
    FieldStart,
    Plain,
    Inside,
    /// Behind a quote inside quotes: it closed the cell, or the next one doubles it.
    Closing,
    /// Something other than a delimiter stood behind a closing quote.
    Broken,
}

impl Quoting {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Broken, _) => Self::Broken,
            (Self::Inside, b'"') => Self::Closing,
            (Self::Inside, _) | (Self::FieldStart | Self::Closing, b'"') => Self::Inside,
            (_, b',' | b'\n') => Self::FieldStart,
            (Self::Closing, b'\r') => Self::Closing,
            (Self::Closing, _) => Self::Broken,
            (Self::FieldStart | Self::Plain, _) => Self::Plain,
        }
    }
}

struct Line {
    bytes: Vec<u8>,
    /// Cut at [`MAX_ROW_BYTES`]; the rest was skipped.
    cut: bool,
    size: u64,
}

/// Reads rows from any buffered input.
pub(crate) struct RowReader<R> {
    input: R,
    ahead: VecDeque<Line>,
    core: csv_core::Reader,
    wanted: Option<usize>,
    position: u64,
    line: u64,
}

impl<R: BufRead> RowReader<R> {
    /// Starts at byte `position`, physical line `line`. `wanted` is the header's number of cells, `None` for the
    /// header itself.
    pub(crate) fn new(input: R, wanted: Option<usize>, position: u64, line: u64) -> Self {
        Self { input, ahead: VecDeque::new(), core: csv_core::Reader::new(), wanted, position, line }
    }

    /// Byte offset behind the last row, and its line.
    #[must_use]
    pub(crate) const fn place(&self) -> (u64, u64) {
        (self.position, self.line)
    }

    /// The next row; blank lines are skipped (`CSV-4`). `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(crate) fn next_row(&mut self) -> io::Result<Option<Row>> {
        loop {
            if !self.fill(1)? {
                return Ok(None);
            }
            if self
                .ahead
                .front()
                .is_some_and(|line| line.bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ')))
            {
                self.consume(1);
                continue;
            }
            return self.read_row().map(Some);
        }
    }

    fn read_row(&mut self) -> io::Result<Row> {
        let line = self.line;
        let mut bytes = Vec::new();
        let (mut lines, mut quoting) = (0, Quoting::FieldStart);
        loop {
            if !self.fill(lines + 1)? {
                return Ok(self.faulty(RowFault::Quotes, 1));
            }
            let Some(next) = self.ahead.get(lines) else { break };
            if next.cut || bytes.len() + next.bytes.len() > MAX_ROW_BYTES {
                let fault = if lines == 0 { RowFault::TooLong } else { RowFault::Quotes };
                return Ok(self.faulty(fault, 1));
            }
            bytes.extend_from_slice(&next.bytes);
            lines += 1;
            quoting = next.bytes.iter().fold(quoting, |quoting, byte| quoting.after(*byte));
            match quoting {
                Quoting::Inside => {}
                Quoting::Broken => return Ok(self.faulty(RowFault::Quotes, 1)),
                _ => break,
            }
        }
        match self.split(&bytes) {
            Ok(cells) => {
                self.consume(lines);
                Ok(Row { line, cells: Ok(cells), text: String::new() })
            }
            Err(RowFault::Cells { .. }) if lines > 1 => Ok(self.faulty(RowFault::Quotes, 1)),
            Err(fault) => Ok(self.faulty(fault, lines)),
        }
    }

    /// The row at hand, which takes `lines` lines, as one that cannot be read.
    fn faulty(&mut self, fault: RowFault, lines: usize) -> Row {
        let line = self.line;
        let bytes =
            self.ahead.front().map(|line| line.bytes.as_slice()).filter(|bytes| bytes.len() <= MAX_REPEATED);
        let text =
            String::from_utf8_lossy(bytes.unwrap_or_default()).trim_end_matches(['\r', '\n']).to_owned();
        self.consume(lines);
        Row { line, cells: Err(fault), text }
    }

    fn split(&mut self, bytes: &[u8]) -> Result<Vec<String>, RowFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| RowFault::Encoding)?;
        let text = text.trim_end_matches(['\r', '\n']);
        self.core.reset();
        let mut output = vec![0; text.len() + 1];
        let mut cells = Vec::with_capacity(self.wanted.unwrap_or(16));
        let mut input = text.as_bytes();
        loop {
            let (result, read, written) = self.core.read_field(input, &mut output);
            input = &input[read..];
            match result {
                csv_core::ReadFieldResult::Field { record_end } => {
                    cells.push(cell(&output[..written])?);
                    // A lone carriage return inside the line ends a record: the row is malformed.
                    if record_end && !input.is_empty() {
                        return Err(RowFault::CarriageReturn);
                    }
                    if record_end {
                        break;
                    }
                }
                csv_core::ReadFieldResult::InputEmpty | csv_core::ReadFieldResult::End => {
                    // An empty input tells the splitter that the last field ends here.
                    let (result, _, more) = self.core.read_field(&[], &mut output[written..]);
                    if matches!(result, csv_core::ReadFieldResult::Field { .. }) {
                        cells.push(cell(&output[..written + more])?);
                    }
                    break;
                }
                csv_core::ReadFieldResult::OutputFull => return Err(RowFault::TooLong),
            }
        }
        match self.wanted {
            Some(wanted) if wanted != cells.len() => Err(RowFault::Cells { found: cells.len(), wanted }),
            _ => Ok(cells),
        }
    }

    /// Makes sure that `count` lines are ahead; false at the end of the input.
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        while self.ahead.len() < count {
            let mut bytes = Vec::new();
            let limit = MAX_ROW_BYTES as u64 + 1;
            let mut size = io::Read::take(&mut self.input, limit).read_until(b'\n', &mut bytes)? as u64;
            if size == 0 {
                return Ok(false);
            }
            let cut = size == limit && bytes.last() != Some(&b'\n');
            if cut {
                size += skip_line(&mut self.input)?;
            }
            self.ahead.push_back(Line { bytes, cut, size });
        }
        Ok(true)
    }

    fn consume(&mut self, lines: usize) {
        for line in self.ahead.drain(..lines) {
            self.position += line.size;
            self.line += 1;
        }
    }
}

fn cell(bytes: &[u8]) -> Result<String, RowFault> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| RowFault::Encoding)
}

/// Skips to behind the next line feed; how many bytes that were.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// The cells of a line that is no good row, for a report: as many as the header has. Too few are filled up, what is too much
/// stands in the last.
pub(crate) fn repeated(text: &str, wanted: usize) -> Vec<String> {
    let mut reader = RowReader::new(text.as_bytes(), None, 0, 1);
    let split = reader.next_row().ok().flatten().and_then(|row| row.cells.ok());
    let mut cells = split.unwrap_or_else(|| text.split(',').map(str::to_owned).collect());
    if cells.len() > wanted && wanted > 0 {
        let rest = cells.split_off(wanted - 1).join(",");
        cells.push(rest);
    }
    cells.resize(wanted, String::new());
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], wanted: usize) -> Vec<(u64, Result<Vec<String>, RowFault>)> {
        let mut reader = RowReader::new(text, Some(wanted), 0, 1);
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            rows.push((row.line, row.cells));
        }
        assert_eq!(reader.place().0, text.len() as u64);
        rows
    }

    fn ok(cells: &[&str]) -> Result<Vec<String>, RowFault> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    /// CSV-3, CSV-4.
    #[test]
    fn quotes_line_breaks_and_blank_lines_are_read_as_csv() {
        let text = b"a,\"b,\"\"c\"\"\"\r\n\r\n\"x\ny\",\n,last";
        assert_eq!(
            rows(text, 2),
            vec![(1, ok(&["a", "b,\"c\""])), (3, ok(&["x\ny", ""])), (5, ok(&["", "last"]))]
        );
    }

    /// CSV-2, CSV-3: one broken row costs that row only.
    #[test]
    fn an_unclosed_quote_costs_one_line_and_the_rest_is_read() {
        let text = b"1,\"open\n2,b\n3,\"q\"\n4,\"again\n5,e\n";
        let read = rows(text, 2);
        assert_eq!(read[0], (1, Err(RowFault::Quotes)));
        assert_eq!(read[1], (2, ok(&["2", "b"])));
        assert_eq!(read[2], (3, ok(&["3", "q"])));
        assert_eq!(read[3], (4, Err(RowFault::Quotes)));
        assert_eq!(read[4], (5, ok(&["5", "e"])));
    }

    #[test]
    fn wrong_cell_counts_bad_utf8_and_endless_lines_are_faults_of_their_row() {
        assert_eq!(
            rows(b"a\nb,c,d\nx,y\n", 2)[..2],
            [
                (1, Err(RowFault::Cells { found: 1, wanted: 2 })),
                (2, Err(RowFault::Cells { found: 3, wanted: 2 })),
            ]
        );
        assert_eq!(rows(b"a,\xff\nx,y\n", 2), vec![(1, Err(RowFault::Encoding)), (2, ok(&["x", "y"]))]);
        let mut long = vec![b'z'; MAX_ROW_BYTES + 10];
        long.extend_from_slice(b"\nx,y\n");
        assert_eq!(rows(&long, 2), vec![(1, Err(RowFault::TooLong)), (2, ok(&["x", "y"]))]);
    }

    /// CSV-21: what a report repeats of a faulty row, under as many columns as the file has.
    #[test]
    fn faulty_lines_are_repeated_under_the_columns_of_the_file() {
        assert_eq!(repeated("a", 3), ["a", "", ""]);
        assert_eq!(repeated("a,\"b,c\",d,e", 3), ["a", "b,c", "d,e"]);
        assert_eq!(repeated("a,\"open", 2), ["a", "\"open"]);
        assert_eq!(repeated("", 2), ["", ""]);
        let mut reader = RowReader::new(&b"a,\xff\n1\r2\n"[..], Some(2), 0, 1);
        let faulty = reader.next_row().unwrap().unwrap();
        assert_eq!((faulty.cells, faulty.text.as_str()), (Err(RowFault::Encoding), "a,\u{fffd}"));
        let faulty = reader.next_row().unwrap().unwrap();
        assert_eq!((faulty.cells, faulty.text.as_str()), (Err(RowFault::CarriageReturn), "1\r2"));
    }
}
