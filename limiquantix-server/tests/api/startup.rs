//! How the program starts, and when it does not.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::http::get;

/// The program, killed when the test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str], data: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limiquantix-server"));
    command.args(arguments).arg("--data-dir").arg(data);
    for variable in ["LQX_LISTEN", "LQX_DATA_DIR", "LQX_DEV", "LQX_LOG"] {
        command.env_remove(variable);
    }
    Program(
        command
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    )
}

/// Reads the log until the server says where it listens.
fn address(program: &mut Program) -> SocketAddr {
    let mut log = BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        if let Some(found) = line.split("address=").nth(1) {
            let address = found.split_whitespace().next().unwrap().parse().unwrap();
            // Whatever else it says must not fill the pipe.
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return address;
        }
        line.clear();
    }
    panic!("the server ended before it was ready");
}

/// The exit code and all that was said, if the program ends within five seconds.
fn refusal(mut program: Program) -> (i32, String) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if let Some(status) = program.0.try_wait().unwrap() {
            let mut said = String::new();
            program
                .0
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            return (status.code().expect("it ended by itself"), said);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("still running, where it should have refused to start");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_refuses_to_start_and_says_why() {
    let data = tempfile::tempdir().unwrap();
    let mut first = start(&["--listen", "127.0.0.1:0"], data.path());
    let address = address(&mut first);
    let (code, said) = refusal(start(&["--listen", "127.0.0.1:0"], data.path()));
    assert_ne!(code, 0);
    assert!(said.contains("DATA_DIR_LOCKED"), "{said}");
    assert!(
        said.contains(&data.path().display().to_string()),
        "which directory: {said}"
    );
    assert!(said.contains(&first.0.id().to_string()), "which process: {said}");
    assert_eq!(
        get(address, "/ready").await.status,
        200,
        "the first does not notice"
    );

    // The right to the directory ends with the process, however that ends.
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    let mut third = start(&["--listen", "127.0.0.1:0"], data.path());
    let address = self::address(&mut third);
    assert_eq!(get(address, "/ready").await.status, 200);
}

#[test]
fn a_port_that_others_could_reach_is_refused() {
    let data = tempfile::tempdir().unwrap();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let (code, said) = refusal(start(&["--dev", "--listen", listen], data.path()));
        assert_ne!(code, 0);
        assert!(
            said.contains("loopback") && said.contains("administrator"),
            "{said}"
        );
    }
    assert!(
        data.path().read_dir().unwrap().next().is_none(),
        "and nothing was written"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let (code, said) = refusal(start(&["--listen", &listen], data.path()));
    assert_ne!(code, 0);
    assert!(said.contains(&listen), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    let (code, said) = refusal(start(&["--listen", "127.0.0.1:0"], &file));
    assert_ne!(code, 0);
    assert!(said.contains(&file.display().to_string()), "{said}");
}

#[tokio::test]
async fn the_development_user_is_announced_and_exists_only_there() {
    let data = tempfile::tempdir().unwrap();
    let mut program = start(&["--listen", "127.0.0.1:0"], data.path());
    let address = address(&mut program);
    let login = "/limiquantix.auth.v1.AuthService/Login";
    let body = r#"{"username": "admin", "password": "admin"}"#;
    let answer = crate::harness::http::post(address, login, body).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[tokio::test]
async fn it_stops_in_order_when_asked() {
    let data = tempfile::tempdir().unwrap();
    let mut program = start(&["--listen", "127.0.0.1:0"], data.path());
    let address = address(&mut program);
    assert_eq!(get(address, "/health").await.status, 200);
    let id = program.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let (code, _) = {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match program.0.try_wait().unwrap() {
                Some(status) => break (status.code(), ()),
                None => assert!(Instant::now() < deadline, "it does not stop"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    assert_eq!(code, Some(0));
}
