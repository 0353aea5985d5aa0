use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::Error;
use virt::sys;

/// How many pieces of output may wait for a slow reader before libvirt is asked to hold the rest back.
const WAITING: usize = 64;
/// How much is taken from libvirt at once.
const PIECE: usize = 4096;
const INTEREST: sys::virStreamEventType =
    sys::VIR_STREAM_EVENT_READABLE | sys::VIR_STREAM_EVENT_HANGUP | sys::VIR_STREAM_EVENT_ERROR;

/// An open serial console. Its output arrives through the channel that [`ConsoleStream::open`] returns,
/// written there by the thread of the event loop; the channel ends when the console does.
pub(crate) struct ConsoleStream {
    pointer: sys::virStreamPtr,
    held_back: Arc<Notify>,
}

// SAFETY: libvirt's stream objects are locked inside; any thread may use one (the `virt` crate says the same
// of its own type).
unsafe impl Send for ConsoleStream {}
// SAFETY: as above.
unsafe impl Sync for ConsoleStream {}

/// What became of an attempt to send.
pub(crate) enum Sent {
    /// This many bytes are on their way.
    Bytes(usize),
    /// None now: try again a little later.
    NotNow,
}

struct Reader {
    output: Option<mpsc::Sender<Vec<u8>>>,
    held_back: Arc<Notify>,
}

impl ConsoleStream {
    /// Opens the first serial console of a running domain; whoever has it open loses it.
    pub(crate) fn open(connect: &Connect, domain: &Domain) -> Result<(Self, mpsc::Receiver<Vec<u8>>), Error> {
        // SAFETY: the connection is alive; the stream takes a reference of its own on it.
        let pointer = unsafe { sys::virStreamNew(connect.as_ptr(), sys::VIR_STREAM_NONBLOCK as c_uint) };
        if pointer.is_null() {
            return Err(Error::last_error());
        }
        let held_back = Arc::new(Notify::new());
        let stream = Self {
            pointer,
            held_back: Arc::clone(&held_back),
        };
        // SAFETY: domain and stream are alive; a null name means the first console.
        let outcome = unsafe {
            sys::virDomainOpenConsole(
                domain.as_ptr(),
                std::ptr::null(),
                pointer,
                sys::VIR_DOMAIN_CONSOLE_FORCE,
            )
        };
        if outcome == -1 {
            return Err(Error::last_error());
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let reader = Box::new(Reader {
            output: Some(sender),
            held_back,
        });
        let opaque: *mut c_void = Box::into_raw(reader).cast();
        // SAFETY: the stream is alive; `opaque` is a `Reader`, as the callbacks expect, and libvirt calls
        // `free` once, when the callback is taken back.
        let outcome = unsafe {
            sys::virStreamEventAddCallback(pointer, INTEREST as c_int, Some(on_event), opaque, Some(free))
        };
        if outcome == -1 {
            let error = Error::last_error();
            // SAFETY: registration failed, so libvirt has not kept the pointer and nobody else has it.
            unsafe { free(opaque) };
            return Err(error);
        }
        Ok((stream, receiver))
    }

    /// Sends as much as libvirt takes now.
    pub(crate) fn send(&self, data: &[u8]) -> Result<Sent, Error> {
        // SAFETY: the stream is alive and the buffer is as long as is said.
        let sent = unsafe { sys::virStreamSend(self.pointer, data.as_ptr().cast(), data.len()) };
        match sent {
            // Documented: -2 where a stream that must not block would have to.
            -2 => Ok(Sent::NotNow),
            n => usize::try_from(n)
                .map(Sent::Bytes)
                .map_err(|_| Error::last_error()),
        }
    }

    /// Waits until output had to be held back. Cancel-safe.
    pub(crate) async fn held_back(&self) {
        self.held_back.notified().await;
    }

    /// Lets output come again.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        // SAFETY: the stream is alive.
        let outcome = unsafe { sys::virStreamEventUpdateCallback(self.pointer, INTEREST as c_int) };
        if outcome == -1 {
            return Err(Error::last_error());
        }
        Ok(())
    }
}

impl Drop for ConsoleStream {
    fn drop(&mut self) {
        // SAFETY: the stream is alive until the last of these calls, which gives up our reference. Each may
        // fail on a stream that has ended; nothing is left to do about that.
        unsafe {
            sys::virStreamEventRemoveCallback(self.pointer);
            sys::virStreamAbort(self.pointer);
            sys::virStreamFree(self.pointer);
        }
    }
}

unsafe extern "C" fn free(opaque: *mut c_void) {
    // SAFETY: `opaque` was made from a `Box<Reader>` and is freed once.
    drop(unsafe { Box::from_raw(opaque.cast::<Reader>()) });
}

unsafe extern "C" fn on_event(stream: sys::virStreamPtr, events: c_int, opaque: *mut c_void) {
    // SAFETY: `opaque` is a `Reader`, only this callback uses it, and libvirt does not run one callback of a
    // stream on two threads.
    let reader = unsafe { &mut *opaque.cast::<Reader>() };
    let events = events.cast_unsigned();
    // Also where only the end is announced: what came before it may still be there.
    let open = reader.drain(stream);
    let over = sys::VIR_STREAM_EVENT_HANGUP | sys::VIR_STREAM_EVENT_ERROR;
    if !open || events & over != 0 {
        // Closing the channel is what tells the reader. Without interest in events none will come.
        reader.output = None;
        // SAFETY: the stream is alive during its callback.
        unsafe { sys::virStreamEventUpdateCallback(stream, 0) };
    }
}

impl Reader {
    /// Takes what is there. False when the console has ended or nobody listens.
    fn drain(&mut self, stream: sys::virStreamPtr) -> bool {
        let Some(output) = &self.output else { return false };
        loop {
            let place = match output.try_reserve() {
                Ok(place) => place,
                Err(mpsc::error::TrySendError::Closed(())) => return false,
                Err(mpsc::error::TrySendError::Full(())) => {
                    let quiet = INTEREST & !sys::VIR_STREAM_EVENT_READABLE;
                    // SAFETY: the stream is alive during its callback.
                    unsafe { sys::virStreamEventUpdateCallback(stream, quiet as c_int) };
                    // Only now: a reader that is told earlier could resume before this callback pauses.
                    self.held_back.notify_one();
                    return true;
                }
            };
            let mut piece = vec![0_u8; PIECE];
            // SAFETY: the stream is alive during its callback, and the buffer is as long as is said.
            let got = unsafe { sys::virStreamRecv(stream, piece.as_mut_ptr().cast(), piece.len()) };
            match got {
                -2 => return true,
                n => match usize::try_from(n) {
                    Ok(n) if n > 0 => {
                        piece.truncate(n);
                        place.send(piece);
                    }
                    _ => return false,
                },
            }
        }
    }
}
