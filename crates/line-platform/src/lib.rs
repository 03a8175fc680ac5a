//! What LINE says and how to ask it: webhook types, signatures, Messaging API client.
