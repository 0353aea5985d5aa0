//! Space in pools is promised once, and what volumes there are is shown.

use limiquantix::core::contract::{PageRequest, Repository, Selector, Uplink as _};
use limiquantix::core::resource::{Pool, PoolAllocation, VolumePhase};
use limiquantix::core::unit::{Bytes, Gibibytes};
use limiquantix::{CreateVm, WatchEvent, WatchStart};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, dry, next, registration, repeated, request};

/// One node with room for hundreds of small VMs, and a pool that may promise `promisable` GiB.
async fn bench(promisable: u64) -> (Bench, Pool) {
    let bench = Bench::new().await;
    let mut node = registration("n1", 500, 500 << 10);
    let ratio = u64::from(limiquantix::core::resource::DEFAULT_THIN_OVERCOMMIT.0);
    node.spec.pools[0].capacity = Bytes((promisable << 30) * 100 / ratio);
    node.spec.pools[0].available = node.spec.pools[0].capacity;
    bench.cp.agents().register(&node).await.unwrap();
    let pools = bench
        .cp
        .pools()
        .list(Selector::default(), PageRequest::default())
        .await
        .unwrap();
    let pool = Pool::clone(&pools.items[0]);
    (bench, pool)
}

/// A VM with disks of these sizes.
fn sized(name: &str, sizes: &[u32]) -> CreateVm {
    let mut request = request(name);
    let disks = sizes.iter().zip(0..);
    request.spec.disks = disks
        .map(|(size, i)| fixtures::disk(&format!("d{i}"), *size, None))
        .collect();
    request
}

async fn promised(bench: &Bench, pool: &Pool) -> (u64, u32) {
    let (_, allocation) = bench.cp.pools().metrics(pool.id).await.unwrap();
    (allocation.promised.get() >> 30, allocation.volumes)
}

/// For an operator: guests are promised many times what the pool may promise, and all stop when it is full.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_parallel_creations_never_exceed_a_pool() {
    let (bench, pool) = bench(200).await;
    assert_eq!(pool.promisable(), Gibibytes(200).bytes());
    let calls: Vec<_> = (0..100)
        .map(|i| {
            let vms = bench.cp.vms();
            let sizes = [1 + i % 7, 3];
            tokio::spawn(async move { vms.create(&call(), sized(&format!("vm-{i}"), &sizes)).await })
        })
        .collect();
    let (mut sum, mut count, mut refused) = (0, 0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(vm) => {
                sum += u64::from(vm.spec.disks.iter().map(|d| d.size.get()).sum::<u32>());
                count += 2;
            }
            Err(e) => {
                assert_eq!(e.reason().code(), "POOL_FULL", "{e}");
                assert!(e.message().contains("of 200 GiB are promised"), "{e}");
                refused += 1;
            }
        }
    }
    assert!(
        refused > 0 && sum <= 200 && sum > 200 - 10,
        "{sum} GiB, {refused} refused"
    );
    assert_eq!(promised(&bench, &pool).await, (sum, count));
    // And at no commit in between.
    for commit in bench.log().await {
        for change in commit.changes {
            let Some(limiquantix::core::resource::Object::PoolAllocation(a)) = change.after else {
                continue;
            };
            assert!(a.promised <= pool.promisable(), "{a:?} at {}", commit.revision);
        }
    }
}

/// For a user: a creation that was refused, repeated or only tried keeps space for ever; or a VM that is gone does.
#[tokio::test]
async fn space_is_promised_with_the_vm_and_given_back_with_it() {
    let (bench, pool) = bench(20).await;
    let vms = bench.cp.vms();
    vms.create(&dry(), sized("try", &[20])).await.unwrap();
    assert_eq!(promised(&bench, &pool).await, (0, 0));
    let before = bench.revision().await;
    let full = vms.create(&call(), sized("large", &[15, 6])).await;
    assert_eq!(code(full), "POOL_FULL");
    assert_eq!(bench.revision().await, before, "nothing was written");

    let web = vms
        .create(&repeated("r-1"), sized("web", &[15, 5]))
        .await
        .unwrap();
    let again = vms
        .create(&repeated("r-1"), sized("web", &[15, 5]))
        .await
        .unwrap();
    assert_eq!(web.id, again.id);
    assert_eq!(promised(&bench, &pool).await, (20, 2));
    assert_eq!(code(vms.create(&call(), sized("db", &[1])).await), "POOL_FULL");
    // A VM without disks needs no space.
    let mut diskless = sized("diskless", &[]);
    diskless.spec.boot = limiquantix::core::resource::Boot::Kernel {
        pool: fixtures::name("default"),
        kernel: fixtures::image("probe-vmlinux"),
        initrd: None,
        cmdline: String::new(),
    };
    vms.create(&call(), diskless).await.unwrap();

    bench.finish(web.id).await;
    vms.delete(&call(), web.id, true).await.unwrap();
    assert_eq!(
        promised(&bench, &pool).await,
        (20, 2),
        "its disks are still there"
    );
    bench.finish(web.id).await;
    assert_eq!(promised(&bench, &pool).await, (0, 0));
    vms.create(&call(), sized("db", &[20])).await.unwrap();
}

/// For an operator: an agent that registers again makes the pool look empty.
#[tokio::test]
async fn what_is_promised_survives_registrations() {
    let (bench, pool) = bench(100).await;
    bench.create("web").await;
    let mut grown = registration("n1", 500, 500 << 10);
    grown.spec.pools[0].capacity = Bytes(pool.status.capacity.get() * 2);
    bench.cp.agents().register(&grown).await.unwrap();
    assert_eq!(promised(&bench, &pool).await, (10, 1));
    let (now, _) = bench.cp.pools().metrics(pool.id).await.unwrap();
    assert_eq!(now.promisable(), Gibibytes(200).bytes());
    let allocations = Repository::<PoolAllocation>::new(bench.cp.store().clone());
    assert_eq!(allocations.all(Selector::default()).await.unwrap().0.len(), 1);
}

/// For a user: a volume's life cannot be followed.
#[tokio::test]
async fn volumes_are_found_and_followed() {
    let (bench, _) = bench(100).await;
    let volumes = bench.cp.volumes();
    let mut watch = volumes
        .watch(Selector::default(), WatchStart::Initial)
        .await
        .unwrap();
    let vm = bench.running("web").await;
    let id = vm.volumes[0];
    let mut phases = Vec::new();
    while phases.last() != Some(&VolumePhase::InUse) {
        if let WatchEvent::Changed { object, .. } = next(&mut watch).await.unwrap() {
            assert_eq!(object.id, id);
            phases.push(object.phase);
        }
    }
    assert_eq!(phases, [VolumePhase::Creating, VolumePhase::InUse]);
    assert_eq!(volumes.get(id).await.unwrap().spec.vm, Some(vm.id));
    let in_use = Selector {
        phases: vec!["in_use"],
        ..Selector::default()
    };
    let found = volumes.list(in_use, PageRequest::default()).await.unwrap();
    assert_eq!(found.items.len(), 1);
    let strange = fixtures::volume_id("strange");
    assert_eq!(code(volumes.get(strange).await), "NOT_FOUND");
    assert_eq!(
        code(bench.cp.pools().get(fixtures::pool_id("strange")).await),
        "NOT_FOUND"
    );
}
