use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;

use fatfs::{FileSystem, FsOptions};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::CloudInit;
use uuid::Uuid;

use super::{build, hostname, write};

fn vm() -> VmId {
    VmId::from_uuid(Uuid::from_u128(0x0190_c2a4_6f1e_7c3a_9d2b_1f0e_5a7b_3c4d))
}

fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

fn cloud_init(user_data: &str) -> CloudInit {
    CloudInit {
        user_data: user_data.to_owned(),
        meta_data: None,
        network_config: None,
    }
}

/// The files of an image, and its label.
fn open(image: Vec<u8>) -> (String, Vec<(String, String)>) {
    let filesystem = FileSystem::new(Cursor::new(image), FsOptions::new()).unwrap();
    let files = filesystem.root_dir().iter().map(|entry| {
        let entry = entry.unwrap();
        let mut text = String::new();
        entry.to_file().read_to_string(&mut text).unwrap();
        (entry.file_name(), text)
    });
    let files = files.collect();
    (filesystem.volume_label(), files)
}

#[test]
fn a_seed_has_the_files_that_cloud_init_looks_for() {
    let (label, files) = open(build(vm(), &name("Web 1"), &cloud_init("#cloud-config\n")).unwrap());
    assert_eq!(label, "CIDATA");
    let meta = format!("instance-id: {}\nlocal-hostname: web-1\n", vm());
    let expected = [("meta-data", meta.as_str()), ("user-data", "#cloud-config\n")];
    assert_eq!(files, expected.map(|(n, t)| (n.to_owned(), t.to_owned())));
}

#[test]
fn what_is_given_is_taken_as_it_is() {
    let given = CloudInit {
        user_data: "ü".repeat(100_000),
        meta_data: Some("instance-id: mine\n".to_owned()),
        network_config: Some("version: 2\n".to_owned()),
    };
    let (_, files) = open(build(vm(), &name("web"), &given).unwrap());
    let texts: Vec<_> = files.iter().map(|(_, t)| t.as_str()).collect();
    assert_eq!(
        texts,
        ["instance-id: mine\n", given.user_data.as_str(), "version: 2\n"]
    );
    assert_eq!(files[2].0, "network-config");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let make = || build(vm(), &name("web"), &cloud_init("x")).unwrap();
    let first = make();
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert!(first == make());
}

#[test]
fn any_size_up_to_the_limit_fits() {
    for size in [0, 1, 511, 1 << 19, (1 << 20) - 1, 3 << 20, 16 << 20] {
        let given = cloud_init(&"x".repeat(size));
        let given = CloudInit {
            meta_data: Some(String::new()),
            ..given
        };
        let image = build(vm(), &name("web"), &given).unwrap();
        assert_eq!(open(image).1[1].1.len(), size);
    }
    let e = build(vm(), &name("web"), &cloud_init(&"x".repeat((16 << 20) + 1))).unwrap_err();
    assert_eq!(
        (e.reason(), e.get("field")),
        (Reason::InvalidField, Some("spec.cloud_init"))
    );
}

#[test]
fn only_its_owner_can_read_a_seed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seed.img");
    for text in ["password: one", "password: two"] {
        write(&path, vm(), &name("web"), &cloud_init(text)).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(open(std::fs::read(&path).unwrap()).1[1].1, text);
    }
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn hostnames_keep_the_rule_of_rfc_1123() {
    for (from, to) in [
        ("web", "web"),
        ("Web 01", "web-01"),
        ("a.b_c--d", "a-b-c-d"),
        ("naïve", "na-ve"),
        ("日本", "vm"),
        ("9", "9"),
    ] {
        assert_eq!(hostname(&name(from)), to);
    }
    let long = hostname(&name(&format!("{}-x", "a".repeat(62))));
    assert_eq!(long, "a".repeat(62));
}
