use super::*;

const WORKSPACE: WorkspaceId = WorkspaceId(1);

/// Takes one; what is left, or the seconds to wait.
fn take(quotas: &Quotas, pool: Pool) -> Result<u32, u64> {
    let meter = Meter::default();
    match quotas.take(RateLimits::Braze, WORKSPACE, pool, Some(&meter)) {
        Ok(()) => Ok(meter.reading().remaining),
        Err(_) => Err(meter.reading().left.as_secs()),
    }
}

/// RL-1, section 0.2: exactly as many as the table says in each window, whatever the windows before used.
#[tokio::test(start_paused = true)]
async fn a_window_has_exactly_its_limit() {
    for pool in [
        Pool::Track,
        Pool::TrackSync,
        Pool::TrackBulk,
        Pool::Identity,
        Pool::Rename,
        Pool::Export,
        Pool::CostlyExport,
        Pool::StatusSet,
        Pool::Catalogue,
        Pool::Shared,
    ] {
        let (limit, seconds) = pool.limit();
        let quotas = Quotas::default();
        for used in [limit, limit / 2, limit, 1, limit] {
            for taken in 1..=used {
                assert_eq!(take(&quotas, pool), Ok(limit - taken), "{pool:?}");
            }
            if used == limit {
                assert_eq!(take(&quotas, pool), Err(seconds), "{pool:?}");
                tokio::time::advance(Duration::from_millis(seconds * 1000 - 1)).await;
                assert!(take(&quotas, pool).is_err(), "{pool:?}");
                tokio::time::advance(Duration::from_millis(1)).await;
            } else {
                tokio::time::advance(Duration::from_secs(seconds)).await;
            }
        }
    }
}

/// Section 0.2: the five identity calls share one pool, renaming and removing have one each.
#[test]
fn routes_share_the_pools_of_the_table() {
    let shared =
        ["/users/delete", "/users/alias/new", "/users/alias/update", "/users/identify", "/users/merge"];
    assert!(shared.iter().all(|route| Pool::of(route) == Pool::Identity));
    assert_ne!(Pool::of("/users/external_ids/rename"), Pool::of("/users/external_ids/remove"));
    assert_eq!(Pool::of("/subscription/status/get"), Pool::Shared);
    assert_eq!(Pool::of("/events"), Pool::of("/purchases/product_list"));
}

/// Per workspace; a workspace with limits off counts nothing.
#[tokio::test(start_paused = true)]
async fn workspaces_do_not_count_for_each_other() {
    let quotas = Quotas::default();
    let take = |limits, workspace| quotas.take(limits, WorkspaceId(workspace), Pool::TrackBulk, None).is_ok();
    for _ in 0..5 {
        assert!(take(RateLimits::Braze, 1));
    }
    assert!(!take(RateLimits::Braze, 1));
    assert!(take(RateLimits::Braze, 2));
    for _ in 0..10 {
        assert!(take(RateLimits::Off, 1));
    }
}

/// RL-2: the reset is an epoch second that lies not before the end of the window.
#[tokio::test(start_paused = true)]
async fn the_reset_is_the_end_of_the_window() {
    let mut headers = HeaderMap::new();
    Reading { limit: 5, remaining: 2, left: Duration::from_millis(1500) }.show(&mut headers);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let reset: u64 = headers["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert!((now + 1..=now + 3).contains(&reset));
    assert_eq!(
        (&headers["x-ratelimit-limit"], &headers["x-ratelimit-remaining"]),
        (&"5".parse().unwrap(), &"2".parse().unwrap())
    );
}
