use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A cable to libvirt's socket that a test can cut or freeze: what a restart of the daemon, or its hanging, looks
/// like from this side, without doing that to others who use the same daemon.
pub struct Relay {
    pub uri: String,
    path: PathBuf,
    target: PathBuf,
    frozen: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Relay {
    /// A relay in `dir` for the socket that `uri` names (`…?socket=PATH`).
    pub fn lay(dir: &Path, uri: &str) -> Self {
        let target = uri
            .split_once("socket=")
            .map_or("/run/libvirt/libvirt-sock", |(_, s)| s);
        let path = dir.join("relay");
        let mut relay = Self {
            uri: format!("qemu:///system?socket={}", path.display()),
            path,
            target: target.into(),
            frozen: watch::channel(false).0,
            task: None,
        };
        relay.mend();
        relay
    }

    /// Every connection breaks, and nobody answers any more.
    pub fn cut(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        let _ = std::fs::remove_file(&self.path);
    }

    /// Connections are possible again.
    pub fn mend(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let listener = UnixListener::bind(&self.path).expect("listen");
        let (target, frozen) = (Arc::new(self.target.clone()), self.frozen.subscribe());
        self.task = Some(tokio::spawn(async move {
            // Aborting this task drops the set, and with it every connection.
            let mut wires = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, frozen) = (Arc::clone(&target), frozen.clone());
                wires.spawn(async move { wire(client, &target, frozen).await });
            }
        }));
    }

    /// Connections stay, but nothing passes; and passes again.
    pub fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }
}

async fn wire(mut client: UnixStream, target: &Path, mut frozen: watch::Receiver<bool>) {
    if frozen.wait_for(|f| !f).await.is_err() {
        return;
    }
    let Ok(mut server) = UnixStream::connect(target).await else {
        return;
    };
    loop {
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            outcome = frozen.wait_for(|f| *f) => if outcome.is_err() { return },
        }
        if frozen.wait_for(|f| !f).await.is_err() {
            return;
        }
    }
}
