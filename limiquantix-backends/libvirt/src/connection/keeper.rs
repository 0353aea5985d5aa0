use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use limiquantix_core::contract::InstanceEvent;
use limiquantix_core::error::Result;
use limiquantix_core::identity::VmId;
use tokio::sync::{broadcast, watch};
use virt::connect::Connect;

use super::{EVENTS_KEPT, Status};
use crate::error::unavailable;
use crate::ffi::{self, Wire};

/// Seconds between keep-alives, and how many may be missed: a frozen daemon is found out after 12 s. Much
/// less would take a busy one for dead.
const KEEP_ALIVE: (i32, u32) = (3, 3);
/// How often libvirt is asked whether it has given the connection up; the answer is a flag in this process. With
/// several calls waiting on a frozen daemon, libvirt (11.3) fails one of them, keeps the others waiting, and does not
/// call back to say that the connection is closed.
const LOOK: Duration = Duration::from_secs(1);
/// Pauses between attempts to connect double from the first of these to the second: soon enough after a quick
/// restart, and no load on a host whose libvirt stays away.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Keeps one connection open, on a thread of its own: opening can block for as long as the daemon likes.
pub(super) struct Keeper {
    status: watch::Receiver<Status>,
    events: broadcast::Sender<InstanceEvent>,
    notes: Sender<Note>,
}

enum Note {
    /// The connection with this number is dead.
    Closed(u64, &'static str),
    /// Nobody needs a connection any more.
    Enough,
}

impl Keeper {
    pub(super) fn start(uri: &str) -> Result<Self> {
        let unknown = Status::Down("libvirt has not answered yet".to_owned(), Instant::now());
        let (status_in, status) = watch::channel(unknown);
        let events = broadcast::channel(EVENTS_KEPT).0;
        let (notes, inbox) = channel();
        let work = Work {
            uri: uri.to_owned(),
            status: status_in,
            events: events.clone(),
            notes: notes.clone(),
            inbox,
        };
        std::thread::Builder::new()
            .name("libvirt-keeper".to_owned())
            .spawn(move || work.run())
            .map_err(|e| unavailable("cannot start a thread for libvirt").caused_by(e))?;
        Ok(Self {
            status,
            events,
            notes,
        })
    }

    pub(super) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    pub(super) fn events(&self) -> broadcast::Receiver<InstanceEvent> {
        self.events.subscribe()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The thread may hang in an open call; it ends when that does.
        let _ = self.notes.send(Note::Enough);
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match &*self.status.borrow() {
            Status::Connected(_) => "connected",
            Status::Down(words, _) => words,
        }
        .to_owned();
        f.debug_struct("Keeper")
            .field("status", &words)
            .finish_non_exhaustive()
    }
}

struct Work {
    uri: String,
    status: watch::Sender<Status>,
    events: broadcast::Sender<InstanceEvent>,
    notes: Sender<Note>,
    inbox: Receiver<Note>,
}

impl Work {
    fn run(self) {
        let (mut pause, mut since) = (PAUSES.0, Instant::now());
        for number in 0.. {
            match self.open(number) {
                Ok((connect, subscription)) => {
                    let watched = Arc::clone(&connect);
                    self.status.send_replace(Status::Connected(connect));
                    if number > 0 {
                        // Subscribed before it is said, so nothing falls between the two.
                        let _ = self.events.send(InstanceEvent::Resync);
                    }
                    let Some(words) = self.wait_for_end(number, &watched) else {
                        return;
                    };
                    tracing::warn!(uri = self.uri, "lost libvirt: {words}; connecting again");
                    (pause, since) = (PAUSES.0, Instant::now());
                    self.status.send_replace(Status::Down(words.to_owned(), since));
                    // libvirt is asked for it on the connection that was lost, which can take until a frozen daemon
                    // thaws; the next connection must not wait for that.
                    let farewell = std::thread::Builder::new().name("libvirt-farewell".to_owned());
                    if let Err(e) = farewell.spawn(move || drop(subscription)) {
                        tracing::warn!(error = %e, "cannot start a thread to leave a lost connection");
                    }
                }
                Err(e) => {
                    let words = format!("cannot connect to {}: {}", self.uri, e.message());
                    self.status.send_replace(Status::Down(words, since));
                    if !self.sleep(pause) {
                        return;
                    }
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    fn open(&self, number: u64) -> Result<(Arc<Connect>, ffi::Subscription), virt::error::Error> {
        let connect = Connect::open(Some(&self.uri))?;
        // libvirt's test driver lives in this process and has no keep-alives.
        if let Err(e) = connect.set_keep_alive(KEEP_ALIVE.0, KEEP_ALIVE.1) {
            tracing::debug!(uri = self.uri, error = e.message(), "no keep-alives");
        }
        let wire: Arc<dyn Wire> = Arc::new(Tap {
            number,
            events: self.events.clone(),
            notes: Mutex::new(self.notes.clone()),
        });
        let subscription = ffi::subscribe(&connect, &wire)?;
        Ok((Arc::new(connect), subscription))
    }

    /// Waits until connection `number` is dead and says how it died; nothing when it is not needed any more.
    fn wait_for_end(&self, number: u64, connect: &Connect) -> Option<&'static str> {
        loop {
            match self.inbox.recv_timeout(LOOK) {
                Ok(Note::Closed(which, words)) if which == number => return Some(words),
                Err(RecvTimeoutError::Timeout) if matches!(connect.is_alive(), Ok(false)) => {
                    return Some("it has stopped answering");
                }
                Ok(Note::Closed(..)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Note::Enough) | Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// False when no connection is needed any more.
    fn sleep(&self, time: Duration) -> bool {
        !matches!(
            self.inbox.recv_timeout(time),
            Ok(Note::Enough) | Err(RecvTimeoutError::Disconnected)
        )
    }
}

/// What the callbacks of one connection write to.
struct Tap {
    number: u64,
    events: broadcast::Sender<InstanceEvent>,
    notes: Mutex<Sender<Note>>,
}

impl Wire for Tap {
    fn changed(&self, vm: VmId) {
        // An error means that nobody listens at present.
        let _ = self.events.send(InstanceEvent::Changed(vm));
    }

    fn closed(&self, reason: &'static str) {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = notes.send(Note::Closed(self.number, reason));
    }
}
