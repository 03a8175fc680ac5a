//! Plain data and every rule: identifiers, attributes, events, subscriptions, the LINE scenario table as pure decisions.
