use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use super::Breach;
use crate::identity::Name;

/// Why a filter refused a node, with the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "filter")]
#[non_exhaustive]
pub enum Refusal {
    /// Its heartbeats do not arrive.
    NotReady {
        /// `not_ready` or `unknown`.
        phase: String,
    },
    /// The administrator keeps new VMs off.
    Unschedulable {
        /// `cordoned` or `in maintenance`.
        state: String,
        /// The administrator's words.
        reason: String,
    },
    /// A label that the VM asks for is missing or different.
    Selector {
        /// The label's key.
        key: String,
        /// The value asked for.
        wanted: String,
        /// The node's value, if any.
        found: Option<String>,
    },
    /// A taint that the VM does not tolerate.
    Taint {
        /// The taint's key.
        key: String,
        /// The taint's value.
        value: String,
    },
    /// The VM insists on hardware virtualization, and the node has only software emulation.
    Accel,
    /// A pool that the VM asks for is not there.
    Pool {
        /// The pool.
        pool: Name,
    },
    /// A placement rule that is required is broken there.
    Rule {
        /// The rule.
        rule: Name,
        /// How.
        breach: Breach,
    },
    /// Not enough cores.
    Cores {
        /// Needed.
        needed: u32,
        /// Free after overcommit.
        free: u32,
        /// The node's, before overcommit.
        total: u32,
        /// The overcommit in percent.
        overcommit: u32,
    },
    /// Not enough memory, in MiB.
    Memory {
        /// Needed.
        needed: u32,
        /// Free after overcommit and what the host keeps.
        free: u32,
        /// The node's, before overcommit and with what the host keeps.
        total: u32,
        /// What the host keeps.
        #[serde(default)]
        reserved: u32,
        /// The overcommit in percent.
        overcommit: u32,
    },
}

impl Refusal {
    /// What the refusal is about, in a word or two: under this nodes are counted.
    pub const fn topic(&self) -> &'static str {
        match self {
            Self::NotReady { .. } => "not ready",
            Self::Unschedulable { .. } => "unschedulable",
            Self::Selector { .. } => "selector",
            Self::Taint { .. } => "taint",
            Self::Accel => "accel",
            Self::Pool { .. } => "pool",
            Self::Rule { .. } => "rule",
            Self::Cores { .. } => "cpu",
            Self::Memory { .. } => "memory",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady { phase } => match phase.as_str() {
                "unknown" => f.write_str("not heard of yet"),
                _ => f.write_str("not ready: its heartbeats stopped"),
            },
            Self::Unschedulable { state, reason } if reason.is_empty() => write!(f, "{}", Quoted(state)),
            Self::Unschedulable { state, reason } => write!(f, "{} ({})", Quoted(state), Quoted(reason)),
            Self::Selector { key, wanted, found } => {
                write!(f, "selector: needs label {}={}", Quoted(key), Quoted(wanted))?;
                match found {
                    Some(value) => write!(f, ", has {}={}", Quoted(key), Quoted(value)),
                    None => write!(f, ", has no {}", Quoted(key)),
                }
            }
            Self::Taint { key, value } if value.is_empty() => {
                write!(f, "taint: {} is not tolerated", Quoted(key))
            }
            Self::Taint { key, value } => {
                write!(f, "taint: {}={} is not tolerated", Quoted(key), Quoted(value))
            }
            Self::Accel => f.write_str("accel: needs kvm, which does not work there"),
            Self::Rule { rule, breach } => write!(f, "rule {rule}: {breach}"),
            Self::Pool { pool } => write!(f, "pool: has no {pool}"),
            Self::Cores {
                needed,
                free,
                total,
                overcommit,
            } => {
                let unit = if *needed == 1 { "core" } else { "cores" };
                write!(f, "cpu: needs {needed} {unit}, {free} free of {total}")?;
                Caveats {
                    overcommit: *overcommit,
                    reserved: 0,
                }
                .fmt(f)
            }
            Self::Memory {
                needed,
                free,
                total,
                reserved,
                overcommit,
            } => {
                write!(f, "memory: needs {needed} MiB, {free} MiB free of {total}")?;
                Caveats {
                    overcommit: *overcommit,
                    reserved: *reserved,
                }
                .fmt(f)
            }
        }
    }
}

/// What stands between the hardware and what may be promised: ` after overcommit 1.5 and reserve 1024`;
/// empty, where there is nothing.
struct Caveats {
    overcommit: u32,
    reserved: u32,
}

impl fmt::Display for Caveats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut word = " after ";
        if self.overcommit != 100 {
            let (whole, hundredths) = (self.overcommit / 100, self.overcommit % 100);
            write!(f, "{word}overcommit {whole}")?;
            match (hundredths / 10, hundredths % 10) {
                (0, 0) => {}
                (tenths, 0) => write!(f, ".{tenths}")?,
                (tenths, rest) => write!(f, ".{tenths}{rest}")?,
            }
            word = " and ";
        }
        if self.reserved != 0 {
            write!(f, "{word}reserve {}", self.reserved)?;
        }
        Ok(())
    }
}

/// Text that a person typed, made fit for one line of a terminal: no control or invisible characters, and no
/// more than 64, as ids in messages.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 64;
        for c in self.0.chars().take(LONGEST) {
            if c.is_ascii_graphic() || c == ' ' {
                f.write_char(c)?;
            } else {
                c.escape_debug().fmt(f)?;
            }
        }
        if self.0.chars().nth(LONGEST).is_some() {
            f.write_char('…')?;
        }
        Ok(())
    }
}
