use limiquantix_core::identity::{AlertId, NodeId};
use limiquantix_core::resource::{
    Alert, AlertMark, AlertSeverity, AlertSource, AlertSourceKind, AlertState, Meta,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{any_labels, any_name, any_project};
use super::{any_time, any_uuid};

/// Any alert in any state, about anything.
pub fn any_alert() -> impl Strategy<Value = Alert> {
    let source = (
        select(&AlertSourceKind::ALL[..]),
        any_uuid(),
        any_name(),
        of(any_project()),
        of(any_uuid()),
    )
        .prop_map(|(kind, id, name, project, node)| AlertSource {
            kind,
            id: id.to_string(),
            name: name.to_string(),
            project,
            node: node.map(NodeId::from_uuid),
        });
    let words = ("\\PC{1,60}", "\\PC{0,60}", "[a-z/]{0,20}");
    let kind = (select(&AlertSeverity::ALL[..]), select(&AlertState::ALL[..]));
    (
        (any_uuid(), any_labels(), any_time(), any_time(), any::<u32>()),
        kind,
        words,
        source,
        (any_mark(), any_mark()),
    )
        .prop_map(
            |((id, labels, created, last_seen, count), kind, words, source, marks)| {
                let (severity, state) = kind;
                let mut alert = Alert {
                    id: AlertId::from_uuid(id),
                    meta: Meta::created(created, labels),
                    severity,
                    state,
                    title: words.0,
                    message: words.1,
                    source,
                    dedup_key: words.2,
                    count,
                    last_seen,
                    acknowledged: (state != AlertState::Open).then_some(marks.0),
                    resolved: (state == AlertState::Resolved).then_some(marks.1),
                };
                alert.relabel();
                alert
            },
        )
}

fn any_mark() -> impl Strategy<Value = AlertMark> {
    ("[a-z]{1,12}", any_time(), "\\PC{0,40}").prop_map(|(by, at, comment)| AlertMark { by, at, comment })
}
