//! Ids in examples. The answer of one example shows an id, later ones use it: a test that tries them puts the real one in
//! its place.

/// A user: `hanako`.
pub(super) const USER: u8 = 1;
/// The user that was merged into hanako.
pub(super) const MERGED: u8 = 2;
/// A merge.
pub(super) const MERGE: &str = "018f0000-0000-7000-8000-000000000003";
/// The `braze_id` of hanako, where a constant is needed.
pub(super) const USER_ID: &str = "018f0000-0000-7000-8000-000000000001";
/// A subscription group.
pub(super) const GROUP: &str = "018f0000-0000-7000-8000-000000000004";
/// The subscription group of a LINE channel.
pub(super) const LINE_GROUP: &str = "018f0000-0000-7000-8000-000000000005";
/// A suppression.
pub(super) const SUPPRESSION: &str = "018f0000-0000-7000-8000-000000000006";
/// A merge of duplicates.
pub(super) const JOB: &str = "018f0000-0000-7000-8000-000000000007";
/// A group that is left to a person.
pub(super) const PARKED: &str = "018f0000-0000-7000-8000-000000000008";
/// A sync of followers.
pub(super) const SYNC: &str = "018f0000-0000-7000-8000-000000000009";
/// An import.
pub(super) const IMPORT: &str = "018f0000-0000-7000-8000-00000000000a";
/// A LINE user.
pub(super) const LINE_USER: &str = "U89f4a626548ccd48482f529a482f138b";
/// A LINE channel.
pub(super) const CHANNEL: &str = "1234567890";
/// Its provider.
pub(super) const PROVIDER: &str = "1000000001";

/// The sample UUID with this number.
pub(super) fn uuid_of(number: u8) -> String {
    format!("018f0000-0000-7000-8000-{number:012x}")
}
