//! What is different when somebody looks: questions, animation, colour, and a terminal that must be left as
//! it was found.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use tokio::process::{Child, Command};

use crate::fake::{Fake, id};

/// A terminal, seen from the side of the person.
struct Terminal {
    keyboard: File,
    slave: OwnedFd,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        let keyboard = File::from(master);
        let screen = Arc::new(Mutex::new(String::new()));
        let (mut reader, shown) = (keyboard.try_clone().unwrap(), screen.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                shown
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
        Self {
            keyboard,
            slave,
            screen,
        }
    }

    /// Starts a command on this terminal.
    fn run(&self, mut command: Command) -> Child {
        let end = || Stdio::from(self.slave.try_clone().unwrap());
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap()
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn shown(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until the screen has shown this.
    async fn shows(&self, text: &str) {
        for _ in 0..500 {
            if self.shown().contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{text:?} is not in {:?}", self.shown());
    }

    /// What is typed is shown, line by line, and Ctrl-C is a signal: the terminal as it was found.
    fn is_as_found(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }
}

async fn code(mut child: Child) -> i32 {
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    status.expect("lqx does not end").unwrap().code().unwrap_or(-1)
}

#[tokio::test]
async fn a_dangerous_verb_asks_for_the_name() {
    let server = Fake::start().await;
    let mut terminal = Terminal::new();
    let child = terminal.run(server.command("vm delete web-2"));
    terminal.shows("delete web-2: type its name to confirm: ").await;
    terminal.type_in("yes\n");
    assert_eq!(code(child).await, 2);
    assert_eq!(server.count("DeleteVM"), 0);

    let child = terminal.run(server.command("vm delete web-2"));
    for _ in 0..500 {
        if terminal.shown().matches("to confirm: ").count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    terminal.type_in("web-2\n");
    assert_eq!(code(child).await, 0);
    assert_eq!(server.count(&format!("DeleteVM {}", id(2))), 1);
}

#[tokio::test]
async fn waiting_is_animated_and_coloured() {
    let server = Fake::start().await;
    let terminal = Terminal::new();
    let child = terminal.run(server.command("vm start stuck --timeout 1500ms"));
    assert_eq!(code(child).await, 8);
    terminal.shows("goes on").await;
    let shown = terminal.shown();
    assert!(shown.contains("\x1b[32m✔\x1b[0m placed"), "{shown:?}");
    assert!(shown.contains("starting  ██████░░░░░░░░░░  40 %"), "{shown:?}");
    assert!(shown.matches("\r\x1b[K").count() > 5, "{shown:?}");
    assert!(shown.contains("\x1b[31merror[TIMEOUT]\x1b[0m: "), "{shown:?}");
}

#[tokio::test]
async fn a_table_has_colour_unless_told_otherwise() {
    let server = Fake::start().await;
    let terminal = Terminal::new();
    assert_eq!(code(terminal.run(server.command("vm list"))).await, 0);
    terminal.shows("\x1b[32mrunning\x1b[0m").await;
    let plain = Terminal::new();
    assert_eq!(code(plain.run(server.command("vm list --no-color"))).await, 0);
    plain.shows("running").await;
    assert!(!plain.shown().contains('\x1b'), "{:?}", plain.shown());
}

#[tokio::test]
async fn a_console_takes_every_key_but_one_and_leaves_the_terminal_as_it_was() {
    let server = Fake::start().await;
    let mut terminal = Terminal::new();
    assert!(terminal.is_as_found());
    let child = terminal.run(server.command("console web"));
    terminal.shows("leave with Ctrl-]").await;
    assert!(!terminal.is_as_found());
    // Ctrl-C is for the guest.
    terminal.type_in("ls\x03");
    terminal.shows("LS\x03").await;
    terminal.type_in("\x1d");
    assert_eq!(code(child).await, 0);
    terminal.shows("left the console of web; the guest goes on").await;
    assert!(terminal.is_as_found());
}

#[tokio::test]
async fn a_console_that_is_killed_leaves_the_terminal_as_it_was() {
    let server = Fake::start().await;
    let terminal = Terminal::new();
    let child = terminal.run(server.command("console web"));
    terminal.shows("leave with Ctrl-]").await;
    for _ in 0..500 {
        if !terminal.is_as_found() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(code(child).await, 130);
    assert!(terminal.is_as_found());
}

#[tokio::test]
async fn a_console_closed_by_the_guest_leaves_the_terminal_as_it_was() {
    let server = Fake::start().await;
    let mut terminal = Terminal::new();
    let child = terminal.run(server.command("console web"));
    terminal.shows("leave with Ctrl-]").await;
    terminal.type_in("bye");
    assert_eq!(code(child).await, 0);
    assert!(terminal.is_as_found());
}

#[tokio::test]
async fn a_login_that_is_interrupted_leaves_the_terminal_as_it_was() {
    let server = Fake::start().await;
    let terminal = Terminal::new();
    let child = terminal.run(server.command("login --username admin"));
    terminal.shows("Password: ").await;
    while terminal.is_as_found() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(code(child).await, 130);
    assert!(terminal.is_as_found());
}

#[tokio::test]
async fn a_password_is_not_shown() {
    let server = Fake::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::new();
    let mut command = server.command("login");
    command.env("XDG_CONFIG_HOME", home.path());
    let child = terminal.run(command);
    terminal.shows("User name: ").await;
    terminal.type_in("admin\n");
    terminal.shows("Password: ").await;
    while terminal.is_as_found() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    terminal.type_in("s3cret word\n");
    assert_eq!(code(child).await, 0);
    terminal.shows("as admin").await;
    assert!(!terminal.shown().contains("s3cret"), "{:?}", terminal.shown());
    assert!(terminal.is_as_found());
}
