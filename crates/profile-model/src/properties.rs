//! Properties of events and purchases.
