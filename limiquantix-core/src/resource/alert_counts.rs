use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Alert, AlertSeverity, AlertState, IndexEntry, Meta};

/// How many alerts there are, as far as this shard counts them. Written in the commit that changes an alert,
/// so that nobody ever has to count: the sum over all shards is exact at every revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertCounts {
    /// Which shard.
    pub id: AlertShard,
    /// Revision and times.
    pub meta: Meta,
    /// The alerts of this shard.
    pub tally: AlertTally,
}

/// One of [`AlertShard::COUNT`] parts of the counters. One counter alone would make every two alerts in the
/// whole system wait for each other; a summary reads them all, which is one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertShard(u8);

impl AlertShard {
    /// How many there are. A rack of nodes that falls silent raises some dozens of alerts at once; more shards
    /// would only make the summary read more.
    pub const COUNT: u8 = 16;

    /// The shard that counts `alert`, always the same one. By dedup key where there is one: then two who raise
    /// the same trouble at once write the same counter, and the second of them reads again.
    pub fn of(alert: &Alert) -> Self {
        let id = alert.id.to_string();
        let text = match alert.dedup_key.as_str() {
            "" => &id,
            key => key,
        };
        // FNV-1a, folded; all it has to do is spread.
        let hash = text.bytes().fold(0x811c_9dc5_u32, |h, b| {
            (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
        });
        let [a, b, c, d] = hash.to_le_bytes();
        Self((a ^ b ^ c ^ d) % Self::COUNT)
    }
}

impl fmt::Display for AlertShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// Alerts by state and severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertTally {
    /// Those that nobody has looked at.
    pub open: SeverityTally,
    /// Those that somebody takes care of.
    pub acknowledged: SeverityTally,
    /// Those that are over.
    pub resolved: SeverityTally,
}

/// Alerts by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityTally {
    /// How many are critical.
    pub critical: u32,
    /// How many are warnings.
    pub warning: u32,
    /// How many are only worth knowing.
    pub info: u32,
}

impl AlertTally {
    /// Counts an alert that was `before` (or not there) as what it is `after`.
    pub fn note(&mut self, before: Option<&Alert>, after: &Alert) {
        if let Some(before) = before {
            let slot = self.slot(before.state, before.severity);
            *slot = slot.saturating_sub(1);
        }
        let slot = self.slot(after.state, after.severity);
        *slot = slot.saturating_add(1);
    }

    /// Adds what another shard has counted.
    pub fn add(&mut self, other: &Self) {
        for state in AlertState::ALL {
            for severity in AlertSeverity::ALL {
                let slot = self.slot(state, severity);
                *slot = slot.saturating_add(other.get(state, severity));
            }
        }
    }

    /// How many there are of these.
    pub const fn get(&self, state: AlertState, severity: AlertSeverity) -> u32 {
        let tally = match state {
            AlertState::Open => &self.open,
            AlertState::Acknowledged => &self.acknowledged,
            AlertState::Resolved => &self.resolved,
        };
        match severity {
            AlertSeverity::Critical => tally.critical,
            AlertSeverity::Warning => tally.warning,
            AlertSeverity::Info => tally.info,
        }
    }

    fn slot(&mut self, state: AlertState, severity: AlertSeverity) -> &mut u32 {
        let tally = match state {
            AlertState::Open => &mut self.open,
            AlertState::Acknowledged => &mut self.acknowledged,
            AlertState::Resolved => &mut self.resolved,
        };
        match severity {
            AlertSeverity::Critical => &mut tally.critical,
            AlertSeverity::Warning => &mut tally.warning,
            AlertSeverity::Info => &mut tally.info,
        }
    }
}

impl AlertCounts {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry::default()
    }
}
