use std::time::Duration;

use limiquantix_core::contract::{RunMark, Stop};
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::identity::VmId;
use virt::domain::Domain;
use virt::error::ErrorNumber;
use virt::sys;

use super::domain::{Ours, find, find_optional};
use crate::connection::Session;
use crate::domain_xml::{Asked, Mark};
use crate::error::{CallResult, Failure, is};
use crate::ffi::{DomainState, domain_state};

/// How soon a start that is under way is looked at again.
const STARTING: Duration = Duration::from_millis(50);

pub(super) fn ensure_running(session: &Session, vm: VmId, run: RunMark) -> CallResult<()> {
    let mut ours = find(session, vm)?;
    ours.check_epoch(run.epoch)?;
    match started(session, &ours.domain)? {
        DomainState::Running | DomainState::Starting => {}
        DomainState::Paused => ours.domain.resume()?,
        DomainState::Asleep => ours.domain.pm_wakeup(0)?,
        DomainState::Off(_) => start(session, &mut ours, run.epoch)?,
    }
    // Last: a mark says that the start is complete.
    ours.record(Mark {
        epoch: run.epoch,
        last_run: Some(run),
        asked: None,
        ..ours.mark.clone()
    })
}

/// The state, once no start is under way. One may be: libvirt finishes what an agent asked for before it died.
fn started(session: &Session, domain: &Domain) -> CallResult<DomainState> {
    loop {
        match domain_state(domain)? {
            DomainState::Starting => std::thread::sleep(STARTING),
            state => return Ok(state),
        }
        // The caller's patience is the limit.
        session.go_on()?;
    }
}

fn start(session: &Session, ours: &mut Ours, epoch: u32) -> CallResult<()> {
    // An older permission must be refused from the moment that this one is used, also if the rest fails; and a
    // stop that was asked for in an earlier run must not be taken for the cause of this one's end.
    ours.record(Mark {
        epoch,
        asked: None,
        ..ours.mark.clone()
    })?;
    session.go_on()?;
    match ours.domain.create() {
        Ok(()) => Ok(()),
        // Somebody started it between our question and our request: it runs, as was wanted.
        Err(e) if is(&e, ErrorNumber::OperationInvalid) && ours.domain.is_active()? => Ok(()),
        Err(e) => Err(e.into()),
    }
}

pub(super) fn ensure_stopped(session: &Session, vm: VmId, epoch: u32, stop: Stop) -> CallResult<()> {
    let Some(mut ours) = find_optional(session, vm)? else {
        return Ok(());
    };
    ours.check_epoch(epoch)?;
    let state = domain_state(&ours.domain)?;
    let off = matches!(state, DomainState::Off(_));
    let asked = if off {
        ours.mark.asked
    } else {
        ours.mark.asked.max(Some(Asked::from(stop)))
    };
    let deaf = stop == Stop::Graceful && matches!(state, DomainState::Paused | DomainState::Asleep);
    // Before the stop, or its cause would be lost with us.
    ours.record(Mark {
        epoch,
        asked: if deaf { ours.mark.asked } else { asked },
        ..ours.mark.clone()
    })?;
    if deaf {
        let words = format!("VM {vm} is suspended, and hears nothing");
        return Err(Error::new(Reason::WrongState, words).into());
    }
    if off {
        return Ok(());
    }
    session.go_on()?;
    let outcome = match stop {
        Stop::Graceful => ours
            .domain
            .shutdown_flags(sys::VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN),
        Stop::Force => ours.domain.destroy(),
    };
    unless_off(&ours.domain, outcome)
}

pub(super) fn reboot(session: &Session, vm: VmId, epoch: u32, force: bool) -> CallResult<()> {
    let (ours, state) = claim(session, vm, epoch)?;
    if state != DomainState::Running {
        return Err(not_running(vm));
    }
    session.go_on()?;
    if force {
        ours.domain.reset()?;
    } else {
        ours.domain.reboot(sys::VIR_DOMAIN_REBOOT_ACPI_POWER_BTN)?;
    }
    Ok(())
}

pub(super) fn ensure_suspended(session: &Session, vm: VmId, epoch: u32) -> CallResult<()> {
    let (ours, state) = claim(session, vm, epoch)?;
    session.go_on()?;
    match state {
        DomainState::Paused | DomainState::Asleep => Ok(()),
        DomainState::Running | DomainState::Starting => unless_ended(&ours, ours.domain.suspend()),
        DomainState::Off(_) => Err(not_running(vm)),
    }
}

pub(super) fn ensure_resumed(session: &Session, vm: VmId, epoch: u32) -> CallResult<()> {
    let (ours, state) = claim(session, vm, epoch)?;
    session.go_on()?;
    match state {
        DomainState::Running | DomainState::Starting => Ok(()),
        DomainState::Paused => unless_ended(&ours, ours.domain.resume()),
        DomainState::Asleep => unless_ended(&ours, ours.domain.pm_wakeup(0)),
        DomainState::Off(_) => Err(not_running(vm)),
    }
}

/// The domain and its state, once the epoch is recorded and no start is under way.
pub(super) fn claim(session: &Session, vm: VmId, epoch: u32) -> CallResult<(Ours, DomainState)> {
    let mut ours = find(session, vm)?;
    ours.check_epoch(epoch)?;
    ours.record(Mark {
        epoch,
        ..ours.mark.clone()
    })?;
    let state = started(session, &ours.domain)?;
    Ok((ours, state))
}

fn not_running(vm: VmId) -> Failure {
    Error::new(Reason::WrongState, format!("VM {vm} is not running")).into()
}

/// A guest that ended by itself between our question and our request does not run, which is not libvirt's fault.
fn unless_ended(ours: &Ours, outcome: Result<(), virt::error::Error>) -> CallResult<()> {
    match outcome {
        Err(e) if is(&e, ErrorNumber::OperationInvalid) && !ours.domain.is_active()? => {
            Err(not_running(ours.vm))
        }
        other => Ok(other?),
    }
}

/// A guest that ended by itself between our question and our request is as off as was wanted.
pub(super) fn unless_off(domain: &Domain, outcome: Result<(), virt::error::Error>) -> CallResult<()> {
    match outcome {
        Err(e) if is(&e, ErrorNumber::NoDomain) => Ok(()),
        // The same code says that a job is in the way.
        Err(e) if is(&e, ErrorNumber::OperationInvalid) && !domain.is_active()? => Ok(()),
        other => Ok(other?),
    }
}
