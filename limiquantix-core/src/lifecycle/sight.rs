use super::may_follow;
use crate::resource::{Vm, VmPhase};
use crate::time::Timestamp;

/// `vm` as it is shown once its node has fallen silent, or `None` if that changes nothing. Only what is shown
/// changes: intent, placement and the operation under way stay, because silence proves nothing.
pub fn lose_sight(vm: &Vm, now: Timestamp) -> Option<Vm> {
    let shown = vm.status.phase;
    let news = shown != VmPhase::Unknown && !vm.deleting && may_follow(shown, VmPhase::Unknown);
    news.then(|| {
        let mut vm = vm.clone();
        vm.status.phase = VmPhase::Unknown;
        vm.status.message = "its node does not report: it may or may not run".to_owned();
        vm.meta.updated_at = now;
        vm
    })
}
