//! Countries: ISO 3166-1 alpha-2, and the names people write.
