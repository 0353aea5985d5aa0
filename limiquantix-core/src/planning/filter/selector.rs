use crate::planning::Refusal;
use crate::planning::candidate::Candidate;

/// The node has every label that the VM asks for.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let labels = &candidate.node.labels;
    let mut wanted = candidate.request.placement.node_selector.iter();
    let (key, value) = wanted.find(|(key, value)| labels.get(*key) != Some(value))?;
    Some(move || Refusal::Selector {
        key: key.clone(),
        wanted: value.clone(),
        found: labels.get(key).cloned(),
    })
}
