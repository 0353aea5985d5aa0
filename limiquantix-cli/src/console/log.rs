//! What the guest has written.
//!
//! Following reads on from the byte where the last answer ended, so that nothing is lost or shown twice,
//! whatever happens to connections, guest and server meanwhile. A quiet log is asked less and less often.

use std::time::Duration;

use limiquantix_proto::compute::v1::{GetConsoleLogRequest, VirtualMachine};

use crate::app::App;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::wait::is_passing;

/// The most that one answer holds.
const CHUNK: i32 = 1 << 20;

/// Pauses between two looks at a log: short while it grows, so that typing feels live; a second at most,
/// so that a greeting after a long silence is not late.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(
    app: &App,
    client: &Client,
    vm: &VirtualMachine,
    offset: i64,
    follow: bool,
) -> Result<Exit, Failure> {
    let mut request = GetConsoleLogRequest {
        vm_id: vm.id.clone(),
        max_bytes: CHUNK,
        ..Default::default()
    };
    // Only the log itself knows where its end is.
    let mut from_end = (offset < 0).then_some(offset);
    request.offset = offset.max(0);
    let mut pause = SHORTEST_PAUSE;
    let mut told = false;
    loop {
        let answer = match client.vms().get_console_log(request.clone()).await {
            Ok(answer) => answer.into_owned(),
            Err(error) if follow && is_passing(&error) => {
                if !std::mem::replace(&mut told, true) {
                    app.out.talk(&format!(
                        "waiting for the log: {}",
                        error.message.unwrap_or_default()
                    ));
                }
                tokio::time::sleep(LONGEST_PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(back) = from_end.take() {
            request.offset = answer.size.saturating_add(back).max(0);
            continue;
        }
        if !answer.data.is_empty() {
            app.out.bytes(&answer.data)?;
            pause = SHORTEST_PAUSE;
        }
        request.offset = answer.next_offset;
        if answer.next_offset < answer.size && !answer.data.is_empty() {
            continue;
        }
        if !follow {
            return Ok(Exit::Ok);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
