//! Section 5 and `MF-4`: states that a profile holds itself.

use super::*;
use GlobalState::{OptedIn, Subscribed, Unsubscribed};

fn group(number: u8) -> GroupId {
    GroupId(uuid::Uuid::from_bytes([number; 16]))
}

fn own(number: u8, own: OwnStates) -> Profile {
    Profile { own, ..profile(number) }
}

/// MF-4: an opt-out of either side stays one; else K's, else M's.
#[test]
fn an_email_opt_out_of_either_side_stays_one() {
    let with = |number, email| own(number, OwnStates { email, ..OwnStates::default() });
    for (ours, theirs, expected) in [
        (None, None, None),
        (None, Some(OptedIn), Some(OptedIn)),
        (Some(OptedIn), None, Some(OptedIn)),
        (Some(Subscribed), Some(OptedIn), Some(Subscribed)),
        (Some(OptedIn), Some(Unsubscribed), Some(Unsubscribed)),
        (Some(Unsubscribed), Some(OptedIn), Some(Unsubscribed)),
        (None, Some(Unsubscribed), Some(Unsubscribed)),
    ] {
        let combined = combine(&with(1, ours), &with(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.own.email, expected, "{ours:?} {theirs:?}");
    }
}

/// Section 5: `push_subscribe` is K's, even if it has none.
#[test]
fn push_is_the_survivors() {
    let with = |number, push| own(number, OwnStates { push, ..OwnStates::default() });
    for (ours, theirs) in
        [(Some(OptedIn), Some(Unsubscribed)), (None, Some(OptedIn)), (Some(Unsubscribed), None)]
    {
        let combined = combine(&with(1, ours), &with(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.own.push, ours);
    }
}

/// Section 5: in groups K's state stays, and gaps take M's.
#[test]
fn gaps_in_groups_take_the_others() {
    use GroupState as State;
    let states = |one, two: Option<GroupState>| {
        std::iter::once((group(1), one)).chain(two.map(|state| (group(2), state))).collect()
    };
    let kept = OwnStates {
        email_groups: states(State::Subscribed, None),
        phone_groups: states(State::Unsubscribed, None),
        ..OwnStates::default()
    };
    let removed = OwnStates {
        email_groups: states(State::Unsubscribed, Some(State::Subscribed)),
        phone_groups: states(State::Subscribed, Some(State::Unsubscribed)),
        ..OwnStates::default()
    };
    let combined = combine(&own(1, kept), &own(2, removed), Filling::Gaps).profile.own;
    assert_eq!(combined.email_groups, states(State::Subscribed, Some(State::Subscribed)));
    assert_eq!(combined.phone_groups, states(State::Unsubscribed, Some(State::Unsubscribed)));
}
