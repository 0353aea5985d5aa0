use connectrpc::ConnectError;
use limiquantix_core::Error;
use limiquantix_proto::error::to_connect;
use limiquantix_proto::task::v1::{TaskError, TaskKind, TaskState, TaskTarget};

use super::*;

fn over_the_wire(error: &Error) -> Failure {
    to_connect(error, Some("01J9Z")).into()
}

#[test]
fn no_node_fits_is_told_node_by_node() {
    let error = Error::new(
        Reason::NoNodeFits,
        "cannot place vm \"web\": none of 3 nodes can take it",
    )
    .with("vm", "web")
    .with(
        "node",
        "node-1: memory: needs 2048 MiB, 1536 MiB free after overcommit 1.5 and reserve 1024",
    )
    .with("node", "node-20: in maintenance since 14:02 (by admin)")
    .with("nodes", "1 more: cpu 1");
    let failure = over_the_wire(&error).fix("lqx explain placement vm/web");
    assert_eq!(failure.exit(), Exit::NoCapacity);
    assert_eq!(
        failure.to_string(),
        "\
error[NO_NODE_FITS]: cannot place vm \"web\": none of 3 nodes can take it
  node-1   memory: needs 2048 MiB, 1536 MiB free after overcommit 1.5 and reserve 1024
  node-20  in maintenance since 14:02 (by admin)
  …        1 more: cpu 1
try: lqx explain placement vm/web     request 01J9Z"
    );
}

#[test]
fn a_wrong_field_is_named() {
    let failure = over_the_wire(&Error::invalid(
        "spec.cpu.cores",
        "at least 1 CPU core is required",
    ));
    assert_eq!(
        failure.to_string(),
        "\
error[INVALID_FIELD]: at least 1 CPU core is required
  field  spec.cpu.cores
try: correct the named field and send the request again     request 01J9Z"
    );
}

#[test]
fn every_reason_has_its_exit_code() {
    for reason in Reason::ALL {
        let exit = over_the_wire(&Error::new(*reason, "x")).exit();
        let expected = match reason {
            Reason::InvalidField
            | Reason::MalformedRequest
            | Reason::InvalidPageToken
            | Reason::RequestIdReused => Exit::Usage,
            Reason::NotFound => Exit::NotFound,
            Reason::Unauthenticated | Reason::PermissionDenied => Exit::Denied,
            Reason::StoreUnavailable
            | Reason::HypervisorUnavailable
            | Reason::AgentUnavailable
            | Reason::ServerUnavailable
            | Reason::LimitExceeded => Exit::Unavailable,
            Reason::Timeout => Exit::TimedOut,
            Reason::NoNodeFits | Reason::QuotaExceeded | Reason::AddressesExhausted | Reason::PoolFull => {
                Exit::NoCapacity
            }
            Reason::Cancelled
            | Reason::Superseded
            | Reason::Unsupported
            | Reason::HypervisorFailed
            | Reason::StorageFailed
            | Reason::Corrupt
            | Reason::Internal => Exit::Internal,
            _ => Exit::Conflict,
        };
        assert_eq!(exit, expected, "{reason:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let failure = Failure::from(ConnectError::unavailable("connection refused"));
    assert_eq!(
        (failure.exit(), failure.reason()),
        (Exit::Unavailable, "SERVER_UNAVAILABLE")
    );
    assert!(failure.to_string().contains("connection refused"));
}

#[test]
fn a_failed_task_says_why_and_what_to_do() {
    let task = Task {
        id: "t-1".into(),
        kind: TaskKind::StartVm.into(),
        state: TaskState::Failed.into(),
        target: TaskTarget {
            name: "web".into(),
            ..Default::default()
        }
        .into(),
        error: TaskError {
            reason: "IMAGE_MISSING".into(),
            message: "no image \"debian\" in pool default".into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let failure = Failure::task(&task);
    assert_eq!(failure.exit(), Exit::TaskFailed);
    assert_eq!(
        failure.to_string(),
        "\
error[IMAGE_MISSING]: start of vm \"web\" failed: no image \"debian\" in pool default
  task  t-1
try: put the image into the pool's images directory, or name another"
    );
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let gone = Failure::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
    assert!(gone.is_silent());
    assert_eq!(gone.exit(), Exit::Ok);
}
