use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinHandle;

/// A cable to libvirt's socket that a test can cut or freeze: what a restart of the daemon, or its hanging, looks
/// like from this side, without doing that to others who use the same daemon.
pub struct Relay {
    pub uri: String,
    path: PathBuf,
    target: PathBuf,
    gate: Arc<RwLock<()>>,
    ice: Option<OwnedRwLockWriteGuard<()>>,
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
            gate: Arc::default(),
            ice: None,
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
        let (target, gate) = (Arc::new(self.target.clone()), Arc::clone(&self.gate));
        self.task = Some(tokio::spawn(async move {
            // Aborting this task drops the set, and with it every connection.
            let mut wires = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, gate) = (Arc::clone(&target), Arc::clone(&gate));
                wires.spawn(async move { wire(client, &target, gate).await });
            }
        }));
    }

    /// Connections stay, but nothing passes any more once this returns.
    pub async fn freeze(&mut self) {
        self.ice = Some(Arc::clone(&self.gate).write_owned().await);
    }

    /// What waited passes.
    pub fn thaw(&mut self) {
        self.ice = None;
    }
}

/// Passes on what either side says, while the gate is open.
async fn wire(client: UnixStream, target: &Path, gate: Arc<RwLock<()>>) {
    // Under the gate too: a frozen daemon greets nobody.
    let server = {
        let _open = gate.read().await;
        UnixStream::connect(target).await
    };
    let Ok(server) = server else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Whichever side ends first ends both.
    tokio::select! {
        () = pump(from_client, to_server, &gate) => {}
        () = pump(from_server, to_client, &gate) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: &RwLock<()>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let _open = gate.read().await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
