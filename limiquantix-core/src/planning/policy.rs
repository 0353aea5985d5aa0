use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unit::Percent;

/// How VMs are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// What makes one node better than another.
    pub strategy: Strategy,
    /// How much of a node's cores may be promised, 100 % being all of them once.
    pub overcommit_cpu: Percent,
    /// How much of a node's memory, less what the host keeps, may be promised.
    pub overcommit_memory: Percent,
}

impl Default for Policy {
    /// Spread; four virtual cores per physical one, as idle cores cost nothing; memory as it is, since
    /// memory promised twice ends in swapping or in the kernel killing guests.
    fn default() -> Self {
        Self {
            strategy: Strategy::Spread,
            overcommit_cpu: Percent(400),
            overcommit_memory: Percent::WHOLE,
        }
    }
}

/// What makes one node better than another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Even out the load: a failed node takes fewer VMs with it, and each has more room.
    #[default]
    Spread,
    /// Fill nodes up: others stay empty, for large VMs or to be switched off.
    Pack,
}

impl Strategy {
    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::Pack => "pack",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
