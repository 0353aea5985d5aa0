//! Every command line with which the quickstart reaches the product, and every reading of its answers. When a flag of the
//! server, the agent or `lqx` changes, this file changes and nothing else here does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{command, output};
use crate::workspace::Workspace;

/// Names of the images in the pool: an image's name is a file name in `<pool>/images/`.
pub(super) const KERNEL: &str = "probe-kernel";
pub(super) const INITRD: &str = "probe-initrd";

/// The virtual machine.
pub(super) const VM: &str = "hello";

const NODE: &str = "node-1";

/// What the guest prints when it is up.
const GREETING: &str = "LQX READY";

/// The packages that hold the binaries; those of them that have a feature `libvirt` are built with it.
const PACKAGES: &[&str] = &["limiquantix-server", "limiquantix-agent", "limiquantix-cli"];

/// `cargo build` of everything that the quickstart runs.
pub(super) fn build(workspace: &Workspace) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = command(cargo, ["build"]);
    build.current_dir(workspace.root());
    for package in PACKAGES {
        build.args(["--package", package]);
        if workspace.has_feature(package, "libvirt") {
            build.args(["--features", &format!("{package}/libvirt")]);
        }
    }
    build
}

/// The binaries, and where they meet.
pub(super) struct Product {
    server: PathBuf,
    agent: PathBuf,
    lqx: PathBuf,
    address: SocketAddr,
    config: PathBuf,
}

impl Product {
    /// Chooses a free port. `config` stands for the user's configuration directory, which must not matter here.
    pub(super) fn new(workspace: &Workspace, config: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free on 127.0.0.1")?;
        let address = listener
            .local_addr()
            .context("a listening socket has no address")?;
        Ok(Self {
            server: workspace.binary("limiquantix-server"),
            agent: workspace.binary("limiquantix-agent"),
            lqx: workspace.binary("lqx"),
            address,
            config,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn server(&self, data: &Path) -> Command {
        let mut server = Command::new(&self.server);
        server
            .arg("--dev")
            .arg("--listen")
            .arg(self.address.to_string())
            .arg("--data-dir")
            .arg(data);
        server
    }

    pub(super) fn agent(&self, libvirt: &str, pool: &Path, state: &Path) -> Command {
        let mut agent = Command::new(&self.agent);
        agent
            .arg("--server")
            .arg(self.url())
            .args(["--name", NODE, "--libvirt", libvirt]);
        agent
            .arg("--pool")
            .arg(format!("default={}", pool.display()))
            .arg("--state-dir")
            .arg(state);
        agent
    }

    pub(super) fn launch(&self) -> Command {
        self.lqx(&[
            "launch", "--kernel", KERNEL, "--initrd", INITRD, "--disk", "1", VM, "--cpus", "1", "--memory",
            "512M",
        ])
    }

    pub(super) fn list(&self) -> Command {
        self.lqx(&["vm", "list"])
    }

    pub(super) fn stop(&self) -> Command {
        self.lqx(&["vm", "stop", VM])
    }

    pub(super) fn delete(&self) -> Command {
        self.lqx(&["vm", "delete", VM, "--yes"])
    }

    /// True once the server says that it is ready.
    pub(super) fn is_ready(&self) -> bool {
        http_status(self.address, "/ready").is_some_and(|status| status == 200)
    }

    /// True once the node takes virtual machines.
    pub(super) fn node_is_ready(&self) -> bool {
        let Ok(answer) = output(&mut self.lqx(&["node", "list", "-o", "json"])) else {
            return false;
        };
        serde_json::from_str(&answer).is_ok_and(|answer| shows_ready(&answer, NODE))
    }

    /// Follows the console's log until the greeting, which it returns; prints what comes before it.
    pub(super) fn follow_console(&self, limit: Duration, go_on: impl Fn() -> bool) -> Result<String> {
        let mut follow = self.lqx(&["console", VM, "--log", "--follow"]);
        let mut child = follow
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start lqx")?;
        let stdout = child.stdout.take().context("a pipe is missing")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let deadline = Instant::now() + limit;
        let greeting = loop {
            match lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) if line.contains(GREETING) => break Ok(line.trim().to_owned()),
                Ok(line) => println!("  │ {}", line.trim_end()),
                Err(RecvTimeoutError::Disconnected) => {
                    break Err("`lqx console --log --follow` ended before the guest's greeting");
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    break Err("the guest's greeting did not arrive in time");
                }
                Err(RecvTimeoutError::Timeout) if !go_on() => {
                    break Err("server or agent ended while the guest was booting");
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        // It follows for ever; it may have ended by itself.
        let _ = child.kill();
        child.wait().context("cannot wait for lqx")?;
        match greeting {
            Ok(line) => Ok(line),
            Err(reason) => bail!("{reason}"),
        }
    }

    /// What to try on a kept system.
    pub(super) fn hints(&self, libvirt: &str) -> String {
        format!(
            "The server listens on {url}, the guest `{VM}` runs. Try:\n\
             \x20 export LQX_SERVER={url}\n\
             \x20 {lqx} vm list\n\
             \x20 {lqx} console {VM}\n\
             \x20 {lqx} explain placement vm/{VM}\n\
             \x20 virsh -c '{libvirt}' list\n\
             Stop it with:\n\
             \x20 cargo xtask quickstart --stop",
            url = self.url(),
            lqx = self.lqx.display(),
        )
    }

    fn lqx(&self, args: &[&str]) -> Command {
        let mut lqx = Command::new(&self.lqx);
        lqx.args(args)
            .env("LQX_SERVER", self.url())
            .env("XDG_CONFIG_HOME", &self.config)
            .env_remove("LQX_CONTEXT");
        lqx
    }
}

/// True if somewhere in the answer an object of this name has a state that says ready.
///
/// Enumerations are printed with their prefix (`NODE_STATE_READY`), so the last word decides, and `NOT_READY` is not ready.
pub(super) fn shows_ready(answer: &Value, name: &str) -> bool {
    match answer {
        Value::Array(items) => items.iter().any(|item| shows_ready(item, name)),
        Value::Object(fields) => {
            let named = fields.values().any(|value| value == name)
                || fields.values().any(|value| value["name"] == name);
            (named && fields.values().any(says_ready))
                || fields.values().any(|value| shows_ready(value, name))
        }
        _ => false,
    }
}

fn says_ready(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            let text = text.to_ascii_uppercase();
            (text == "READY" || text.ends_with("_READY")) && !text.ends_with("NOT_READY")
        }
        Value::Object(fields) => fields.values().any(says_ready),
        _ => false,
    }
}

/// The status code of a plain GET; none if nobody answers.
fn http_status(address: SocketAddr, path: &str) -> Option<u16> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, limit).ok()?;
    stream.set_read_timeout(Some(limit)).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).ok()?;
    parse_status(&answer)
}

pub(super) fn parse_status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}
