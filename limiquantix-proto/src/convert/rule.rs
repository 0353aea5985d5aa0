//! [`PlacementRule`]: which VMs belong together, apart, on some nodes, or off them, as the API shows it.

use std::collections::BTreeSet;

use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{
    Affinity, Labels, NodeSelector, PlacementRule, RuleSpec, RuleTarget, Strength, VmSelector,
};
use limiquantix_core::{Error, Result};

use super::field::{known, path, required, signed, unsigned};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::cluster::v1 as wire;

/// The weight of a preferred rule that names none: the middle, so that others can be more or less important.
const USUAL_WEIGHT: u32 = 50;

/// The rule as the API shows it.
pub fn to_wire(rule: &PlacementRule) -> wire::PlacementRule {
    wire::PlacementRule {
        id: rule.id.to_string(),
        name: rule.name.to_string(),
        project_id: rule.project.to_string(),
        labels: rule.meta.labels.clone(),
        spec: spec_to_wire(&rule.spec).into(),
        etag: etag::to_wire(rule.meta.revision),
        revision: rule.meta.revision.0,
        created_at: timestamp_to_wire(rule.meta.created_at).into(),
        updated_at: timestamp_to_wire(rule.meta.updated_at).into(),
        ..Default::default()
    }
}

fn spec_to_wire(spec: &RuleSpec) -> wire::RuleSpec {
    let mut shown = wire::RuleSpec {
        description: spec.description.clone(),
        kind: match (&spec.towards, spec.affinity) {
            (RuleTarget::EachOther, Affinity::To) => wire::RuleKind::VmAffinity,
            (RuleTarget::EachOther, Affinity::Anti) => wire::RuleKind::VmAntiAffinity,
            (RuleTarget::Nodes(_), Affinity::To) => wire::RuleKind::NodeAffinity,
            (RuleTarget::Nodes(_), Affinity::Anti) => wire::RuleKind::NodeAntiAffinity,
        }
        .into(),
        ..Default::default()
    };
    match spec.strength {
        Strength::Required => shown.required = true,
        Strength::Preferred(weight) => shown.weight = signed(weight),
    }
    match &spec.vms {
        VmSelector::Ids(ids) => shown.vm_ids = ids.iter().map(ToString::to_string).collect(),
        VmSelector::Labels(labels) => shown.vm_labels.clone_from(labels),
    }
    match &spec.towards {
        RuleTarget::Nodes(NodeSelector::Ids(ids)) => {
            shown.node_ids = ids.iter().map(ToString::to_string).collect();
        }
        RuleTarget::Nodes(NodeSelector::Labels(labels)) => shown.node_labels.clone_from(labels),
        RuleTarget::EachOther => {}
    }
    shown
}

/// Reads what a rule says.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn spec_from_wire(at: &str, spec: Option<&wire::RuleSpec>) -> Result<RuleSpec> {
    let spec = spec.ok_or_else(|| required(at))?;
    let field = path(at, "kind");
    let (about_nodes, affinity) = match known(&field, spec.kind)? {
        wire::RuleKind::Unspecified => return Err(required(field)),
        wire::RuleKind::VmAffinity => (false, Affinity::To),
        wire::RuleKind::VmAntiAffinity => (false, Affinity::Anti),
        wire::RuleKind::NodeAffinity => (true, Affinity::To),
        wire::RuleKind::NodeAntiAffinity => (true, Affinity::Anti),
    };
    let vms = match either(at, "vm", &spec.vm_ids, &spec.vm_labels)? {
        Told::Labels => VmSelector::Labels(spec.vm_labels.clone()),
        Told::Ids(field) => VmSelector::Ids(ids(&field, &spec.vm_ids, id::parse_vm_id)?),
    };
    let towards = match about_nodes {
        false => {
            let given = [
                ("node_ids", spec.node_ids.is_empty()),
                ("node_labels", spec.node_labels.is_empty()),
            ];
            if let Some((name, _)) = given.into_iter().find(|(_, empty)| !empty) {
                return Err(Error::invalid(
                    path(at, name),
                    "the rule's kind is not about nodes",
                ));
            }
            RuleTarget::EachOther
        }
        true => RuleTarget::Nodes(match either(at, "node", &spec.node_ids, &spec.node_labels)? {
            Told::Labels => NodeSelector::Labels(spec.node_labels.clone()),
            Told::Ids(field) => NodeSelector::Ids(ids(&field, &spec.node_ids, id::parse_node_id)?),
        }),
    };
    let field = path(at, "weight");
    let strength = match (spec.required, unsigned(&field, spec.weight)?) {
        (true, 0) => Strength::Required,
        (true, _) => return Err(Error::invalid(field, "a required rule has no weight")),
        (false, 0) => Strength::Preferred(USUAL_WEIGHT),
        (false, weight) => Strength::Preferred(weight),
    };
    Ok(RuleSpec {
        description: spec.description.clone(),
        vms,
        affinity,
        towards,
        strength,
    })
}

/// How objects are told.
enum Told {
    Ids(String),
    Labels,
}

fn either(at: &str, what: &str, ids: &[String], labels: &Labels) -> Result<Told> {
    let field = path(at, &format!("{what}_ids"));
    match (ids.is_empty(), labels.is_empty()) {
        (false, true) => Ok(Told::Ids(field)),
        (true, false) => Ok(Told::Labels),
        (true, true) => Err(Error::invalid(
            &*field,
            format!("{field} is required, or {what}_labels"),
        )),
        (false, false) => Err(Error::invalid(
            &*field,
            format!("give {field} or {what}_labels, not both"),
        )),
    }
}

fn ids<T: Ord>(field: &str, texts: &[String], parse: fn(&str, &str) -> Result<T>) -> Result<BTreeSet<T>> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(i, text)| parse(&format!("{field}[{i}]"), text))
        .collect()
}

/// What to change of a rule; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleChanges {
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Something else to say.
    pub spec: Option<RuleSpec>,
}

/// What `request` changes. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed; otherwise with the
/// path of the field in `spec`.
pub fn changes_from_wire(request: &wire::UpdateRuleRequest) -> Result<RuleChanges> {
    let mut changes = RuleChanges::default();
    let mask = request.update_mask.as_option();
    for path in mask.map_or(&[][..], |mask| mask.paths.as_slice()) {
        match path.as_str() {
            "labels" => changes.labels = Some(request.labels.clone()),
            "spec" => changes.spec = Some(spec_from_wire("spec", request.spec.as_option())?),
            path => {
                let shown: String = path.chars().take(64).collect();
                return Err(Error::invalid(
                    "update_mask",
                    format!("update_mask has {shown:?}, which is not a field that can be changed"),
                ));
            }
        }
    }
    Ok(changes)
}

/// Which rules, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListRulesRequest) -> Result<Listing> {
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<PlacementRule>(selector, request)
}
