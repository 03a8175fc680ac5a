//! Buckets: how a huge workspace is spread over several shards.

/// Into how many buckets a workspace is spread: 1 to [`Buckets::MAX`], for the life of the workspace. An ordinary
/// workspace has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Buckets(u8);

impl Buckets {
    /// Everything in one shard.
    pub const ONE: Self = Self(1);

    /// Most buckets of a workspace.
    pub const MAX: u8 = 32;

    /// So many; `None` for none or too many.
    #[must_use]
    pub const fn new(count: u8) -> Option<Self> {
        if count == 0 || count > Self::MAX { None } else { Some(Self(count)) }
    }

    /// Their number.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }

    /// Whether everything is in one shard.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.0 == 1
    }

    /// The bucket of a normalised value, whatever the value's kind, so that a LINE ID, its `line_id` alias, its
    /// friendships and its inbox rows meet. Stored in keys: never change it.
    ///
    /// FNV-1a with a final mix, because ids that differ in their last digits must spread, too.
    #[must_use]
    pub fn of(self, value: &[u8]) -> u8 {
        if self.is_one() {
            return 0;
        }
        let hash = value.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        u8::try_from(mixed % u64::from(self.0)).unwrap_or(0)
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self::ONE
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;

    #[test]
    fn values_stay_where_they_are() {
        let sixteen = Buckets::new(16).unwrap();
        let found: Vec<_> = ["", "a", "customer-1", "U89f4a626548ccd48482f529a482f138b"]
            .iter()
            .map(|value| sixteen.of(value.as_bytes()))
            .collect();
        assert_eq!(found, [4, 12, 14, 2]);
        assert_eq!(Buckets::ONE.of(b"a"), 0);
    }

    #[test]
    fn there_is_at_least_one_and_at_most_what_a_profile_id_keeps() {
        assert_eq!(Buckets::new(0), None);
        assert_eq!(Buckets::new(33), None);
        assert_eq!(Buckets::new(32).map(Buckets::count), Some(32));
        assert_eq!(Buckets::new(1), Some(Buckets::default()));
    }

    #[test]
    fn values_that_count_up_spread_evenly() {
        let (eight, mut counts) = (Buckets::new(8).unwrap(), [0_u32; 8]);
        for number in 0..8_000 {
            counts[usize::from(eight.of(format!("customer-{number}").as_bytes()))] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
