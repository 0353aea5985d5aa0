//! One machine, its disk, and what can go wrong with them.

use limiquantix_core::contract::{Instance, InstanceState, RunMark, Stop};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::{Accel, StopCause};
use limiquantix_core::{Error, Reason, Result};

#[derive(Debug)]
pub(crate) struct Hypervisor {
    vm: VmId,
    pub(crate) machine: Option<Machine>,
    pub(crate) volume: bool,
    /// A guest may have written to the volume: whatever is made in its place is blank.
    pub(crate) has_data: bool,
    /// The volume was taken away once by somebody at the node.
    pub(crate) unmounted: bool,
    pub(crate) reachable: bool,
    /// What becomes of the next verb.
    pub(crate) fault: Option<Fault>,
    /// How often a guest was powered on by a verb.
    pub(crate) starts: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Machine {
    epoch: u32,
    digest: String,
    pub(crate) last_run: Option<RunMark>,
    pub(crate) state: InstanceState,
    /// The guest was asked to shut down.
    pub(crate) asked: bool,
    /// The snapshot there is: whether it has memory, and what was defined then.
    snapshot: Option<(bool, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Away for this call: nothing happened.
    Away,
    /// Refused for good: nothing happened.
    Refused,
    /// Half of it happened, then it failed for good.
    Midway,
    /// All of it happened, and the answer was an error.
    After,
}

fn away() -> Error {
    Error::new(Reason::HypervisorUnavailable, "away")
}

fn broken() -> Error {
    Error::new(Reason::HypervisorFailed, "broken")
}

impl Hypervisor {
    pub(crate) fn new(vm: VmId) -> Self {
        Self {
            vm,
            machine: None,
            volume: false,
            has_data: false,
            unmounted: false,
            reachable: true,
            fault: None,
            starts: 0,
        }
    }

    pub(crate) fn state(&self) -> Option<InstanceState> {
        self.machine.as_ref().map(|m| m.state)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.state().is_some_and(|s| !matches!(s, InstanceState::Off(_)))
    }

    pub(crate) fn inspect(&self) -> Result<Option<Instance>> {
        if !self.reachable {
            return Err(away());
        }
        Ok(self.machine.as_ref().map(|m| Instance {
            vm: self.vm,
            epoch: m.epoch,
            digest: m.digest.clone(),
            last_run: m.last_run,
            state: m.state,
            accel: self.is_on().then_some(Accel::Mock),
        }))
    }

    /// Does `first` and `second`, the two halves of a verb, as far as the next fault lets it.
    fn verb(&mut self, first: impl FnOnce(&mut Self), second: impl FnOnce(&mut Self)) -> Result<()> {
        if !self.reachable {
            return Err(away());
        }
        match self.fault.take() {
            Some(Fault::Away) => return Err(away()),
            Some(Fault::Refused) => return Err(broken()),
            Some(Fault::Midway) => {
                first(self);
                return Err(broken());
            }
            Some(Fault::After) => {
                first(self);
                second(self);
                return Err(broken());
            }
            None => {}
        }
        first(self);
        second(self);
        Ok(())
    }

    /// The machine, if `epoch` is not stale; raises its epoch.
    fn claim(&mut self, epoch: u32) -> Result<()> {
        let m = self
            .machine
            .as_mut()
            .ok_or_else(|| Error::not_found("vm", self.vm))?;
        if epoch < m.epoch {
            return Err(Error::new(Reason::StaleEpoch, "stale"));
        }
        m.epoch = epoch;
        Ok(())
    }

    pub(crate) fn ensure_volume(&mut self) -> Result<()> {
        assert!(
            self.volume || !self.has_data || !self.reachable,
            "a blank volume takes the place of one with data"
        );
        self.verb(|h| h.volume = true, |_| {})
    }

    /// There was a volume, and it is not there.
    fn lost(&self) -> bool {
        self.unmounted && !self.volume
    }

    /// Looks for a volume that was made once.
    pub(crate) fn check_volume(&mut self) -> Result<()> {
        if self.reachable && !self.volume {
            return Err(Error::new(Reason::VolumeMissing, "it is not there"));
        }
        self.verb(|_| {}, |_| {})
    }

    pub(crate) fn remove_volume(&mut self) -> Result<()> {
        assert!(
            self.machine.is_none() || !self.reachable,
            "a volume is removed under its machine"
        );
        self.verb(|h| h.volume = false, |_| {})
    }

    pub(crate) fn define(&mut self, epoch: u32, digest: &str) -> Result<()> {
        if self.reachable && self.machine.is_some() {
            self.claim(epoch)?;
        }
        if self.reachable && self.lost() {
            return Err(Error::new(Reason::StorageFailed, "its volume is not there"));
        }
        assert!(
            self.volume || !self.reachable,
            "defined before its volume is there"
        );
        let digest = digest.to_owned();
        self.verb(
            |_| {},
            |h| {
                let m = h.machine.get_or_insert(Machine {
                    epoch,
                    digest: String::new(),
                    last_run: None,
                    state: InstanceState::Off(StopCause::Unknown),
                    asked: false,
                    snapshot: None,
                });
                m.digest = digest;
            },
        )
    }

    pub(crate) fn run(&mut self, mark: RunMark) -> Result<()> {
        if self.reachable {
            self.claim(mark.epoch)?;
        }
        if self.reachable && self.lost() && !self.is_on() {
            return Err(broken());
        }
        self.verb(
            |h| {
                if let Some(m) = &mut h.machine {
                    if matches!(m.state, InstanceState::Off(_)) {
                        h.starts += 1;
                        h.has_data = true;
                        m.asked = false;
                    }
                    m.state = InstanceState::Running;
                }
            },
            |h| {
                if let Some(m) = &mut h.machine {
                    m.last_run = Some(mark);
                }
            },
        )
    }

    pub(crate) fn stop(&mut self, epoch: u32, how: Stop) -> Result<()> {
        if self.reachable && self.machine.is_some() {
            self.claim(epoch)?;
            if how == Stop::Graceful && self.state() == Some(InstanceState::Paused) {
                return Err(Error::new(Reason::WrongState, "it hears nothing"));
            }
        }
        self.verb(
            |h| match (how, &mut h.machine) {
                (Stop::Graceful, Some(m)) => m.asked = true,
                (Stop::Force, Some(_)) => h.end(StopCause::Requested),
                (_, None) => {}
            },
            |_| {},
        )
    }

    pub(crate) fn reboot(&mut self, epoch: u32) -> Result<()> {
        if self.reachable {
            self.claim(epoch)?;
            if self.state() != Some(InstanceState::Running) {
                return Err(Error::new(Reason::WrongState, "not running"));
            }
        }
        self.verb(|_| {}, |_| {})
    }

    /// Pauses what is on, or lets it go on.
    pub(crate) fn pause(&mut self, epoch: u32, to: InstanceState) -> Result<()> {
        if self.reachable {
            self.claim(epoch)?;
            if !self.is_on() {
                return Err(Error::new(Reason::WrongState, "it is off"));
            }
        }
        self.verb(
            |_| {},
            |h| {
                if let Some(m) = &mut h.machine {
                    m.state = to;
                }
            },
        )
    }

    pub(crate) fn take_snapshot(&mut self, epoch: u32, memory: bool) -> Result<()> {
        if self.reachable {
            self.claim(epoch)?;
            if self.is_on() != memory {
                return Err(Error::new(Reason::WrongState, "memory or none"));
            }
        }
        self.verb(
            |_| {},
            |h| {
                if let Some(m) = &mut h.machine {
                    m.snapshot = Some((memory, m.digest.clone()));
                }
            },
        )
    }

    pub(crate) fn remove_snapshot(&mut self, epoch: u32) -> Result<()> {
        if self.reachable && self.machine.is_some() {
            self.claim(epoch)?;
        }
        self.verb(
            |_| {},
            |h| {
                if let Some(m) = &mut h.machine {
                    m.snapshot = None;
                }
            },
        )
    }

    pub(crate) fn revert(&mut self, mark: RunMark, memory: bool) -> Result<()> {
        if self.reachable {
            self.claim(mark.epoch)?;
            let kept = self.machine.as_ref().and_then(|m| m.snapshot.as_ref());
            match kept {
                None => return Err(Error::not_found("snapshot", 1)),
                Some((had, _)) if memory && !had => return Err(Error::new(Reason::WrongState, "no memory")),
                Some(_) if !memory && self.is_on() => return Err(Error::new(Reason::WrongState, "on")),
                Some(_) => {}
            }
        }
        self.verb(
            |h| {
                let Some(m) = &mut h.machine else { return };
                if let Some((_, digest)) = &m.snapshot {
                    m.digest.clone_from(digest);
                }
                if memory {
                    if matches!(m.state, InstanceState::Off(_)) {
                        h.starts += 1;
                        m.asked = false;
                    }
                    m.state = InstanceState::Running;
                }
            },
            |h| {
                if let Some(m) = h.machine.as_mut().filter(|_| memory) {
                    m.last_run = Some(mark);
                }
            },
        )
    }

    pub(crate) fn remove(&mut self, epoch: u32) -> Result<()> {
        if self.reachable && self.machine.is_some() {
            self.claim(epoch)?;
        }
        self.verb(|h| h.end(StopCause::Requested), |h| h.machine = None)
    }

    /// The guest ends, if it is on.
    pub(crate) fn end(&mut self, cause: StopCause) {
        if self.is_on()
            && let Some(m) = &mut self.machine
        {
            m.state = InstanceState::Off(cause);
        }
    }

    /// Somebody at the node changes what the machine does.
    pub(crate) fn meddle(&mut self, from: fn(InstanceState) -> bool, to: InstanceState) -> bool {
        match &mut self.machine {
            Some(m) if from(m.state) => {
                m.state = to;
                m.asked = false;
                true
            }
            _ => false,
        }
    }
}
