use std::ffi::c_int;

use virt::domain::Domain;
use virt::error::Error;
use virt::sys;

/// What a domain does, as far as this product tells states apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DomainState {
    /// The guest runs, or is on its way out.
    Running,
    /// libvirt is at work starting it; it will run, or be off again.
    Starting,
    /// Its memory is kept and it does not run.
    Paused,
    /// It sleeps (ACPI S3).
    Asleep,
    /// It is off, for the reason that libvirt knows.
    Off(OffReason),
}

/// Why libvirt believes that a domain is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffReason {
    /// It was never on, or libvirt has been restarted since.
    Unknown,
    /// The guest shut itself down, asked or not.
    Shutdown,
    /// Somebody pulled the plug.
    Destroyed,
    /// QEMU died, or the guest panicked.
    Crashed,
    /// QEMU could not be started.
    Failed,
    /// It was saved, or taken away to another host.
    TakenAway,
}

/// Asks libvirt for the state of a domain.
pub(crate) fn domain_state(domain: &Domain) -> Result<DomainState, Error> {
    let (mut state, mut reason): (c_int, c_int) = (-1, -1);
    // SAFETY: the domain is alive as long as `domain`; both pointers are to integers of ours.
    let outcome = unsafe { sys::virDomainGetState(domain.as_ptr(), &mut state, &mut reason, 0) };
    if outcome == -1 {
        return Err(Error::last_error());
    }
    Ok(translate(state.cast_unsigned(), reason.cast_unsigned()))
}

fn translate(state: sys::virDomainState, reason: u32) -> DomainState {
    match state {
        // Devices are being set up. It looks paused from outside, but there is nothing to resume yet.
        sys::VIR_DOMAIN_PAUSED if reason == sys::VIR_DOMAIN_PAUSED_STARTING_UP => DomainState::Starting,
        sys::VIR_DOMAIN_PAUSED => DomainState::Paused,
        sys::VIR_DOMAIN_PMSUSPENDED => DomainState::Asleep,
        sys::VIR_DOMAIN_CRASHED => DomainState::Off(OffReason::Crashed),
        sys::VIR_DOMAIN_SHUTOFF => DomainState::Off(match reason {
            sys::VIR_DOMAIN_SHUTOFF_SHUTDOWN => OffReason::Shutdown,
            sys::VIR_DOMAIN_SHUTOFF_DESTROYED => OffReason::Destroyed,
            sys::VIR_DOMAIN_SHUTOFF_CRASHED => OffReason::Crashed,
            sys::VIR_DOMAIN_SHUTOFF_FAILED => OffReason::Failed,
            sys::VIR_DOMAIN_SHUTOFF_MIGRATED | sys::VIR_DOMAIN_SHUTOFF_SAVED => OffReason::TakenAway,
            _ => OffReason::Unknown,
        }),
        // Running, blocked on a resource, or shutting down: QEMU is there in all of them.
        _ => DomainState::Running,
    }
}
