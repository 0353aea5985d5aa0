//! Against libvirt's own test driver, which lives in this process: connection, events and what is not ours.

use std::time::Duration;

use futures_util::StreamExt;
use limiquantix_core::contract::{Hypervisor, InstanceEvent, Stop};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::{Accel, StopCause};
use uuid::Uuid;

use super::inspect::cause;
use crate::connection::Pace;
use crate::domain_xml::Asked;
use crate::ffi::OffReason;
use crate::{AccelChoice, LibvirtConfig, LibvirtHypervisor, LibvirtNode, PoolConfig};

async fn node(uri: &str, dir: &tempfile::TempDir) -> LibvirtHypervisor {
    let config = LibvirtConfig {
        uri: uri.to_owned(),
        pools: vec![PoolConfig {
            name: Name::parse("pool", "default").unwrap(),
            path: dir.path().join("pool"),
        }],
        state_dir: dir.path().join("state"),
        accel: AccelChoice::Tcg,
    };
    LibvirtNode::connect(config).await.unwrap().0
}

/// The domain that the test driver has from the start: somebody else's.
const THEIRS: u128 = 0x6695_eb01_f6a4_8304_79aa_97f2_502e_193f;

#[tokio::test]
async fn domains_of_others_are_invisible_and_safe() {
    let dir = tempfile::tempdir().unwrap();
    let node = node("test:///default", &dir).await;
    let theirs = VmId::from_uuid(Uuid::from_u128(THEIRS));
    let there = move |session: &crate::connection::Session| {
        Ok(session
            .connect()
            .lookup_domain_by_uuid(theirs.uuid())?
            .is_active()?)
    };
    assert!(node.link.call("look", Pace::Quick, there).await.unwrap());
    assert_eq!(node.list().await.unwrap(), []);
    assert_eq!(node.inspect(theirs).await.unwrap(), None);
    node.ensure_stopped(theirs, 1, Stop::Force).await.unwrap();
    node.ensure_absent(theirs, 1).await.unwrap();
    assert_eq!(
        node.reboot(theirs, 1, true).await.unwrap_err().reason(),
        Reason::NotFound
    );
    assert!(
        node.link.call("look", Pace::Quick, there).await.unwrap(),
        "it runs as before"
    );
}

#[tokio::test]
async fn facts_and_events_come_from_libvirt() {
    let dir = tempfile::tempdir().unwrap();
    let node = node("test:///default", &dir).await;
    let facts = node.facts().await.unwrap();
    assert_eq!(facts.hypervisor.driver, "libvirt");
    assert_eq!(facts.hypervisor.accel, Accel::Tcg);
    assert!(
        facts.hypervisor.version.contains("TEST"),
        "{}",
        facts.hypervisor.version
    );
    let mut events = [node.events().await.unwrap(), node.events().await.unwrap()];
    let theirs = Uuid::from_u128(THEIRS);
    let stop = move |session: &crate::connection::Session| {
        Ok(session.connect().lookup_domain_by_uuid(theirs)?.destroy()?)
    };
    node.link.call("stop it", Pace::Quick, stop).await.unwrap();
    for events in &mut events {
        let event = tokio::time::timeout(Duration::from_secs(2), events.next())
            .await
            .unwrap();
        assert_eq!(event, Some(InstanceEvent::Changed(VmId::from_uuid(theirs))));
    }
    drop(node);
}

#[tokio::test]
async fn a_libvirt_that_is_not_there_is_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let uri = format!("qemu:///system?socket={}/nobody", dir.path().display());
    let node = node(&uri, &dir).await;
    let e = node.list().await.unwrap_err();
    assert_eq!(e.reason(), Reason::HypervisorUnavailable, "{e}");
    assert!(e.message().contains("nobody"), "{e}");
}

#[tokio::test]
async fn a_closure_that_panics_takes_nobody_along() {
    let dir = tempfile::tempdir().unwrap();
    let node = node("test:///default", &dir).await;
    let vm = VmId::from_uuid(Uuid::from_u128(1));
    let bug = |_: &crate::connection::Session| -> crate::error::CallResult<()> { panic!("a bug") };
    assert_eq!(
        node.link
            .call_for(vm, "try", Pace::Quick, bug)
            .await
            .unwrap_err()
            .reason(),
        Reason::Internal
    );
    node.link
        .call_for(vm, "try", Pace::Quick, |_| Ok(()))
        .await
        .unwrap();
}

/// A caller that went away has perhaps decided otherwise since: the call must not go on to its next effect, and
/// later calls for the VM must wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_call_stops_and_is_not_overtaken() {
    let dir = tempfile::tempdir().unwrap();
    let node = node("test:///default", &dir).await;
    let vm = VmId::from_uuid(Uuid::from_u128(1));
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (ended, has_ended) = std::sync::mpsc::channel();
    let link = node.link.clone();
    let call = tokio::spawn(async move {
        let work = move |session: &crate::connection::Session| {
            begun.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            ended.send(session.go_on().is_err()).unwrap();
            Ok(())
        };
        link.call_for(vm, "try", Pace::Quick, work).await
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap())
        .await
        .unwrap();
    call.abort();
    let stopped = node
        .link
        .call_for(vm, "try", Pace::Quick, move |_| Ok(has_ended.try_recv()))
        .await
        .unwrap();
    assert_eq!(
        stopped,
        Ok(true),
        "the second call came after the first had ended, and that had been told to stop"
    );
}

#[test]
fn causes_are_told_apart() {
    use Asked::{Force, Graceful};
    use OffReason::{Crashed, Destroyed, Failed, Shutdown, TakenAway, Unknown};
    for (reason, asked, expected) in [
        (Shutdown, None, StopCause::GuestShutdown),
        (Shutdown, Some(Graceful), StopCause::Requested),
        (Shutdown, Some(Force), StopCause::Requested),
        (Destroyed, None, StopCause::Outside),
        (Destroyed, Some(Graceful), StopCause::Outside),
        (Destroyed, Some(Force), StopCause::Requested),
        (Crashed, Some(Force), StopCause::Crashed),
        (Failed, None, StopCause::StartFailed),
        (TakenAway, Some(Graceful), StopCause::Outside),
        (Unknown, None, StopCause::Unknown),
        (Unknown, Some(Graceful), StopCause::Unknown),
        (Unknown, Some(Force), StopCause::Requested),
    ] {
        assert_eq!(cause(reason, asked), expected, "{reason:?} {asked:?}");
    }
}
