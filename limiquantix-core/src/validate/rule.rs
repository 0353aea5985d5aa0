use super::{count, description, labels};
use crate::error::{Error, Result};
use crate::resource::{NodeSelector, RuleSpec, RuleTarget, Strength, VmSelector};

/// The most VMs or nodes that a rule names one by one: more are better told by a label.
const MAX_RULE_IDS: usize = 256;

/// Checks what a rule says.
pub fn rule_spec(at: &str, spec: &RuleSpec) -> Result<()> {
    description(&format!("{at}.description"), &spec.description)?;
    match &spec.vms {
        VmSelector::Ids(ids) => some(&format!("{at}.vm_ids"), ids.len())?,
        VmSelector::Labels(wanted) => {
            let field = format!("{at}.vm_labels");
            some(&field, wanted.len())?;
            labels(&field, wanted)?;
        }
    }
    match &spec.towards {
        RuleTarget::Nodes(NodeSelector::Ids(ids)) => some(&format!("{at}.node_ids"), ids.len())?,
        RuleTarget::Nodes(NodeSelector::Labels(wanted)) => {
            let field = format!("{at}.node_labels");
            some(&field, wanted.len())?;
            labels(&field, wanted)?;
        }
        RuleTarget::EachOther => {}
    }
    match spec.strength {
        Strength::Preferred(weight) if !(1..=100).contains(&weight) => Err(Error::invalid(
            format!("{at}.weight"),
            format!("{weight} is not a weight: 1 to 100"),
        )),
        Strength::Preferred(_) | Strength::Required => Ok(()),
    }
}

fn some(field: &str, found: usize) -> Result<()> {
    if found == 0 {
        return Err(Error::invalid(
            field,
            "a rule is about something: name at least one",
        ));
    }
    count(field, found, MAX_RULE_IDS)
}
