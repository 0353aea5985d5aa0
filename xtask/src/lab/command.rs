//! `cargo xtask lab …`: lab nodes for a developer's own hands.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, bail};

use super::{Lab, uri};
use crate::apt::{self, sets::Set};
use crate::args::Args;
use crate::command::run;
use crate::lab::Owner;
use crate::process::own_program;
use crate::root;
use crate::workspace::Workspace;

/// Parses and runs.
pub(crate) fn main(mut args: Args) -> Result<()> {
    let verb = args.next_word();
    if verb.as_deref() == Some("virsh") {
        return virsh(&mut args);
    }
    let nodes = args.words();
    args.finish()?;
    match verb.as_deref() {
        Some("up") => up(&nodes),
        Some("down") => down(nodes),
        Some("status") => status(),
        // How `up` and `down` do their work once they are root: UID GID DIRECTORY…
        Some("up-as-root") => up_as_root(&nodes),
        Some("down-as-root") => down_as_root(&nodes),
        _ => bail!("say `lab up NODE…`, `lab down [NODE…]`, `lab status` or `lab virsh NODE ARGS…`"),
    }
}

fn up(nodes: &[String]) -> Result<()> {
    if nodes.is_empty() {
        bail!("name the nodes: cargo xtask lab up a b");
    }
    let workspace = Workspace::find()?;
    apt::ensure(&[Set::Run])?;
    let (uid, gid) = root::ids()?;
    let mut words = vec![uid.to_string(), gid.to_string()];
    for node in nodes {
        words.push(path(&workspace, node)?);
    }
    again_as_root("up-as-root", &words)?;
    for node in nodes {
        let base = workspace.lab(node)?;
        println!("node {node}  {}", uri(&base));
    }
    println!("try: cargo xtask lab virsh {} list --all", nodes[0]);
    Ok(())
}

fn down(mut nodes: Vec<String>) -> Result<()> {
    let workspace = Workspace::find()?;
    if nodes.is_empty() {
        nodes = known(&workspace)?;
    }
    let bases = nodes
        .iter()
        .map(|node| path(&workspace, node))
        .collect::<Result<Vec<_>>>()?;
    if bases.is_empty() {
        Ok(())
    } else {
        again_as_root("down-as-root", &bases)
    }
}

fn status() -> Result<()> {
    let workspace = Workspace::find()?;
    for node in known(&workspace)? {
        let base = workspace.lab(&node)?;
        match Lab::running(&base) {
            Some(lab) => {
                println!("{node}  up, process {}  {}", lab.init().pid, lab.uri());
                lab.keep();
            }
            None => println!("{node}  down  {}", base.display()),
        }
    }
    Ok(())
}

fn virsh(args: &mut Args) -> Result<()> {
    let Some(node) = args.next_word() else {
        bail!("name the node: cargo xtask lab virsh a list --all")
    };
    let base = Workspace::find()?.lab(&node)?;
    match Lab::running(&base) {
        Some(lab) => lab.keep(),
        None => bail!("node {node} is down; start it with: cargo xtask lab up {node}"),
    }
    let mut virsh = Command::new("virsh");
    virsh
        .args(["--connect", &uri(&base)])
        .args(args.words())
        .args(args.after_dashes());
    Err(virsh.exec().into())
}

fn up_as_root(words: &[String]) -> Result<()> {
    let [uid, gid, bases @ ..] = words else {
        bail!("usage: lab up-as-root UID GID DIRECTORY…")
    };
    let owner = Owner {
        uid: uid.parse()?,
        gid: gid.parse()?,
    };
    for base in bases {
        Lab::start(base.as_ref(), owner)?.keep();
    }
    Ok(())
}

fn down_as_root(bases: &[String]) -> Result<()> {
    for base in bases {
        match Lab::running(base.as_ref()) {
            Some(lab) => {
                lab.stop()?;
                println!("{base} is down");
            }
            None => {
                super::remove_remains(base.as_ref())?;
                println!("{base} was down already");
            }
        }
    }
    Ok(())
}

/// Runs this program again, as root.
fn again_as_root(verb: &str, words: &[String]) -> Result<()> {
    let me = own_program();
    let by_hand = "cargo xtask lab …";
    let mut again = root::as_root(&me, by_hand)?;
    run(again.args(["lab", verb]).args(words))
}

fn path(workspace: &Workspace, node: &str) -> Result<String> {
    // The name becomes a directory, a cgroup and a host name.
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if node.is_empty() || node.len() > 16 || !node.chars().all(plain) {
        bail!("a node's name is 1 to 16 lower-case letters, digits and dashes, not `{node}`");
    }
    Ok(workspace.lab(node)?.display().to_string())
}

/// The nodes that have a directory, by name.
fn known(workspace: &Workspace) -> Result<Vec<String>> {
    let directory = workspace.products()?.join("lab");
    let mut names: Vec<String> = match std::fs::read_dir(&directory) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    Ok(names)
}
