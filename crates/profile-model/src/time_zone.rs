//! Time zone names: IANA and Rails.
