//! A program as an operator runs it, which can be killed and started again.

use std::fs::{File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::soon;

/// A program, and how it is started.
pub(crate) struct Program {
    name: &'static str,
    path: &'static str,
    arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    pub(crate) fn new(name: &'static str, path: &'static str, arguments: Vec<String>, logs: &Path) -> Self {
        Self {
            name,
            path,
            arguments,
            log: logs.join(format!("{name}.log")),
            child: None,
        }
    }

    /// The server on this port of loopback.
    pub(crate) fn server(address: SocketAddr, data: &Path, logs: &Path) -> Self {
        let listen = address.to_string();
        let data = data.display().to_string();
        let arguments = ["--dev", "--listen", &listen, "--data-dir", &data];
        let arguments = arguments.map(str::to_owned).to_vec();
        Self::new("server", env!("CARGO_BIN_EXE_e2e-server"), arguments, logs)
    }

    pub(crate) fn start(&mut self) {
        assert!(self.child.is_none(), "the {} runs already", self.name);
        let log = append(&self.log);
        let mut command = Command::new(self.path);
        for (variable, _) in std::env::vars().filter(|(v, _)| v.starts_with("LQX_")) {
            command.env_remove(variable);
        }
        let child = command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.unwrap_or_else(|e| panic!("cannot start {}: {e}", self.path)));
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let ended = child.try_wait().expect("it can be asked");
        assert!(
            ended.is_none(),
            "the {} has ended by itself, {ended:?}:\n{}",
            self.name,
            self.said()
        );
        child.kill().expect("it can be killed");
        child.wait().expect("it has ended");
    }

    /// The end of its log.
    pub(crate) fn said(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let tail = &log[log.len().saturating_sub(4000)..];
        String::from_utf8_lossy(tail).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            println!("--- the end of the {}'s log ---\n{}", self.name, self.said());
        }
    }
}

fn append(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap_or_else(|e| panic!("cannot open {}: {e}", path.display()))
}

/// A port that is free now. Something else may take it before the server does, which then says so.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address")
}

/// Waits until the server says that it is ready.
pub(crate) async fn ready(address: SocketAddr) {
    let answered = async {
        while !is_ready(address).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the server to be ready", answered).await;
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return false;
    };
    let request = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
