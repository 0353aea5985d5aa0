//! `cargo xtask quickstart`: from a fresh clone to a guest whose greeting arrived through LimiQuantix.
//!
//! ```text
//! packages ▸ build ▸ probe guest ▸ libvirt node ▸ server ▸ agent ▸ images ▸ launch ▸ greeting ▸ agreement ▸
//! power off ▸ delete ▸ stop
//! ```
//!
//! Every command line of the product is in `product`; this file is the order of events. Whatever it starts is in the care
//! of a [`Warden`], so nothing outlives it, whether it ends, fails or is interrupted, unless `--keep` says so.

mod kept;
mod product;
mod service;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use self::kept::Kept;
use self::product::Product;
use self::service::Service;
use crate::apt::{self, sets::Set};
use crate::args::Args;
use crate::command::{output, run};
use crate::guest::{self, Guest};
use crate::phase::Phases;
use crate::warden::{LabNode, RunAs, Warden};
use crate::workspace::Workspace;

/// Software emulation on two busy cores boots the probe guest in 3 to 10 s; a guest that has said nothing for this long
/// never will.
const GREETING_LIMIT: Duration = Duration::from_secs(180);

/// A server on SQLite is ready in well under 2 s, a node right after its first heartbeat.
const SERVICE_LIMIT: Duration = Duration::from_secs(30);

/// Where one quickstart has its files; deleted when the next one starts.
struct Place {
    directory: PathBuf,
}

impl Place {
    fn of(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            directory: workspace.products()?.join("quickstart"),
        })
    }

    fn lab(&self) -> PathBuf {
        self.directory.join("node")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// What runs.
struct Running {
    server: Service,
    agent: Service,
}

/// Parses and runs.
pub(crate) fn main(mut args: Args) -> Result<()> {
    let (keep, stop) = (args.flag("--keep"), args.flag("--stop"));
    args.finish()?;
    let workspace = Workspace::find()?;
    let place = Place::of(&workspace)?;
    if stop {
        return clear(&place, &mut Warden::start()?);
    }
    let mut phases = Phases::new();
    let result = quickstart(&workspace, &place, &mut phases, keep);
    println!("\n{}", phases.table());
    result
}

fn quickstart(workspace: &Workspace, place: &Place, phases: &mut Phases, keep: bool) -> Result<()> {
    phases.run("packages", || apt::ensure(&[Set::Build, Set::Run, Set::Guest]))?;
    phases.run("build server, agent and lqx", || {
        run(&mut product::build(workspace))
    })?;
    let guest = phases.run("probe guest", || guest::ensure(&workspace.guest()?))?;

    let mut warden = Warden::start()?;
    clear(place, &mut warden)?;
    fs::create_dir_all(&place.directory).context("cannot make the quickstart's directory")?;
    let lab = phases.run("libvirt node", || warden.start_lab(&place.lab()))?;
    let product = Product::new(workspace, place.path("config"))?;
    let server = phases.run("server", || start_server(&product, place, &mut warden))?;
    let agent = phases.run("agent", || {
        start_agent(&product, place, &lab, &server, &mut warden)
    })?;
    let running = Running { server, agent };

    let result = launch(&product, &guest, &lab, &running, phases);
    if result.is_err() {
        running.server.report();
        running.agent.report();
        return result;
    }
    if keep {
        Kept {
            lab: lab.base.clone(),
            groups: vec![running.agent.leader(), running.server.leader()],
        }
        .write(&place.directory)?;
        warden.keep_all()?;
        println!("\n{}", product.hints(&lab.uri));
        return Ok(());
    }
    phases.run("power off", || run(&mut product.stop()))?;
    phases.run("delete", || run(&mut product.delete()))?;
    phases.run("stop", || {
        running.agent.stop(&mut warden)?;
        running.server.stop(&mut warden)?;
        warden.remove_lab(&lab.base)
    })
}

/// Ends what an earlier `--keep` left running, and deletes the files of the last run.
fn clear(place: &Place, warden: &mut Warden) -> Result<()> {
    if let Some(kept) = Kept::read(&place.directory) {
        println!("  stopping what an earlier quickstart kept");
        for group in kept.groups {
            warden.end(group)?;
        }
        warden.remove_lab(&kept.lab)?;
    }
    warden.remove_lab(&place.lab())?;
    warden.delete(&place.directory)
}

fn start_server(product: &Product, place: &Place, warden: &mut Warden) -> Result<Service> {
    let server = Service::start(
        "server",
        &product.server(&place.path("server")),
        RunAs::Caller,
        &place.path("server.log"),
        warden,
    )?;
    server.wait_until("the server's /ready answers", SERVICE_LIMIT, || {
        product.is_ready()
    })?;
    println!("  {}", product.url());
    Ok(server)
}

fn start_agent(
    product: &Product,
    place: &Place,
    lab: &LabNode,
    server: &Service,
    warden: &mut Warden,
) -> Result<Service> {
    // As on a real node: libvirt's logs are readable to root alone.
    let command = product.agent(&lab.uri, &lab.pool, &place.path("agent"));
    let agent = Service::start("agent", &command, RunAs::Root, &place.path("agent.log"), warden)?;
    let ready = agent.wait_until("the node is ready", SERVICE_LIMIT, || product.node_is_ready());
    if ready.is_err() {
        server.report();
    }
    ready.map(|()| agent)
}

fn launch(
    product: &Product,
    guest: &Guest,
    lab: &LabNode,
    running: &Running,
    phases: &mut Phases,
) -> Result<()> {
    phases.run("images", || {
        let images = lab.pool.join("images");
        place_image(&guest.kernel, &images.join(product::KERNEL))?;
        place_image(&guest.initrd, &images.join(product::INITRD))
    })?;
    phases.run("launch", || run(&mut product.launch()))?;
    let greeting = phases.run("greeting", || {
        product.follow_console(GREETING_LIMIT, || {
            running.server.is_alive() && running.agent.is_alive()
        })
    })?;
    println!("\n  {greeting}\n");
    phases.run("libvirt agrees", || agree(product, lab))
}

/// Images are only ever read, so a link is as good as a copy; across file systems it has to be a copy.
fn place_image(from: &Path, to: &Path) -> Result<()> {
    fs::hard_link(from, to)
        .or_else(|_| fs::copy(from, to).map(drop))
        .with_context(|| format!("cannot place the image {}", to.display()))
}

/// Shows the control plane's list next to libvirt's own.
fn agree(product: &Product, lab: &LabNode) -> Result<()> {
    let ours = output(product.list().stderr(Stdio::inherit()))?;
    let theirs = output(Command::new("virsh").args(["--quiet", "--connect", &lab.uri, "list", "--all"]))?;
    println!("$ lqx vm list\n{ours}\n$ virsh list --all\n{theirs}");
    let running = theirs
        .lines()
        .filter(|line| line.trim_end().ends_with("running"))
        .count();
    if running == 1 && ours.contains(product::VM) {
        Ok(())
    } else {
        bail!("libvirt and LimiQuantix should both know one running virtual machine")
    }
}
