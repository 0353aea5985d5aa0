//! Everything at random: verbs, guests, people at the node, a bad line, and deaths on both sides. A round
//! repeats from its seed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use limiquantix::UpdateVm;
use limiquantix::core::contract::{Store as _, WatchFilter};
use limiquantix::core::resource::{Task, Vm};
use limiquantix::core::unit::Mebibytes;
use limiquantix::core::{ErrorKind, Reason, Result};
use limiquantix_mock::{Action, Point, Verb};

use crate::site::{Site, Weather, call, request};

const ROUNDS: u64 = 200;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// For a user: what no test above has thought of: a VM that is stuck, runs twice, is shown wrongly, or leaves
/// something behind, after a bad day.
#[test]
fn after_a_bad_day_everything_is_in_order() {
    for seed in 0..ROUNDS {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let day = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(bad_day(seed))));
        if let Err(panic) = day {
            eprintln!("failed with seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

async fn bad_day(seed: u64) {
    let mut dice = Dice(seed);
    let mut site = Site::new().await;
    let weather = Weather {
        lost: dice.roll(30),
        unanswered: dice.roll(30),
        cut: dice.roll(10),
        lag: Duration::from_millis([0, 0, 10, 2_000][dice.roll(4) as usize]),
    };
    site.line.weather(weather, seed);
    for _ in 0..3 {
        site.create(&format!("vm-{}", dice.roll(1_000_000))).await;
    }
    for _ in 0..60 {
        something(&mut site, &mut dice).await;
        let pause = [0, 1, 5, 50, 500, 5_000][dice.roll(6) as usize];
        tokio::time::sleep(Duration::from_millis(dice.roll(pause + 1))).await;
    }
    // The day is over.
    site.line.weather(Weather::FINE, 0);
    site.node.faults().clear();
    site.node.set_reachable(true);
    // Whoever hung in a verb hangs for ever: such an agent has to be replaced.
    site.kill_agent().await;
    site.start_agent();
    site.assert_sound().await;
    // Once the node has been heard of again, nobody writes any more (I19).
    tokio::time::sleep(Duration::from_secs(30)).await;
    let before = site.store.revision().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    let mut log = site.store.watch(before, WatchFilter::default()).await.unwrap();
    let later = tokio::time::timeout(Duration::from_millis(1), log.next()).await;
    assert!(later.is_err(), "it does not come to rest: {later:?}");
    site.delete_all().await;
}

async fn something(site: &mut Site, dice: &mut Dice) {
    let vms = site.list::<Vm>().await;
    let vm: Option<Arc<Vm>> = match vms.len() as u64 {
        0 => None,
        n => Some(vms[dice.roll(n) as usize].clone()),
    };
    let Some(vm) = vm else {
        let name = format!("vm-{}", dice.roll(1_000_000));
        fine(site.cp().vms().create(&call(), request(&name)).await.map(drop));
        return;
    };
    let service = site.cp().vms();
    let asked = match dice.roll(25) {
        0..=2 => service.start(&call(), vm.id).await.map(drop),
        3 => service.stop(&call(), vm.id, true, None).await.map(drop),
        4 => {
            let grace = Some(Duration::from_secs(dice.roll(20)));
            service.stop(&call(), vm.id, false, grace).await.map(drop)
        }
        5 => service.reboot(&call(), vm.id, dice.roll(2) == 0).await.map(drop),
        6 => {
            let mut spec = vm.spec.clone();
            spec.memory = Mebibytes(512 + u32::try_from(dice.roll(512)).unwrap());
            let update = UpdateVm {
                spec: Some(spec),
                ..UpdateVm::default()
            };
            service.update(&call(), vm.id, update).await.map(drop)
        }
        7 => service.delete(&call(), vm.id, dice.roll(2) == 0).await.map(drop),
        8 => {
            let open = site
                .list::<Task>()
                .await
                .into_iter()
                .find(|t| !t.state.is_terminal());
            match open {
                Some(task) => site.cp().tasks().cancel(&call(), task.id).await.map(drop),
                None => Ok(()),
            }
        }
        9 => {
            let name = format!("vm-{}", dice.roll(1_000_000));
            service.create(&call(), request(&name)).await.map(drop)
        }
        10 => {
            site.node.guest_shutdown(vm.id);
            Ok(())
        }
        11 => {
            site.node.crash(vm.id);
            Ok(())
        }
        12 => {
            site.node.destroy_outside(vm.id);
            Ok(())
        }
        13 => {
            site.node.pause_outside(vm.id);
            Ok(())
        }
        14 if dice.roll(3) == 0 => {
            site.node.undefine_outside(vm.id);
            Ok(())
        }
        15 => {
            let reachable = dice.roll(2) == 0;
            site.node.set_reachable(reachable);
            Ok(())
        }
        16 | 17 => {
            plan_a_fault(site, dice);
            Ok(())
        }
        18 | 19 => {
            site.kill_agent().await;
            // An agent asks for facts when it comes up, and gives up where it gets none: its service manager
            // starts it again when the hypervisor is there.
            site.node.set_reachable(true);
            site.start_agent();
            Ok(())
        }
        20 => service.suspend(&call(), vm.id).await.map(drop),
        21 => service.resume(&call(), vm.id).await.map(drop),
        22 => {
            site.node.resume_outside(vm.id);
            Ok(())
        }
        23 => {
            site.restart_control_plane().await;
            Ok(())
        }
        _ => {
            site.node.reboot_node();
            Ok(())
        }
    };
    fine(asked);
}

/// A caller may be refused; told "a bug", or "try again" for a race of ours, they must never be.
fn fine(asked: Result<()>) {
    if let Err(e) = asked {
        let fine = match e.kind() {
            ErrorKind::FailedPrecondition | ErrorKind::NotFound => true,
            ErrorKind::Conflict => e.reason() == Reason::OperationInProgress,
            // The only node may just have been silent for too long.
            ErrorKind::ResourceExhausted => e.reason() == Reason::NoNodeFits,
            _ => false,
        };
        assert!(fine, "{e} ({})", e.reason().code());
    }
}

fn plan_a_fault(site: &Site, dice: &mut Dice) {
    const VERBS: [Verb; 10] = [
        Verb::Inspect,
        Verb::EnsureVolume,
        Verb::EnsureDefined,
        Verb::EnsureRunning,
        Verb::EnsureStopped,
        Verb::Reboot,
        Verb::EnsureSuspended,
        Verb::EnsureResumed,
        Verb::EnsureAbsent,
        Verb::EnsureVolumeAbsent,
    ];
    let verb = VERBS[dice.roll(10) as usize];
    let point = [Point::Before, Point::Midway, Point::After][dice.roll(3) as usize];
    let action = match dice.roll(4) {
        0 => Action::Fail(Reason::HypervisorUnavailable, "away".to_owned()),
        1 => Action::Fail(Reason::HypervisorFailed, "refused".to_owned()),
        2 => Action::Delay(Duration::from_millis(dice.roll(3_000))),
        _ => Action::Hang,
    };
    site.node.faults().plan(verb, point, 1, action);
}
