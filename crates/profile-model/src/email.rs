//! Email addresses: as written, and the key they match by.
