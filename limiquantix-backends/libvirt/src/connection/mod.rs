//! The one connection to libvirt that everything here shares.
//!
//! ```text
//!  verbs ── Link::call(closure) ──▶ blocking thread ──▶ Connect ──▶ libvirtd
//!               ▲      │ bounded in time, in number, and one at a time per VM
//!               │      ▼
//!          watch: the connection as it is now
//!               ▲
//!  keeper thread ── opens, subscribes, waits for its end, opens again with growing pauses
//!               │
//!               └─ broadcast: InstanceEvent, Resync after every opening but the first
//! ```
//!
//! libvirt's calls block, and one to a frozen daemon blocks until keep-alives have found that out. So a call
//! runs on a thread of its own and its caller waits only so long. What the caller then no longer waits for may
//! still happen: such a call keeps its VM's turn until it has ended, so that no later verb overtakes it, and it
//! stops before its next effect ([`Session::go_on`]).

mod event_loop;
mod keeper;
mod turns;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use limiquantix_core::contract::InstanceEvent;
use limiquantix_core::error::Result;
use limiquantix_core::identity::VmId;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::timeout;
use virt::connect::Connect;

use self::keeper::Keeper;
use self::turns::{Turn, Turns};
use crate::error::{CallResult, Failure, unavailable};

/// For how long after a connection was lost callers wait for the next. A restarting daemon is back in two seconds;
/// after this much they are told at once.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// For calls that read or write libvirt's own state: milliseconds on a healthy host. Keep-alives need about
/// 12 s to find a frozen daemon.
const QUICK: Duration = Duration::from_secs(15);
/// For calls that start or kill a process: libvirt itself gives a QEMU that ignores SIGTERM 15 s, and a loaded
/// host may need several to start one.
const SLOW: Duration = Duration::from_secs(90);
/// For calls that write or read a guest's whole memory: a minute for every few gigabytes.
const LONG: Duration = Duration::from_secs(3600);
/// Calls under way at once, quick, slow and long ones counted apart. libvirtd works at five of one connection
/// (`max_client_requests`) and queues the rest, so three starts and a snapshot at a time leave it able to answer questions. With a
/// frozen daemon this also bounds the threads that hang.
const AT_ONCE: (usize, usize, usize) = (4, 3, 1);
/// How long a slow call may wait for its place: after a reboot of the node all its guests are started at once.
const SLOW_QUEUE: Duration = Duration::from_secs(600);
/// For how long a call may still come back by itself, with libvirt's own words, once its connection is lost.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Events kept for a subscriber that is slow. One that falls behind further is told to look at everything.
const EVENTS_KEPT: usize = 1024;

/// A handle to the shared connection. Clones share it; with the last one it is closed.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    keeper: Arc<Keeper>,
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    long: Arc<Semaphore>,
    turns: Turns,
}

/// The connection as it is now.
#[derive(Clone)]
enum Status {
    Connected(Arc<Connect>),
    /// Not now, why, and since when.
    Down(String, Instant),
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Quick,
    Slow,
    Long,
}

/// What a closure given to [`Link::call`] works with.
pub(crate) struct Session {
    connect: Arc<Connect>,
    given_up: Arc<AtomicBool>,
}

impl Session {
    pub(crate) fn connect(&self) -> &Connect {
        &self.connect
    }

    /// To be asked before every effect but the first: the caller of a call that took too long has been told
    /// that it failed, and has perhaps decided otherwise since.
    pub(crate) fn go_on(&self) -> CallResult<()> {
        if self.given_up.load(Ordering::Acquire) {
            return Err(Failure::Ours(unavailable("nobody waits for this call any more")));
        }
        Ok(())
    }
}

/// Tells the closure that its caller is gone, also when the caller was dropped.
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Link {
    /// Starts to keep a connection to `uri`. Does not wait for it.
    pub(crate) fn keep(uri: &str) -> Result<Self> {
        event_loop::start()?;
        Ok(Self {
            keeper: Arc::new(Keeper::start(uri)?),
            quick: Arc::new(Semaphore::new(AT_ONCE.0)),
            slow: Arc::new(Semaphore::new(AT_ONCE.1)),
            long: Arc::new(Semaphore::new(AT_ONCE.2)),
            turns: Turns::default(),
        })
    }

    /// Runs `work` with the connection. `what` begins the error message, for example `cannot list VMs`.
    pub(crate) async fn call<T, F>(&self, what: &str, pace: Pace, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> CallResult<T> + Send + 'static,
    {
        self.run(what, pace, None, work).await
    }

    /// The same, when it is the VM's turn: calls for one VM never overlap.
    pub(crate) async fn call_for<T, F>(&self, vm: VmId, what: &str, pace: Pace, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> CallResult<T> + Send + 'static,
    {
        let waiting = timeout(QUICK, self.turns.of(vm));
        let turn = waiting
            .await
            .map_err(|_| unavailable(format!("{what}: an earlier call for this VM has not come back")))?;
        self.run(what, pace, Some(turn), work).await
    }

    async fn run<T, F>(&self, what: &str, pace: Pace, turn: Option<Turn>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Session) -> CallResult<T> + Send + 'static,
    {
        let (limit, calls, queue) = match pace {
            Pace::Quick => (QUICK, &self.quick, QUICK),
            Pace::Slow => (SLOW, &self.slow, SLOW_QUEUE),
            Pace::Long => (LONG, &self.long, LONG),
        };
        let given_up = Arc::new(AtomicBool::new(false));
        let _giving_up = GiveUp(Arc::clone(&given_up));
        let place = timeout(queue, Arc::clone(calls).acquire_owned());
        let Ok(Ok(place)) = place.await else {
            return Err(unavailable(format!(
                "{what}: libvirt does not answer the calls before this one"
            )));
        };
        let connect = self.connection(what).await?;
        let lost = self.lost(Arc::downgrade(&connect));
        let session = Session { connect, given_up };
        let mut blocking = tokio::task::spawn_blocking(move || {
            let outcome = if session.given_up.load(Ordering::Acquire) {
                session.go_on().and_then(|()| work(&session))
            } else {
                work(&session)
            };
            drop((turn, place));
            outcome
        });
        let answer = tokio::select! {
            outcome = timeout(limit, &mut blocking) => outcome.map_err(|_| {
                unavailable(format!("{what}: libvirt did not answer within {limit:?}"))
            }),
            words = lost => timeout(LAST_WORDS, blocking)
                .await
                .map_err(|_| unavailable(format!("{what}: {words}"))),
        }?;
        match answer {
            Ok(outcome) => outcome.map_err(|failure| failure.explain(what)),
            // The closure panicked: a bug of ours, which must not take the agent along.
            Err(e) => Err(limiquantix_core::Error::internal(format!("{what}: {e}"))),
        }
    }

    /// Comes back when `connect` is not the connection any more, and says why. libvirt ends only one of the calls
    /// that wait on a connection when keep-alives find it dead (seen with 11.3); the others wait on.
    fn lost(&self, connect: Weak<Connect>) -> impl Future<Output = String> + use<> {
        let mut status = self.keeper.status();
        async move {
            let other = |now: &Status| match now {
                Status::Connected(now) => !std::ptr::eq(Arc::as_ptr(now), connect.as_ptr()),
                Status::Down(..) => true,
            };
            match status.wait_for(other).await.as_deref() {
                Ok(Status::Down(words, _)) => words.clone(),
                Ok(Status::Connected(_)) | Err(_) => "the connection to libvirt was lost".to_owned(),
            }
        }
    }

    /// The connection; waits for it as long as one may hope that it is only being restarted.
    async fn connection(&self, what: &str) -> Result<Arc<Connect>> {
        let mut status = self.keeper.status();
        let waited = match &*status.borrow() {
            Status::Connected(connect) => return Ok(Arc::clone(connect)),
            Status::Down(_, since) => since.elapsed(),
        };
        let connected = status.wait_for(|s| matches!(s, Status::Connected(_)));
        // Either way the status is looked at next: it may have changed once more.
        drop(timeout(CONNECT_PATIENCE.saturating_sub(waited), connected).await);
        let words = match &*status.borrow() {
            Status::Connected(connect) => return Ok(Arc::clone(connect)),
            Status::Down(words, _) => words.clone(),
        };
        Err(unavailable(format!("{what}: {words}")))
    }

    /// Every event from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<InstanceEvent> {
        self.keeper.events()
    }
}
