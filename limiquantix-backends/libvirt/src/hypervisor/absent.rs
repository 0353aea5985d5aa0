use limiquantix_core::identity::VmId;
use virt::error::ErrorNumber;
use virt::sys;

use super::domain::find_optional;
use super::power::unless_off;
use crate::connection::Session;
use crate::console;
use crate::error::{CallResult, is};
use crate::places::{self, Places};

pub(super) fn ensure(session: &Session, places: &Places, vm: VmId, epoch: u32) -> CallResult<()> {
    if let Some(ours) = find_optional(session, vm)? {
        ours.check_epoch(epoch)?;
        if ours.domain.is_active()? {
            unless_off(&ours.domain, ours.domain.destroy())?;
            session.go_on()?;
        }
        // Whatever else libvirt may keep with a domain would make it refuse.
        let along = sys::VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            | sys::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            | sys::VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
            | sys::VIR_DOMAIN_UNDEFINE_NVRAM;
        match ours.domain.undefine_flags(along) {
            // It was without a persistent definition, and went with its guest.
            Err(e) if is(&e, ErrorNumber::NoDomain) => {}
            outcome => outcome?,
        }
    }
    // Also where there is no domain any more: a call that died may have left them.
    places::remove(&places.seed(vm))?;
    console::remove_log(&places.console_log(vm))?;
    Ok(())
}
