//! What an incoming custom attribute does to a profile.
