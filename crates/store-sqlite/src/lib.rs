//! The storage contract on one embedded SQLite file.
