//! [`Alert`]: what somebody should know, as the API shows it, and what a caller wants to be known.

use buffa::EnumValue;
use limiquantix_core::alert::Trouble;
use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{
    Alert, AlertMark, AlertSeverity, AlertSource, AlertSourceKind, AlertState, AlertTally, Labels, Revision,
    SeverityTally,
};
use limiquantix_core::{Error, Result};

use super::field::{known, required, signed};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::alert::v1 as wire;

/// The alert as the API shows it. One that was not stored has neither id nor etag.
pub fn to_wire(alert: &Alert) -> wire::Alert {
    let stored = alert.meta.revision != Revision::ZERO;
    wire::Alert {
        id: if stored {
            alert.id.to_string()
        } else {
            String::new()
        },
        severity: severity_to_wire(alert.severity).into(),
        state: match alert.state {
            AlertState::Open => wire::AlertState::Open,
            AlertState::Acknowledged => wire::AlertState::Acknowledged,
            AlertState::Resolved => wire::AlertState::Resolved,
        }
        .into(),
        title: alert.title.clone(),
        message: alert.message.clone(),
        source_type: match alert.source.kind {
            AlertSourceKind::Vm => wire::AlertSourceType::Vm,
            AlertSourceKind::Node => wire::AlertSourceType::Node,
            AlertSourceKind::Storage => wire::AlertSourceType::Storage,
            AlertSourceKind::Network => wire::AlertSourceType::Network,
            AlertSourceKind::Cluster => wire::AlertSourceType::Cluster,
            AlertSourceKind::System => wire::AlertSourceType::System,
        }
        .into(),
        source_id: alert.source.id.clone(),
        source_name: alert.source.name.clone(),
        project_id: alert
            .source
            .project
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        node_id: alert.source.node.map(|id| id.to_string()).unwrap_or_default(),
        dedup_key: alert.dedup_key.clone(),
        count: signed(alert.count),
        last_seen_at: timestamp_to_wire(alert.last_seen).into(),
        acknowledged: alert.acknowledged.as_ref().map(mark_to_wire).into(),
        resolved: alert.resolved.as_ref().map(mark_to_wire).into(),
        created_at: timestamp_to_wire(alert.meta.created_at).into(),
        updated_at: timestamp_to_wire(alert.meta.updated_at).into(),
        revision: alert.meta.revision.0,
        etag: if stored {
            etag::to_wire(alert.meta.revision)
        } else {
            String::new()
        },
        ..Default::default()
    }
}

/// How many alerts there are, at this revision.
pub fn summary_to_wire(tally: &AlertTally, revision: Revision) -> wire::AlertSummary {
    let counts = |tally: &SeverityTally| wire::SeverityCounts {
        critical: signed(tally.critical),
        warning: signed(tally.warning),
        info: signed(tally.info),
        ..Default::default()
    };
    wire::AlertSummary {
        open: counts(&tally.open).into(),
        acknowledged: counts(&tally.acknowledged).into(),
        resolved: counts(&tally.resolved).into(),
        revision: revision.0,
        ..Default::default()
    }
}

/// What a caller wants an alert to be raised about. Whom it belongs to is for the service to find out.
///
/// # Errors
///
/// `INVALID_FIELD` for `severity` if there is none, and for values that this version does not know.
pub fn trouble_from_wire(request: &wire::CreateAlertRequest) -> Result<Trouble> {
    Ok(Trouble {
        severity: severity_from_wire("severity", request.severity)?.ok_or_else(|| required("severity"))?,
        title: request.title.clone(),
        message: request.message.clone(),
        source: AlertSource {
            kind: source_from_wire("source_type", request.source_type)?.unwrap_or(AlertSourceKind::System),
            id: request.source_id.clone(),
            name: request.source_name.clone(),
            project: None,
            node: None,
        },
        dedup_key: request.dedup_key.clone(),
    })
}

/// Which alerts, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListAlertsRequest) -> Result<Listing> {
    let source = source_from_wire("source_type", request.source_type)?;
    let severity = severity_from_wire("severity", request.severity)?;
    let labels = [
        (Alert::LABEL_SEVERITY, severity.map(AlertSeverity::as_str)),
        (Alert::LABEL_SOURCE_KIND, source.map(AlertSourceKind::as_str)),
        (
            Alert::LABEL_SOURCE_ID,
            Some(request.source_id.as_str()).filter(|id| !id.is_empty()),
        ),
    ];
    let given = labels
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)));
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        phases: states_from_wire("states", &request.states)?,
        labels: given
            .map(|(label, value)| (label.to_owned(), value.to_owned()))
            .collect::<Labels>(),
        ..Selector::default()
    };
    Listing::read::<Alert>(selector, request)
}

/// Which alerts a watch is about.
///
/// # Errors
///
/// `INVALID_FIELD`.
pub fn watch_selector(project: &str, states: &[EnumValue<wire::AlertState>]) -> Result<Selector> {
    Ok(Selector {
        project: project_filter("project_id", project)?,
        phases: states_from_wire("states", states)?,
        ..Selector::default()
    })
}

fn states_from_wire(field: &str, states: &[EnumValue<wire::AlertState>]) -> Result<Vec<&'static str>> {
    let state = |(n, state): (usize, &EnumValue<wire::AlertState>)| {
        let at = format!("{field}[{n}]");
        Ok(match known(&at, *state)? {
            wire::AlertState::Unspecified => {
                return Err(Error::invalid(
                    at,
                    format!("{field} must name states, or be empty"),
                ));
            }
            wire::AlertState::Open => AlertState::Open.as_str(),
            wire::AlertState::Acknowledged => AlertState::Acknowledged.as_str(),
            wire::AlertState::Resolved => AlertState::Resolved.as_str(),
        })
    };
    states.iter().enumerate().map(state).collect()
}

fn mark_to_wire(mark: &AlertMark) -> wire::AlertMark {
    wire::AlertMark {
        by: mark.by.clone(),
        at: timestamp_to_wire(mark.at).into(),
        comment: mark.comment.clone(),
        ..Default::default()
    }
}

fn severity_to_wire(severity: AlertSeverity) -> wire::AlertSeverity {
    match severity {
        AlertSeverity::Critical => wire::AlertSeverity::Critical,
        AlertSeverity::Warning => wire::AlertSeverity::Warning,
        AlertSeverity::Info => wire::AlertSeverity::Info,
    }
}

fn severity_from_wire(
    field: &str,
    severity: EnumValue<wire::AlertSeverity>,
) -> Result<Option<AlertSeverity>> {
    Ok(match known(field, severity)? {
        wire::AlertSeverity::Unspecified => None,
        wire::AlertSeverity::Critical => Some(AlertSeverity::Critical),
        wire::AlertSeverity::Warning => Some(AlertSeverity::Warning),
        wire::AlertSeverity::Info => Some(AlertSeverity::Info),
    })
}

fn source_from_wire(
    field: &str,
    source: EnumValue<wire::AlertSourceType>,
) -> Result<Option<AlertSourceKind>> {
    Ok(match known(field, source)? {
        wire::AlertSourceType::Unspecified => None,
        wire::AlertSourceType::Vm => Some(AlertSourceKind::Vm),
        wire::AlertSourceType::Node => Some(AlertSourceKind::Node),
        wire::AlertSourceType::Storage => Some(AlertSourceKind::Storage),
        wire::AlertSourceType::Network => Some(AlertSourceKind::Network),
        wire::AlertSourceType::Cluster => Some(AlertSourceKind::Cluster),
        wire::AlertSourceType::System => Some(AlertSourceKind::System),
    })
}
