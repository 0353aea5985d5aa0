//! The warden's own side: one JSON order per line in, one JSON answer per line out, and at the end of the orders the end of
//! everything in its care.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::lab::{Lab, Owner};
use crate::process::Identity;

/// How long a guarded process may take to end after SIGTERM: a server finishes its requests, a test runner its tests' cleanup.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Charges {
    groups: Vec<Identity>,
    labs: Vec<Lab>,
}

/// `xtask warden`
pub(crate) fn main(args: Args) -> Result<()> {
    args.finish()?;
    let mut charges = Charges::default();
    for line in stdin().lock().lines() {
        let Ok(line) = line else { break };
        let answer = match obey(&mut charges, &line) {
            Ok(answer) => answer,
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        // Nobody reads any more: the end of the orders comes next.
        let _ = writeln!(stdout(), "{answer}");
    }
    charges.end();
    Ok(())
}

fn obey(charges: &mut Charges, line: &str) -> Result<Value> {
    let order: Value = serde_json::from_str(line).context("an order is one JSON object per line")?;
    match order["do"].as_str() {
        Some("lab") => {
            let base = base(&order)?;
            let lab = Lab::start(&base, owner(&order)?)?;
            let answer = json!({ "uri": lab.uri(), "pool": lab.pool() });
            if charges.labs.iter().any(|known| known.base() == base) {
                lab.keep();
            } else {
                charges.labs.push(lab);
            }
            Ok(answer)
        }
        Some("remove-lab") => {
            charges.remove_lab(&base(&order)?)?;
            Ok(json!({}))
        }
        Some("guard") => {
            charges.groups.push(leader(&order)?);
            Ok(json!({}))
        }
        Some("end") => {
            leader(&order)?.end_group(PATIENCE)?;
            Ok(json!({}))
        }
        Some("keep") => {
            charges.groups.clear();
            charges.labs.drain(..).for_each(Lab::keep);
            Ok(json!({}))
        }
        _ => bail!("unknown order {order}"),
    }
}

fn base(order: &Value) -> Result<PathBuf> {
    order["base"]
        .as_str()
        .map(PathBuf::from)
        .context("the order names no directory")
}

fn leader(order: &Value) -> Result<Identity> {
    order["leader"]
        .as_str()
        .and_then(Identity::parse)
        .context("the order names no process")
}

fn owner(order: &Value) -> Result<Owner> {
    let id = |key: &str| order[key].as_u64().and_then(|id| u32::try_from(id).ok());
    match (id("uid"), id("gid")) {
        (Some(uid), Some(gid)) => Ok(Owner { uid, gid }),
        _ => bail!("the order names no owner"),
    }
}

impl Charges {
    fn remove_lab(&mut self, base: &Path) -> Result<()> {
        // Started here or left by an earlier run: one directory has at most one node.
        self.labs.retain_mut(|lab| lab.base() != base);
        if let Some(lab) = Lab::running(base) {
            lab.stop()?;
        }
        match std::fs::remove_dir_all(base) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot delete {}", base.display()))
            }
            _ => Ok(()),
        }
    }

    fn end(self) {
        // Ask all of them first, so that the slowest alone decides how long this takes.
        for group in &self.groups {
            let _ = group.signal_group("TERM");
        }
        for group in &self.groups {
            if let Err(error) = group.end_group(PATIENCE) {
                eprintln!("warning: process group {} did not end: {error:#}", group.pid);
            }
        }
        drop(self.labs);
    }
}
