use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Constraint, Towards};
use crate::identity::{Name, NodeId, ProjectId, RuleId, VmId};
use crate::resource::{Labels, PlacementRule, Revision, RuleTarget, Vm, VmSelector};

/// Which VMs of which rules are on which nodes, kept current change by change.
///
/// A change of a VM costs as much as its project has rules; one that moves neither the VM nor its labels, as
/// nearly all do, costs a look. A change of a rule costs as much as there are VMs with the rarest of its labels.
/// What a request asks costs as much as its project has rules and their VMs have nodes; the number of VMs plays
/// no part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleIndex {
    projects: BTreeMap<ProjectId, Project>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Project {
    rules: BTreeMap<RuleId, Rule>,
    vms: BTreeMap<VmId, Placed>,
    by_label: BTreeMap<(String, String), BTreeSet<VmId>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    rule: Arc<PlacementRule>,
    members: BTreeMap<NodeId, BTreeMap<VmId, Name>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    revision: Revision,
    name: Name,
    node: NodeId,
    labels: Labels,
}

impl RuleIndex {
    /// Takes note of a VM as it is now. Older news than what is known is ignored.
    pub fn upsert_vm(&mut self, vm: &Vm) {
        let project = self.projects.entry(vm.project.clone()).or_default();
        if let Some(known) = project.vms.get_mut(&vm.id) {
            if known.revision >= vm.meta.revision {
                return;
            }
            let same = vm.placement.is_some_and(|p| p.node == known.node) && known.labels == vm.meta.labels;
            if same && known.name == vm.name {
                known.revision = vm.meta.revision;
                return;
            }
        }
        project.remove(vm.id);
        let Some(placement) = vm.placement else { return };
        let placed = Placed {
            revision: vm.meta.revision,
            name: vm.name.clone(),
            node: placement.node,
            labels: vm.meta.labels.clone(),
        };
        project.insert(vm.id, placed);
    }

    /// Takes note that commit `at` has removed a VM.
    pub fn remove_vm(&mut self, vm: &Vm, at: Revision) {
        if let Some(project) = self.projects.get_mut(&vm.project)
            && project.vms.get(&vm.id).is_some_and(|known| known.revision < at)
        {
            project.remove(vm.id);
        }
    }

    /// Takes note of a rule as it is now. Older news than what is known is ignored.
    pub fn upsert_rule(&mut self, rule: &Arc<PlacementRule>) {
        let project = self.projects.entry(rule.project.clone()).or_default();
        let known = project.rules.get(&rule.id);
        if known.is_some_and(|known| known.rule.meta.revision >= rule.meta.revision) {
            return;
        }
        let mut members: BTreeMap<NodeId, BTreeMap<VmId, Name>> = BTreeMap::new();
        for (id, vm) in project.selected(&rule.spec.vms) {
            members.entry(vm.node).or_default().insert(id, vm.name.clone());
        }
        let rule = Rule {
            rule: Arc::clone(rule),
            members,
        };
        project.rules.insert(rule.rule.id, rule);
    }

    /// Takes note that commit `at` has removed a rule.
    pub fn remove_rule(&mut self, rule: &PlacementRule, at: Revision) {
        if let Some(project) = self.projects.get_mut(&rule.project)
            && project
                .rules
                .get(&rule.id)
                .is_some_and(|known| known.rule.meta.revision < at)
        {
            project.rules.remove(&rule.id);
        }
    }

    /// What the rules say about a VM of `project` with these labels, by rule ascending. The VM itself, if it is
    /// there already, is none of the others.
    pub fn constraints(&self, project: &ProjectId, labels: &Labels, vm: Option<VmId>) -> Vec<Constraint> {
        let rules = self.projects.get(project).map(|project| &project.rules);
        rules
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|known| known.rule.spec.vms.matches(vm, labels))
            .map(|known| known.constraint(vm))
            .collect()
    }
}

impl Rule {
    fn constraint(&self, vm: Option<VmId>) -> Constraint {
        let spec = &self.rule.spec;
        Constraint {
            rule: self.rule.name.clone(),
            affinity: spec.affinity,
            strength: spec.strength,
            towards: match &spec.towards {
                RuleTarget::Nodes(nodes) => Towards::Nodes(nodes.clone()),
                RuleTarget::EachOther => Towards::Vms(
                    self.members
                        .iter()
                        .filter_map(|(node, vms)| {
                            let (_, name) = vms.iter().find(|(id, _)| Some(**id) != vm)?;
                            Some((*node, name.clone()))
                        })
                        .collect(),
                ),
            },
        }
    }
}

impl Project {
    fn insert(&mut self, id: VmId, vm: Placed) {
        for rule in self.rules.values_mut() {
            if rule.rule.spec.vms.matches(Some(id), &vm.labels) {
                let there = rule.members.entry(vm.node).or_default();
                there.insert(id, vm.name.clone());
            }
        }
        for (key, value) in &vm.labels {
            let label = (key.clone(), value.clone());
            self.by_label.entry(label).or_default().insert(id);
        }
        self.vms.insert(id, vm);
    }

    fn remove(&mut self, id: VmId) {
        let Some(vm) = self.vms.remove(&id) else { return };
        for rule in self.rules.values_mut() {
            if let Some(there) = rule.members.get_mut(&vm.node) {
                there.remove(&id);
                if there.is_empty() {
                    rule.members.remove(&vm.node);
                }
            }
        }
        for label in vm.labels {
            if let Some(with) = self.by_label.get_mut(&label) {
                with.remove(&id);
                if with.is_empty() {
                    self.by_label.remove(&label);
                }
            }
        }
    }

    /// The placed VMs that a rule is about.
    fn selected(&self, selector: &VmSelector) -> Vec<(VmId, &Placed)> {
        let candidates: Vec<VmId> = match selector {
            VmSelector::Ids(ids) => ids.iter().copied().collect(),
            VmSelector::Labels(labels) => {
                let with = labels
                    .iter()
                    .map(|(k, v)| self.by_label.get(&(k.clone(), v.clone())));
                let rarest = with.min_by_key(|with| with.map_or(0, BTreeSet::len)).flatten();
                rarest.into_iter().flatten().copied().collect()
            }
        };
        let known = candidates
            .into_iter()
            .filter_map(|id| Some((id, self.vms.get(&id)?)));
        known
            .filter(|(id, vm)| selector.matches(Some(*id), &vm.labels))
            .collect()
    }
}
