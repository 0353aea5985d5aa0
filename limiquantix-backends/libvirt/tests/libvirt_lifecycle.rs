//! What a user sees of a machine on libvirt, beyond the sentences of the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod rig;

use limiquantix_core::contract::{
    AssignedDisk, Firmware, Hypervisor, InstanceState, RunMark, Stop, StorageBackend, VolumeRequest,
};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::Name;
use limiquantix_core::resource::{CloudInit, MacAddress, NicModel, StopCause, VolumeSource};
use limiquantix_core::unit::{Cores, Gibibytes};
use limiquantix_libvirt::{LibvirtNode, PoolConfig};
use rig::{Rig, bare, image, pool, probe, qemu_img, rig, volume_id};

const RUN: RunMark = RunMark {
    epoch: 1,
    generation: 1,
};

async fn overlay(rig: &Rig, base: &str) -> AssignedDisk {
    let request = VolumeRequest {
        id: volume_id(),
        pool: pool(),
        size: Gibibytes(2),
        source: VolumeSource::Image { image: image(base) },
    };
    rig.storage.ensure_volume(&request).await.unwrap();
    AssignedDisk {
        volume: request.id,
        pool: pool(),
    }
}

/// An operator who looks with `virsh` recognises the VM, and its mark is there to be read.
#[tokio::test]
async fn virsh_shows_the_vm_by_its_name() {
    let Some(rig) = rig().await else { return };
    let machine = bare("db 1.primary");
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    let domain = rig.outside().lookup_domain_by_uuid(machine.vm.uuid()).unwrap();
    assert!(domain.name().unwrap().starts_with("db 1.primary."));
    let xml = domain.xml_desc(0).unwrap();
    assert!(
        xml.contains("<title>db 1.primary</title>") && xml.contains("epoch=\"1\""),
        "{xml}"
    );
    assert!(
        !domain.autostart().unwrap(),
        "a rebooted node must not start anything by itself"
    );
    let mut renamed = machine.clone();
    renamed.name = Name::parse("name", "db-2").unwrap();
    rig.hypervisor.ensure_defined(&renamed).await.unwrap();
    assert!(domain.xml_desc(0).unwrap().contains("<title>db-2</title>"));
}

/// A guest finds its seed, and a disk keeps what was written to it; its image does not change.
#[tokio::test]
async fn seed_and_disk_reach_the_guest() {
    let Some(rig) = rig().await else { return };
    let base = rig.dir.join("pool/images/two-gib.qcow2");
    let before = std::fs::read(&base).unwrap();
    let mut machine = probe("from-cmdline", "");
    machine.name = Name::parse("name", "From Seed").unwrap();
    machine.disks = vec![overlay(&rig, "two-gib.qcow2").await];
    machine.cloud_init = Some(CloudInit {
        user_data: "#cloud-config\npassword: secret-4711\n".to_owned(),
        meta_data: None,
        network_config: None,
    });
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    rig.hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
    let log = rig.wait_for(machine.vm, "READY host=from-seed").await;
    assert!(log.contains(&format!("instance-id={}", machine.vm)), "{log}");
    assert!(log.contains("LQX disk vda boots=1"), "{log}");
    let xml = rig
        .outside()
        .lookup_domain_by_uuid(machine.vm.uuid())
        .unwrap()
        .xml_desc(0)
        .unwrap();
    assert!(!xml.contains("secret-4711"), "secrets are in the seed alone");

    rig.hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Graceful)
        .await
        .unwrap();
    rig.wait_for(machine.vm, "LQX down").await;
    while rig.hypervisor.inspect(machine.vm).await.unwrap().unwrap().state == InstanceState::Running {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    rig.hypervisor
        .ensure_running(machine.vm, RunMark { generation: 3, ..RUN })
        .await
        .unwrap();
    rig.wait_for(machine.vm, "LQX disk vda boots=2").await;
    assert!(
        std::fs::read(&base).unwrap() == before,
        "the image was written to"
    );

    rig.hypervisor.ensure_absent(machine.vm, 1).await.unwrap();
    assert_eq!(rig.files_about(machine.vm), [] as [std::path::PathBuf; 0]);
    assert_eq!(
        rig.files_about(machine.disks[0].volume).len(),
        1,
        "volumes are left"
    );
    rig.storage
        .ensure_volume_absent(&pool(), machine.disks[0].volume)
        .await
        .unwrap();
    assert_eq!(
        rig.files_about(machine.disks[0].volume),
        [] as [std::path::PathBuf; 0]
    );
    assert!(rig.outside().lookup_domain_by_uuid(machine.vm.uuid()).is_err());
}

/// Raw images are named as such in their overlays, so that QEMU never guesses from what a guest wrote.
#[tokio::test]
async fn overlays_name_the_format_of_their_image() {
    let Some(rig) = rig().await else { return };
    let raw = rig.dir.join("pool/images/disk.raw");
    std::fs::File::create(&raw).unwrap().set_len(1 << 20).unwrap();
    for (base, format) in [("disk.raw", "raw"), ("two-gib.qcow2", "qcow2")] {
        let disk = overlay(&rig, base).await;
        let file = rig.dir.join(format!("pool/{}.qcow2", disk.volume));
        let output = std::process::Command::new("qemu-img")
            .args(["info", "--output=json"])
            .arg(&file)
            .output()
            .unwrap();
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(info["backing-filename-format"], format);
        assert_eq!(info["backing-filename"], format!("images/{base}"));
        assert_eq!(info["virtual-size"], 2_u64 << 30);
        qemu_img(&["check", "-q"], &file, "");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "a guest's disk is nobody's to read");
    }
}

/// An image that leads to another file would give a guest any file of the host to read.
#[tokio::test]
async fn an_image_with_a_backing_file_is_refused() {
    let Some(rig) = rig().await else { return };
    let evil = rig.dir.join("pool/images/evil.qcow2");
    qemu_img(
        &[
            "create",
            "-q",
            "-u",
            "-f",
            "qcow2",
            "-F",
            "raw",
            "-b",
            "/etc/shadow",
        ],
        &evil,
        "1G",
    );
    let request = VolumeRequest {
        id: volume_id(),
        pool: pool(),
        size: Gibibytes(2),
        source: VolumeSource::Image {
            image: image("evil.qcow2"),
        },
    };
    let e = rig.storage.ensure_volume(&request).await.unwrap_err();
    assert_eq!(e.reason(), Reason::StorageFailed);
    assert!(e.message().contains("overlay"), "{e}");
    assert_eq!(rig.files_about(request.id), [] as [std::path::PathBuf; 0]);
}

/// What the hypervisor refuses is said in its own words, and the machine is off and can be corrected.
#[tokio::test]
async fn a_start_that_fails_says_why() {
    let Some(rig) = rig().await else { return };
    let mut machine = bare("no-net");
    let network = Name::parse("network", "no such network").unwrap();
    machine.nics = vec![(network, MacAddress([0x52, 0x54, 0, 1, 2, 3]), NicModel::Virtio)];
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    let e = rig.hypervisor.ensure_running(machine.vm, RUN).await.unwrap_err();
    assert_eq!(e.reason(), Reason::HypervisorFailed);
    assert!(e.message().contains("no such network"), "{e}");
    let instance = rig.hypervisor.inspect(machine.vm).await.unwrap().unwrap();
    assert!(matches!(instance.state, InstanceState::Off(_)), "{instance:?}");
    assert_eq!(instance.last_run, None, "only a completed start is marked");
    machine.nics.clear();
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    rig.hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
}

/// Somebody who undefines a running guest takes away its definition, not our control over it.
#[tokio::test]
async fn a_guest_undefined_on_the_node_is_still_ours() {
    let Some(rig) = rig().await else { return };
    let machine = bare("undefined");
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    rig.hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
    let domain = rig.outside().lookup_domain_by_uuid(machine.vm.uuid()).unwrap();
    domain.undefine().unwrap();
    let seen = rig.hypervisor.inspect(machine.vm).await.unwrap().unwrap();
    assert_eq!((seen.state, seen.last_run), (InstanceState::Running, Some(RUN)));
    rig.hypervisor
        .ensure_running(machine.vm, RunMark { generation: 3, ..RUN })
        .await
        .unwrap();
    let mut changed = machine.clone();
    changed.cores = Cores(2);
    rig.hypervisor.ensure_defined(&changed).await.unwrap();
    rig.hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .unwrap();
    let seen = rig.hypervisor.inspect(machine.vm).await.unwrap().unwrap();
    assert_eq!(seen.state, InstanceState::Off(StopCause::Requested));
    assert_eq!(seen.last_run.map(|r| r.generation), Some(3));
}

/// A domain of somebody else is neither listed nor touched, even under the id of one of our VMs.
#[tokio::test]
async fn a_domain_of_somebody_else_is_left_alone() {
    let Some(rig) = rig().await else { return };
    let machine = bare("foreign");
    let xml = format!(
        "<domain type='qemu'><name>theirs-{id}</name><uuid>{id}</uuid><memory unit='MiB'>32</memory>\
         <os><type arch='x86_64'>hvm</type></os><description>{dir}</description></domain>",
        id = machine.vm,
        dir = rig.dir.display()
    );
    let domain = rig.outside().define_domain_xml(&xml).unwrap();
    assert!(
        rig.hypervisor
            .list()
            .await
            .unwrap()
            .iter()
            .all(|i| i.vm != machine.vm)
    );
    assert_eq!(rig.hypervisor.inspect(machine.vm).await.unwrap(), None);
    let e = rig.hypervisor.ensure_defined(&machine).await.unwrap_err();
    assert_eq!(e.reason(), Reason::HypervisorFailed, "{e}");
    rig.hypervisor.ensure_absent(machine.vm, 1).await.unwrap();
    assert!(domain.name().unwrap().starts_with("theirs-"));
    assert!(
        rig.outside().lookup_domain_by_uuid(machine.vm.uuid()).is_ok(),
        "it is still there"
    );
}

/// A command line with quotes and markup arrives as it was written.
#[tokio::test]
async fn the_kernel_gets_its_command_line_unchanged() {
    let Some(rig) = rig().await else { return };
    let mut machine = probe("cmdline", "");
    let Firmware::Kernel { cmdline, .. } = &mut machine.firmware else {
        unreachable!()
    };
    cmdline.push_str(" a=\"b c\" d=<e>&amp;'f' g=],,h=1");
    let expected = cmdline.clone();
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    rig.hypervisor.ensure_running(machine.vm, RUN).await.unwrap();
    let qemu = rig::qemu_arguments(machine.vm);
    assert!(qemu.contains(&expected), "{qemu:?}");
    let Firmware::Kernel { cmdline, .. } = &mut machine.firmware else {
        unreachable!()
    };
    *cmdline = "a\nb".to_owned();
    let e = rig.hypervisor.ensure_defined(&machine).await.unwrap_err();
    assert_eq!(
        (e.reason(), e.get("field")),
        (Reason::InvalidField, Some("cmdline"))
    );
}

/// Operators find pools and volumes with libvirt's own tools.
#[tokio::test]
async fn pools_and_volumes_are_shown_in_libvirt() {
    let Some(rig) = rig().await else { return };
    let mut config = rig::config(&rig.uri, &rig.dir);
    // Another pool than the rig's, whose name other tests have at this libvirt too.
    let name = Name::parse("pool", &format!("shown {}", rig::vm_id())).unwrap();
    config.pools = vec![PoolConfig {
        name: name.clone(),
        path: rig.dir.join("shown"),
    }];
    let (_hypervisor, storage) = LibvirtNode::connect(config).await.unwrap();
    let request = VolumeRequest {
        id: volume_id(),
        pool: name.clone(),
        size: Gibibytes(2),
        source: VolumeSource::Empty,
    };
    storage.ensure_volume(&request).await.unwrap();
    let connect = rig.outside();
    let (pool, file) = (format!("lqx-{name}"), format!("{}.qcow2", request.id));
    let begun = std::time::Instant::now();
    let shown = || {
        connect
            .lookup_storage_pool_by_name(&pool)
            .and_then(|p| p.lookup_storage_vol_by_name(&file))
    };
    while shown().is_err() {
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(20),
            "{:?}",
            shown().err()
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let pool = connect.lookup_storage_pool_by_name(&pool).unwrap();
    assert!(pool.autostart().unwrap());
}
