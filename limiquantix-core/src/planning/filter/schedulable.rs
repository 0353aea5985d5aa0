use crate::planning::Refusal;
use crate::planning::candidate::Candidate;

/// The administrator lets new VMs on. Maintenance is named first, being the stronger of the two.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let admin = &candidate.node.admin;
    (admin.maintenance || admin.cordoned).then_some(move || Refusal::Unschedulable {
        state: if admin.maintenance {
            "in maintenance"
        } else {
            "cordoned"
        }
        .to_owned(),
        reason: admin.reason.clone(),
    })
}
