//! Buckets: how a huge workspace is spread over several shards.

/// The bucket of a normalised value among `buckets`, whatever the value's kind, so that a LINE ID, its `line_id` alias
/// and its friendship meet. Stored in keys: never change it.
///
/// FNV-1a with a final mix, because ids that differ in their last digits must spread, too.
#[must_use]
pub fn bucket_of(value: &[u8], buckets: u8) -> u8 {
    if buckets <= 1 {
        return 0;
    }
    let hash = value.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    u8::try_from(mixed % u64::from(buckets)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::bucket_of;

    #[test]
    fn values_stay_where_they_are() {
        let found: Vec<_> = ["", "a", "customer-1", "U89f4a626548ccd48482f529a482f138b"]
            .iter()
            .map(|value| bucket_of(value.as_bytes(), 16))
            .collect();
        assert_eq!(found, [4, 12, 14, 2]);
        assert_eq!(bucket_of(b"a", 1), 0);
        assert_eq!(bucket_of(b"a", 0), 0);
    }

    #[test]
    fn values_that_count_up_spread_evenly() {
        let mut counts = [0_u32; 8];
        for number in 0..8_000 {
            counts[usize::from(bucket_of(format!("customer-{number}").as_bytes(), 8))] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}
