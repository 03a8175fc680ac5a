//! Phone numbers: as written, and as E.164.
