//! Points in time and the date formats people send.
