use std::time::SystemTime;

use limiquantix_proto::drs::v1::{Decision, Recommendation, RecommendationStatus};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_elapsed, show_moment, show_time};
use crate::vm::word;

impl Row for Recommendation {
    const KIND: &'static str = "recommendation";

    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("ID", |it, _| Cell::new(&it.id)),
                Column::new("PRIORITY", |it, _| Cell::new(priority(it))),
                Column::new("STATUS", |it, _| Cell::new(status(it)).tone(tone(it))),
                Column::new("VM", |it, _| Cell::new(&it.vm_name)),
                Column::new("FROM", |it, _| Cell::new(&it.source_node_name)),
                Column::new("TO", |it, _| Cell::new(&it.target_node_name)),
                Column::new("REASON", |it, _| Cell::new(&it.reason)),
                Column::wide("CPU", |it, _| Cell::new(it.impact_cpu.to_string())),
                Column::wide("MEMORY", |it, _| Cell::new(it.impact_memory.to_string())),
                Column::wide("EXPIRES", |it, _| Cell::new(show_time(it.expires_at.as_option()))),
                Column::wide("AGE", |it, now| {
                    let at = it.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
            ]
        }
    }

    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let took = self.estimated_duration.as_option().cloned();
        let took = took.and_then(|took| std::time::Duration::try_from(took).ok());
        let created = self.created_at.as_option();
        vec![
            ("Id", self.id.clone()),
            ("Priority", priority(self)),
            ("Status", status(self)),
            ("Message", self.message.clone()),
            ("VM", self.vm_name.clone()),
            ("VM id", self.vm_id.clone()),
            ("Project", self.project_id.clone()),
            ("From", self.source_node_name.clone()),
            ("To", self.target_node_name.clone()),
            ("Reason", self.reason.clone()),
            (
                "Relieves",
                format!("{} % of CPU, {} % of memory", self.impact_cpu, self.impact_memory),
            ),
            ("Takes", took.map(show_elapsed).unwrap_or_default()),
            ("Expires", show_moment(self.expires_at.as_option())),
            (
                "Created",
                format!("{} ({} ago)", show_moment(created), show_age(created, now)),
            ),
            ("Approved", decision(self.approved.as_option())),
            ("Rejected", decision(self.rejected.as_option())),
        ]
    }
}

fn priority(it: &Recommendation) -> String {
    word(&it.priority, "RECOMMENDATION_PRIORITY_")
}

fn status(it: &Recommendation) -> String {
    word(&it.status, "RECOMMENDATION_STATUS_")
}

fn decision(decision: Option<&Decision>) -> String {
    let Some(decision) = decision else {
        return String::new();
    };
    let said = match decision.comment.as_str() {
        "" => String::new(),
        comment => format!(": {comment}"),
    };
    format!(
        "{} by {}{said}",
        show_moment(decision.at.as_option()),
        decision.by
    )
}

fn tone(it: &Recommendation) -> Tone {
    match it.status.as_known() {
        Some(RecommendationStatus::Applied) => Tone::Good,
        Some(RecommendationStatus::Failed) => Tone::Bad,
        Some(RecommendationStatus::Approved | RecommendationStatus::Applying) => Tone::Changing,
        Some(RecommendationStatus::Rejected | RecommendationStatus::Expired) => Tone::Idle,
        _ => Tone::Neutral,
    }
}
