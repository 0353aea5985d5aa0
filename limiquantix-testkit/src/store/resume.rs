//! Watches that were interrupted go on without a gap, or are told that they cannot.

use limiquantix_core::contract::WatchFilter;
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::resource::Revision;

use super::watch::busy;
use super::{Harness, StoreSettings, create, follow, fresh, revision, try_follow};
use crate::fixtures::vm;

const RETAIN: u64 = 16;

/// "A watch resumed from here continues after it": cut anywhere, the pieces make the whole.
pub async fn a_watch_resumes_at_every_position(h: Harness<'_>) {
    let store = fresh(h).await;
    let commits = busy(&*store, 30).await;
    for cut in 0..=30 {
        let mut first = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
        let mut seen = first.take(cut).await;
        let position = first.position();
        drop(first);
        let mut second = follow(&*store, position, WatchFilter::default()).await;
        seen.extend(second.take(30 - cut).await);
        assert_eq!(seen, commits, "cut after {cut}");
    }
}

/// "REVISION_EXPIRED when commits after `from` are no longer kept": never a silent gap.
pub async fn an_expired_revision_is_refused(h: Harness<'_>) {
    let store = h.open(StoreSettings { retain: RETAIN }).await;
    for n in 0..RETAIN * 6 {
        create(&*store, vm(&format!("vm-{n}"))).await;
    }
    for from in [0, 1, RETAIN] {
        let error = expiry(try_follow(&*store, Revision(from), WatchFilter::default()).await).await;
        assert_eq!(error.reason(), Reason::RevisionExpired, "from {from}");
    }
}

/// What is promised to be kept can be watched, to the last commit.
pub async fn the_kept_commits_can_all_be_watched(h: Harness<'_>) {
    let store = h.open(StoreSettings { retain: RETAIN }).await;
    for n in 0..RETAIN * 6 {
        create(&*store, vm(&format!("vm-{n}"))).await;
        let now = revision(&*store).await;
        let from = Revision(now.0.saturating_sub(RETAIN));
        if n % 7 == 0 {
            let kept = (now.0 - from.0) as usize;
            let seen = follow(&*store, from, WatchFilter::default())
                .await
                .take(kept)
                .await;
            assert_eq!(seen.first().map(|c| c.revision), Some(from.next()));
            assert_eq!(seen.last().map(|c| c.revision), Some(now));
        }
    }
}

/// "As the stream's last item": a follower that stopped reading for too long is told, and does not skip.
pub async fn a_watch_left_behind_ends_with_expired(h: Harness<'_>) {
    let store = h.open(StoreSettings { retain: RETAIN }).await;
    let first = create(&*store, vm("first")).await;
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    assert_eq!(watch.next().await, first);
    for n in 0..RETAIN * 8 {
        create(&*store, vm(&format!("vm-{n}"))).await;
    }
    let mut expected = first.revision.next();
    let error = loop {
        match watch.item().await.expect("it ends with an error, not silently") {
            // What it had taken from the log before it was cut may still come, without a gap.
            Ok(commit) => assert_eq!(commit.revision, expected, "a gap"),
            Err(error) => break error,
        }
        expected = expected.next();
    };
    assert_eq!(error.reason(), Reason::RevisionExpired);
    assert!(watch.item().await.is_none(), "an expired watch went on");
    let now = revision(&*store).await;
    assert!(expected < now, "it had everything, and was cut nevertheless");
}

/// The error of an expired watch, whether it came at once or through the stream.
pub(super) async fn expiry(watch: Result<super::Follower, Error>) -> Error {
    match watch {
        Err(error) => error,
        Ok(mut follower) => match follower.item().await.expect("it ends with an error") {
            Err(error) => error,
            Ok(commit) => panic!("an expired watch showed revision {}", commit.revision),
        },
    }
}
