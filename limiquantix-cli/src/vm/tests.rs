use clap::Parser;
use limiquantix_proto::compute::v1::{NicModel, VmState};

use super::spec::nic;
use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    spec: SpecArgs,
}

fn spec(line: &str, image: Option<&str>) -> limiquantix_proto::compute::v1::VmSpec {
    Line::parse_from(std::iter::once("lqx").chain(line.split_whitespace()))
        .spec
        .spec(image)
        .unwrap()
}

#[test]
fn an_image_gets_a_disk_that_boots() {
    let spec = spec("--cpus 2 --memory 2G", Some("debian"));
    assert_eq!((spec.cpu.cores, spec.memory.size_mib), (2, 2048));
    assert_eq!(spec.disks.len(), 1);
    let disk = &spec.disks[0];
    assert_eq!((disk.size_gib, disk.image.as_str()), (20, "debian"));
    assert!(spec.boot.is_unset());
}

#[test]
fn a_kernel_boots_instead_of_the_disk() {
    let spec = spec(
        "--kernel vmlinuz --initrd initrd --cmdline quiet --disk 1 --disk 2G --pool fast",
        None,
    );
    let sizes: Vec<i32> = spec.disks.iter().map(|disk| disk.size_gib).collect();
    assert_eq!(sizes, [1, 2]);
    assert!(spec.disks.iter().all(|disk| disk.pool == "fast"));
    let text = serde_json::to_string(&spec.boot).unwrap();
    assert_eq!(
        text,
        r#"{"kernel":{"kernel":"vmlinuz","initrd":"initrd","cmdline":"quiet","pool":"fast"}}"#
    );
}

#[test]
fn what_could_not_be_placed_can_be_explained() {
    let line = "lqx --cpus 4 --memory 8G --disk 20G --node-selector zone=a --accel kvm";
    let args = Line::parse_from(line.split_whitespace()).spec;
    assert_eq!(
        args.explanation(),
        "lqx explain placement --cpus 4 --memory 8G --disk 20G --node-selector zone=a --accel kvm"
    );
}

#[test]
fn interfaces_are_read() {
    let full = nic("lan,mac=52:54:00:00:00:01,model=e1000e").unwrap();
    assert_eq!(
        (full.network.as_str(), full.mac.as_str()),
        ("lan", "52:54:00:00:00:01")
    );
    assert_eq!(full.model, NicModel::E1000e);
    assert!(nic("lan,model=ne2k").unwrap_err().contains("virtio"));
    assert!(nic("lan,fast").is_err());
}

#[test]
fn labels_are_read() {
    assert_eq!(label("a=b=c"), Ok(("a".into(), "b=c".into())));
    assert_eq!(label("a="), Ok(("a".into(), String::new())));
    assert!(label("a").is_err() && label("=b").is_err());
}

#[test]
fn states_are_words() {
    assert_eq!(word(&VmState::Running.into(), "VM_STATE_"), "running");
    assert_eq!(word(&VmState::Unspecified.into(), "VM_STATE_"), "");
    assert_eq!(word(&EnumValue::<VmState>::from(99), "VM_STATE_"), "(99)");
}
