use crate::planning::Refusal;
use crate::planning::candidate::Candidate;
use crate::resource::Strength;

/// The node breaks no rule that is required.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let mut rules = candidate.request.rules.iter();
    let (rule, breach) = rules.find_map(|rule| match rule.strength {
        Strength::Required => Some((rule, rule.breach(candidate.node)?)),
        Strength::Preferred(_) => None,
    })?;
    Some(move || Refusal::Rule {
        rule: rule.rule.clone(),
        breach: breach.kept(),
    })
}
