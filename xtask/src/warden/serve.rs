//! The warden's own side: one JSON order per line in, one JSON answer per line out, and at the end of the orders the end of
//! everything in its care.

use std::fs::{self, File};
use std::io::{BufRead, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::lab::{Lab, Owner};
use crate::process::Identity;
use crate::root;

/// How long a guarded process may take to end after SIGTERM: a server finishes its requests.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Charges {
    groups: Vec<Group>,
    labs: Vec<Lab>,
}

/// A process group started here.
struct Group {
    leader: Identity,
    process: Child,
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
        Some("delete") => {
            let directory = order["directory"]
                .as_str()
                .context("the order names no directory")?;
            delete(directory.as_ref()).map(|()| json!({}))
        }
        Some("start") => {
            let group = start(&order)?;
            let answer = json!({ "leader": group.leader.line() });
            charges.groups.push(group);
            Ok(answer)
        }
        Some("end") => Ok(json!({ "status": charges.end_group(leader(&order)?)? })),
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

fn delete(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Starts a program in a group of its own, with everything it says in a log file.
fn start(order: &Value) -> Result<Group> {
    let words = order["command"].as_array().map(Vec::as_slice).unwrap_or_default();
    let words = words
        .iter()
        .map(Value::as_str)
        .collect::<Option<Vec<_>>>()
        .context("a command is a list of words")?;
    let [program, arguments @ ..] = words.as_slice() else {
        bail!("the order names no program")
    };
    let log = order["log"].as_str().context("the order names no log")?;
    let file = File::create(log).with_context(|| format!("cannot write {log}"))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file.try_clone().context("cannot duplicate a file handle")?)
        .stderr(file)
        .process_group(0);
    // Setting ids, even to what they are, is root's privilege; a warden that is not root has no other user to serve.
    if order["as_caller"] == true && root::is_root() {
        let owner = owner(order)?;
        command.gid(owner.gid).uid(owner.uid);
    }
    let process = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(Group {
        leader: Identity::of(process.id())?,
        process,
    })
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
        delete(base)
    }

    /// Ends one group, started here or by an earlier warden; says how it ended if that can be known.
    fn end_group(&mut self, leader: Identity) -> Result<String> {
        leader.end_group(PATIENCE)?;
        let Some(at) = self.groups.iter().position(|group| group.leader == leader) else {
            return Ok("unknown".to_owned());
        };
        let mut group = self.groups.remove(at);
        Ok(group
            .process
            .wait()
            .context("cannot wait for a process")?
            .to_string())
    }

    fn end(mut self) {
        // Ask all of them first, so that the slowest alone decides how long this takes.
        for group in &self.groups {
            let _ = group.leader.signal_group("TERM");
        }
        for leader in self.groups.iter().map(|group| group.leader).collect::<Vec<_>>() {
            if let Err(error) = self.end_group(leader) {
                eprintln!("warning: process group {} did not end: {error:#}", leader.pid);
            }
        }
        drop(self.labs);
    }
}
