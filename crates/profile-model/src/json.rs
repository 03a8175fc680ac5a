//! What both engines must store alike: canonical JSON values.
