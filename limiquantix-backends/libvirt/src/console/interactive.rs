use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use limiquantix_core::contract::ConsoleIo;
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::VmId;
use tokio::sync::mpsc;

use crate::connection::Session;
use crate::error::{CallResult, Failure};
use crate::ffi::{ConsoleStream, DomainState, Sent, domain_state};
use crate::hypervisor::find;

/// How soon typing is tried again when libvirt's buffers are full: below what a person notices.
const AGAIN: Duration = Duration::from_millis(10);
/// For how long. A guest that takes no byte for so long has its serial port switched off.
const PATIENCE: Duration = Duration::from_secs(10);

/// The serial line of a running guest.
pub(crate) struct Console {
    vm: VmId,
    /// Nothing once it has ended. Shared with a write that is under way.
    stream: Option<Arc<ConsoleStream>>,
    output: mpsc::Receiver<Vec<u8>>,
}

/// Opens the console; whoever has it open reads its end.
pub(crate) fn open(session: &Session, vm: VmId) -> CallResult<Console> {
    let ours = find(session, vm)?;
    if matches!(domain_state(&ours.domain)?, DomainState::Off(_)) {
        return Err(Error::new(Reason::WrongState, format!("VM {vm} is not running")).into());
    }
    let (stream, output) = ConsoleStream::open(session.connect(), &ours.domain)?;
    Ok(Console {
        vm,
        stream: Some(Arc::new(stream)),
        output,
    })
}

#[async_trait]
impl ConsoleIo for Console {
    async fn read(&mut self) -> Result<Vec<u8>> {
        while let Some(stream) = &self.stream {
            tokio::select! {
                biased;
                piece = self.output.recv() => match piece {
                    Some(piece) => return Ok(piece),
                    None => break,
                },
                () = stream.held_back() => {
                    stream.resume().map_err(|e| Failure::from(e).explain("cannot read the console"))?;
                }
            }
        }
        self.close();
        Ok(Vec::new())
    }

    async fn write(&mut self, data: &[u8]) -> Result<()> {
        let over = || {
            let words = format!("the console of VM {} was closed or taken over", self.vm);
            Error::new(Reason::WrongState, words)
        };
        let stream = self
            .stream
            .clone()
            .filter(|_| !self.output.is_closed())
            .ok_or_else(over)?;
        let begun = tokio::time::Instant::now();
        let mut rest = data.to_vec();
        while !rest.is_empty() {
            let sending = Arc::clone(&stream);
            let (sent, unsent) = crate::blocking::run(move || {
                let sent = sending.send(&rest);
                let sent = sent.map_err(|e| Failure::from(e).explain("cannot type on the console"))?;
                Ok((sent, rest))
            })
            .await?;
            rest = unsent;
            match sent {
                Sent::Bytes(n) => drop(rest.drain(..n.min(rest.len()))),
                Sent::NotNow if begun.elapsed() < PATIENCE => tokio::time::sleep(AGAIN).await,
                Sent::NotNow => {
                    let words = format!("the console of VM {} takes no input", self.vm);
                    return Err(Error::new(Reason::HypervisorFailed, words));
                }
            }
        }
        Ok(())
    }
}

impl Console {
    /// Closing asks libvirt, which may take its time.
    fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(move || drop(stream))),
                Err(_) => drop(stream),
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("vm", &self.vm)
            .finish_non_exhaustive()
    }
}
