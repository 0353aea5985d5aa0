//! The keyboard: bytes typed, up to the one that leaves.

use std::io::Read;

use bytes::Bytes;
use tokio::sync::mpsc;

/// Ctrl-], as in telnet and `virsh console`.
const ESCAPE: u8 = 0x1d;

/// Something from the keyboard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// For the guest.
    Typed(Bytes),
    /// Whoever typed wants to leave.
    Leave,
}

/// Reads standard input until its end or the escape key. The channel is closed at the end.
///
/// A thread of its own, because a read from a terminal cannot be cancelled; it ends with the process.
pub(super) fn listen(escape: bool) -> mpsc::Receiver<Key> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        let mut input = std::io::stdin().lock();
        while let Ok(length @ 1..) = input.read(&mut buffer) {
            for key in keys(&buffer[..length], escape) {
                let last = key == Key::Leave;
                if sender.blocking_send(key).is_err() || last {
                    return;
                }
            }
        }
    });
    receiver
}

/// What was typed before the escape key, and the escape key.
pub(super) fn keys(typed: &[u8], escape: bool) -> Vec<Key> {
    let leave = typed.iter().position(|byte| escape && *byte == ESCAPE);
    let before = &typed[..leave.unwrap_or(typed.len())];
    let mut keys = Vec::new();
    if !before.is_empty() {
        keys.push(Key::Typed(Bytes::copy_from_slice(before)));
    }
    keys.extend(leave.map(|_| Key::Leave));
    keys
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
