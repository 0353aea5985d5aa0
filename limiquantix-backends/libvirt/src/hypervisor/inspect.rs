use limiquantix_core::contract::{Instance, InstanceState};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::StopCause;
use virt::domain::Domain;
use virt::error::ErrorNumber;

use super::domain::{Ours, find_optional};
use crate::connection::Session;
use crate::domain_xml::{Asked, domain_type};
use crate::error::{CallResult, Failure, is};
use crate::ffi::{DomainState, OffReason, domain_state};

pub(super) fn one(session: &Session, vm: VmId) -> CallResult<Option<Instance>> {
    match find_optional(session, vm)? {
        None => Ok(None),
        Some(ours) => unless_gone(instance(&ours)),
    }
}

pub(super) fn list(session: &Session) -> CallResult<Vec<Instance>> {
    let mut all = Vec::new();
    for domain in session.connect().list_all_domains(0)? {
        if let Some(instance) = unless_gone(listed(domain))?.flatten() {
            all.push(instance);
        }
    }
    all.sort_by_key(|instance| instance.vm);
    Ok(all)
}

fn listed(domain: Domain) -> CallResult<Option<Instance>> {
    let vm = VmId::from_uuid(domain.uuid()?);
    let ours = Ours::of(vm, domain)?;
    ours.map(|ours| instance(&ours)).transpose()
}

/// A domain may be undefined between two of our questions about it: then it is not there, which is no error.
fn unless_gone<T>(outcome: CallResult<T>) -> CallResult<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Libvirt(e)) if is(&e, ErrorNumber::NoDomain) => Ok(None),
        Err(e) => Err(e),
    }
}

fn instance(ours: &Ours) -> CallResult<Instance> {
    let mark = &ours.mark;
    let state = match domain_state(&ours.domain)? {
        DomainState::Running | DomainState::Starting => InstanceState::Running,
        DomainState::Paused | DomainState::Asleep => InstanceState::Paused,
        DomainState::Off(reason) => InstanceState::Off(cause(reason, mark.asked)),
    };
    let accel = match state {
        InstanceState::Off(_) => None,
        // The running definition: the persistent one may have been replaced since the start.
        _ => domain_type(&ours.domain.xml_desc(0)?),
    };
    Ok(Instance {
        vm: ours.vm,
        epoch: mark.epoch,
        digest: mark.digest.clone(),
        last_run: mark.last_run,
        state,
        accel,
    })
}

/// Why a machine is off: libvirt knows how it ended, the mark knows whether we had asked for it.
pub(super) fn cause(reason: OffReason, asked: Option<Asked>) -> StopCause {
    match (reason, asked) {
        (OffReason::Shutdown, Some(_)) | (OffReason::Destroyed | OffReason::Unknown, Some(Asked::Force)) => {
            StopCause::Requested
        }
        (OffReason::Shutdown, None) => StopCause::GuestShutdown,
        // We had only asked the guest when somebody pulled the plug.
        (OffReason::Destroyed | OffReason::TakenAway, _) => StopCause::Outside,
        (OffReason::Crashed, _) => StopCause::Crashed,
        (OffReason::Failed, _) => StopCause::StartFailed,
        (OffReason::Unknown, _) => StopCause::Unknown,
    }
}
