//! A stand-in for the LINE platform on loopback, for tests, demos and development.
