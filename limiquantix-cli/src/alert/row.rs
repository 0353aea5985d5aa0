use std::time::SystemTime;

use limiquantix_proto::alert::v1::{Alert, AlertMark, AlertSeverity, AlertState};

use crate::output::{Cell, Column, Row, Tone};
use crate::quantity::{show_age, show_moment, show_time};
use crate::vm::word;

impl Row for Alert {
    const KIND: &'static str = "alert";

    fn name(&self) -> &str {
        &self.id
    }

    fn columns() -> &'static [Column<Self>] {
        const {
            &[
                Column::new("ID", |alert, _| Cell::new(&alert.id)),
                Column::new("SEVERITY", |alert, _| {
                    Cell::new(severity(alert)).tone(tone(alert))
                }),
                Column::new("STATE", |alert, _| Cell::new(state(alert))),
                Column::new("TITLE", |alert, _| Cell::new(&alert.title)),
                Column::new("COUNT", |alert, _| Cell::new(alert.count.to_string())),
                Column::new("SEEN", |alert, now| {
                    let at = alert.last_seen_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
                Column::wide("ABOUT", |alert, _| Cell::new(about(alert))),
                Column::wide("MESSAGE", |alert, _| Cell::new(&alert.message)),
                Column::wide("TAKEN BY", |alert, _| {
                    Cell::new(alert.acknowledged.as_option().map_or("", |mark| &mark.by))
                }),
                Column::wide("CREATED", |alert, now| {
                    let at = alert.created_at.as_option();
                    Cell::both(show_age(at, now), show_time(at))
                }),
            ]
        }
    }

    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let seen = self.last_seen_at.as_option();
        vec![
            ("Id", self.id.clone()),
            ("Severity", severity(self)),
            ("State", state(self)),
            ("Title", self.title.clone()),
            ("Message", self.message.clone()),
            ("About", about(self)),
            ("About id", self.source_id.clone()),
            ("Project", self.project_id.clone()),
            ("Key", self.dedup_key.clone()),
            ("Count", self.count.to_string()),
            (
                "Seen",
                format!("{} ({} ago)", show_moment(seen), show_age(seen, now)),
            ),
            ("Created", show_moment(self.created_at.as_option())),
            ("Acknowledged", mark(self.acknowledged.as_option())),
            ("Resolved", mark(self.resolved.as_option())),
        ]
    }
}

fn severity(alert: &Alert) -> String {
    word(&alert.severity, "ALERT_SEVERITY_")
}

fn state(alert: &Alert) -> String {
    word(&alert.state, "ALERT_STATE_")
}

/// `vm web`.
fn about(alert: &Alert) -> String {
    let kind = word(&alert.source_type, "ALERT_SOURCE_TYPE_");
    format!("{kind} {}", alert.source_name).trim_end().to_owned()
}

fn mark(mark: Option<&AlertMark>) -> String {
    let Some(mark) = mark else {
        return String::new();
    };
    let said = match mark.comment.as_str() {
        "" => String::new(),
        comment => format!(": {comment}"),
    };
    format!("{} by {}{said}", show_moment(mark.at.as_option()), mark.by)
}

fn tone(alert: &Alert) -> Tone {
    if alert.state == AlertState::Resolved {
        return Tone::Idle;
    }
    match alert.severity.as_known() {
        Some(AlertSeverity::Critical) => Tone::Bad,
        Some(AlertSeverity::Warning) => Tone::Changing,
        _ => Tone::Neutral,
    }
}
