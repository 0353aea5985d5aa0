//! [`PlacementReport`]: where a VM goes, and why.

use limiquantix_core::planning::{NodeVerdict, PlacementReport, Refusal, ScoreTerm, Strategy, Verdict};

use super::field::signed;
use crate::compute::v1 as wire;

/// The report as the API shows it.
pub fn to_wire(report: &PlacementReport) -> wire::PlacementReport {
    let chosen = report.chosen.map(|placed| placed.node);
    let name = report.verdicts.iter().find(|v| Some(v.node) == chosen);
    wire::PlacementReport {
        strategy: match report.strategy {
            Strategy::Spread => wire::PlacementStrategy::Spread,
            Strategy::Pack => wire::PlacementStrategy::Pack,
        }
        .into(),
        node_id: chosen.map(|id| id.to_string()).unwrap_or_default(),
        node_name: name.map(|v| v.name.to_string()).unwrap_or_default(),
        nodes: report.verdicts.iter().map(verdict_to_wire).collect(),
        ..Default::default()
    }
}

/// The report with its headline.
pub fn explanation_to_wire(report: &PlacementReport) -> wire::ExplainPlacementResponse {
    wire::ExplainPlacementResponse {
        report: to_wire(report).into(),
        // The text of a report is its headline and then the tables, which the report itself carries.
        summary: report.to_string().lines().next().unwrap_or_default().to_owned(),
        ..Default::default()
    }
}

fn verdict_to_wire(verdict: &NodeVerdict) -> wire::NodeVerdict {
    wire::NodeVerdict {
        node_id: verdict.node.to_string(),
        node_name: verdict.name.to_string(),
        outcome: match &verdict.verdict {
            Verdict::Refused(refusal) => refusal_to_wire(refusal).into(),
            Verdict::Scored { terms, total } => wire::Scored {
                terms: terms.iter().map(term_to_wire).collect(),
                total: narrow(*total),
                ..Default::default()
            }
            .into(),
        },
        ..Default::default()
    }
}

fn term_to_wire(term: &ScoreTerm) -> wire::ScoreTerm {
    wire::ScoreTerm {
        scorer: term.scorer.clone(),
        weight: narrow(term.weight),
        value: narrow(term.value),
        ..Default::default()
    }
}

/// Scores stay below 2^31 by construction; one that does not is shown as the nearest number.
fn narrow(score: i64) -> i32 {
    i32::try_from(score).unwrap_or(if score < 0 { i32::MIN } else { i32::MAX })
}

fn refusal_to_wire(refusal: &Refusal) -> wire::Rejected {
    let mut rejected = wire::Rejected {
        filter: filter(refusal).to_owned(),
        text: refusal.to_string(),
        ..Default::default()
    };
    match refusal {
        Refusal::Cores {
            needed,
            free,
            total,
            overcommit,
        } => {
            rejected.needed = signed(*needed);
            rejected.free = signed(*free);
            rejected.total = signed(*total);
            rejected.overcommit_percent = signed(*overcommit);
            "cores".clone_into(&mut rejected.unit);
        }
        Refusal::Memory {
            needed,
            free,
            total,
            reserved,
            overcommit,
        } => {
            rejected.needed = signed(*needed);
            rejected.free = signed(*free);
            rejected.total = signed(*total);
            rejected.reserved = signed(*reserved);
            rejected.overcommit_percent = signed(*overcommit);
            "MiB".clone_into(&mut rejected.unit);
        }
        _ => {}
    }
    rejected
}

/// The name that core stores the refusal under.
fn filter(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotReady { .. } => "not_ready",
        Refusal::Unschedulable { .. } => "unschedulable",
        Refusal::Selector { .. } => "selector",
        Refusal::Taint { .. } => "taint",
        Refusal::Accel => "accel",
        Refusal::Pool { .. } => "pool",
        Refusal::Rule { .. } => "rule",
        Refusal::Cores { .. } => "cores",
        Refusal::Memory { .. } => "memory",
        // A filter that is newer than this list: its text says what there is to say.
        _ => "other",
    }
}
