use std::sync::Arc;

use async_trait::async_trait;
use limiquantix_core::contract::{ConsoleIo, InstanceState};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::VmId;
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender, unbounded_channel};

use crate::state::Shared;

/// A console whose guest echoes what is typed, as a terminal line does.
#[derive(Debug)]
pub(crate) struct MockConsole {
    shared: Arc<Shared>,
    vm: VmId,
    output: UnboundedReceiver<Vec<u8>>,
    /// The strong sender is in the guest's slot: when the guest ends or somebody else takes the line, it
    /// is dropped there, and this console reads its end.
    line: WeakUnboundedSender<Vec<u8>>,
}

impl MockConsole {
    pub(crate) fn attach(shared: &Arc<Shared>, vm: VmId) -> Result<Self> {
        let mut state = shared.reach()?;
        let slot = state
            .slots
            .get_mut(&vm)
            .ok_or_else(|| Error::not_found("vm", vm))?;
        if slot.state != InstanceState::Running {
            return Err(Error::new(Reason::WrongState, format!("VM {vm} is not running")));
        }
        let (sender, output) = unbounded_channel();
        let line = sender.downgrade();
        slot.console = Some(sender);
        Ok(Self {
            shared: Arc::clone(shared),
            vm,
            output,
            line,
        })
    }
}

#[async_trait]
impl ConsoleIo for MockConsole {
    async fn read(&mut self) -> Result<Vec<u8>> {
        Ok(self.output.recv().await.unwrap_or_default())
    }

    async fn write(&mut self, data: &[u8]) -> Result<()> {
        let mut state = self.shared.reach()?;
        let slot = state.slots.get_mut(&self.vm);
        let mine = slot.filter(|s| match (&s.console, self.line.upgrade()) {
            (Some(theirs), Some(ours)) => theirs.same_channel(&ours),
            _ => false,
        });
        let slot =
            mine.ok_or_else(|| Error::new(Reason::WrongState, "the console was closed or taken over"))?;
        slot.print(data);
        Ok(())
    }
}
