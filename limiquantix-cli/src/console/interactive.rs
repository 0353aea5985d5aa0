//! The live console.
//!
//! ```text
//! keyboard ──Typed──► data frames ──► guest          ends with: Ctrl-], the guest's end,
//! screen   ◄───────── data frames ◄── guest                     a signal, the connection's end
//! ```

use connectrpc::ConnectError;
use limiquantix_proto::compute::v1::console_request::Frame as ToGuest;
use limiquantix_proto::compute::v1::console_response::Frame as FromGuest;
use limiquantix_proto::compute::v1::{ConsoleClosed, ConsoleOpen, ConsoleRequest, VirtualMachine};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::keys::{Key, listen};
use super::terminal::Raw;
use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;

/// How the conversation ended.
enum End {
    /// Ctrl-].
    Left,
    /// The other side closed it.
    Closed(ConsoleClosed),
    /// The connection is gone.
    Broken,
    /// A signal.
    Killed,
}

pub(super) async fn run(app: &App, client: &Client, vm: &VirtualMachine) -> Result<Exit, Failure> {
    let mut console = client.vm_streams().console().await?;
    let open = ConsoleOpen {
        vm_id: vm.id.clone(),
        ..Default::default()
    };
    console.send(request(ToGuest::from(open))).await?;
    let (mut to_guest, mut from_guest) = console.into_split();

    // A refusal comes before the terminal is touched.
    let mut screen = Screen { app, opened: false };
    loop {
        let first = from_guest.message().await?;
        match first.and_then(|message| message.to_owned_message().frame) {
            None => return Ok(over(app, vm, End::Broken)),
            Some(frame) => {
                if let Some(closed) = screen.show(frame)? {
                    return Ok(over(app, vm, End::Closed(closed)));
                }
            }
        }
        if screen.opened {
            break;
        }
    }
    // Waited for from before the terminal is changed: a signal in between would leave it so.
    let signals =
        signals().map_err(|error| Failure::internal(format!("cannot wait for signals: {error}")))?;
    let raw = Raw::new().map_err(|error| Failure::usage(format!("cannot use the terminal: {error}")))?;
    let hint = if raw.is_on() { "; leave with Ctrl-]" } else { "" };
    app.out
        .talk(&format!("connected to the console of {}{hint}\r", vm.name));
    let keys = listen(raw.is_on());

    let typing = async {
        let end = type_on(keys, signals, async |bytes| {
            to_guest.send(request(ToGuest::Data(bytes))).await
        });
        end.await
    };
    let showing = async {
        while let Some(message) = from_guest.message().await? {
            if let Some(frame) = message.to_owned_message().frame
                && let Some(closed) = screen.show(frame)?
            {
                return Ok::<End, Failure>(End::Closed(closed));
            }
        }
        Ok(End::Broken)
    };
    // Each of the two ends the other, and neither is used again.
    let end = tokio::select! {
        end = typing => end,
        end = showing => end,
    };
    drop(raw);
    end.map(|end| over(app, vm, end))
}

fn request(frame: ToGuest) -> ConsoleRequest {
    ConsoleRequest {
        frame: Some(frame),
        ..Default::default()
    }
}

struct Screen<'a> {
    app: &'a App,
    opened: bool,
}

impl Screen<'_> {
    /// Shows a frame; the answer is there if it was the last.
    fn show(&mut self, frame: FromGuest) -> Result<Option<ConsoleClosed>, Failure> {
        match frame {
            FromGuest::Opened(_) => self.opened = true,
            FromGuest::Data(bytes) => self.app.out.bytes(&bytes)?,
            FromGuest::Closed(closed) => return Ok(Some(*closed)),
        }
        Ok(None)
    }
}

/// Sends what is typed until somebody wants to leave. After the end of a pipe there is nothing more to
/// send, and much that may still come.
async fn type_on(
    mut keys: mpsc::Receiver<Key>,
    mut signals: [Signal; 3],
    mut send: impl AsyncFnMut(bytes::Bytes) -> Result<(), ConnectError>,
) -> Result<End, Failure> {
    let mut silent = false;
    let [interrupt, terminate, hang_up] = &mut signals;
    loop {
        tokio::select! {
            key = keys.recv(), if !silent => match key {
                Some(Key::Typed(bytes)) => send(bytes).await?,
                Some(Key::Leave) => return Ok(End::Left),
                None => silent = true,
            },
            _ = interrupt.recv() => return Ok(End::Killed),
            _ = terminate.recv() => return Ok(End::Killed),
            _ = hang_up.recv() => return Ok(End::Killed),
        }
    }
}

fn signals() -> std::io::Result<[Signal; 3]> {
    Ok([
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ])
}

fn over(app: &App, vm: &VirtualMachine, end: End) -> Exit {
    let name = &vm.name;
    match end {
        End::Left => {
            app.out
                .talk(&format!("\nleft the console of {name}; the guest goes on"));
            Exit::Ok
        }
        End::Closed(closed) if closed.reason.is_empty() => Exit::Ok,
        End::Closed(ConsoleClosed { reason, message, .. }) => {
            app.out.talk(&format!(
                "\nthe console of {name} was closed: {message} ({reason})"
            ));
            Exit::Ok
        }
        End::Broken => {
            let failure = Failure::new(
                Exit::Unavailable,
                "CONSOLE_LOST",
                format!("the console of {name} broke off"),
            );
            app.out.failure(&failure.fix(format!("lqx console {name}")));
            Exit::Unavailable
        }
        End::Killed => Exit::Interrupted,
    }
}
