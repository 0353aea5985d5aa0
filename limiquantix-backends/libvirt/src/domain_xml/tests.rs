use std::path::PathBuf;

use limiquantix_core::contract::RunMark;
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::{Accel, NicModel};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use uuid::Uuid;

use super::render::{device_name, of_texts, outline};
use super::*;

fn vm() -> VmId {
    VmId::from_uuid(Uuid::from_u128(0x0190_c2a4_6f1e_7c3a_9d2b_1f0e_5a7b_3c4d))
}

/// A machine with one disk under TCG.
fn plain() -> Blueprint {
    Blueprint {
        vm: vm(),
        name: domain_name(&Name::parse("name", "web").unwrap(), vm()),
        title: "web".to_owned(),
        mark: Mark {
            project: "default".to_owned(),
            epoch: 1,
            digest: "00c0ffee00c0ffee".to_owned(),
            last_run: None,
            asked: None,
        },
        accel: Accel::Tcg,
        cores: 2,
        memory_mib: 1024,
        kernel: None,
        disks: vec![disk(1)],
        seed: None,
        nics: Vec::new(),
        console_log: PathBuf::from(format!("/state/consoles/{}.log", vm())),
    }
}

fn disk(number: u32) -> Disk {
    Disk {
        path: PathBuf::from(format!(
            "/pools/default/0190c2a4-6f1e-7c3a-9d2b-00000000000{number}.qcow2"
        )),
        serial: "0190c2a46f1e7c3a9d2b".to_owned(),
        cache: DiskCache::None,
    }
}

fn nic(number: u32, model: NicModel) -> Nic {
    Nic {
        plug: Plug::Network(format!("net-{number}")),
        mac: format!("52:54:00:00:00:0{number}"),
        model,
    }
}

/// Compares with `tests/golden/NAME.xml`; `LQX_BLESS=1` writes it instead, for a person to read and commit.
#[track_caller]
fn golden(name: &str, blueprint: &Blueprint) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.xml"));
    let xml = render(blueprint).unwrap() + "\n";
    if std::env::var_os("LQX_BLESS").is_some() {
        std::fs::write(&path, &xml).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        xml,
        expected,
        "{} differs; LQX_BLESS=1 rewrites it",
        path.display()
    );
}

#[test]
fn golden_disk_boot() {
    golden("disk-boot", &plain());
}

#[test]
fn golden_kernel_boot() {
    let kernel = Kernel {
        kernel: "/pools/default/images/vmlinux".into(),
        initrd: Some("/pools/default/images/initrd.img".into()),
        cmdline: "console=ttyS0 quiet root=\"/dev/vda\" a&b <c>".to_owned(),
    };
    golden(
        "kernel-boot",
        &Blueprint {
            kernel: Some(kernel),
            disks: Vec::new(),
            ..plain()
        },
    );
}

#[test]
fn golden_seed() {
    let seed = PathBuf::from(format!("/state/seeds/{}.img", vm()));
    golden(
        "seed",
        &Blueprint {
            seed: Some(seed),
            ..plain()
        },
    );
}

#[test]
fn golden_disks_and_nics() {
    let mut second = disk(2);
    second.cache = DiskCache::Writeback;
    let mut bridged = nic(3, NicModel::Virtio);
    bridged.plug = Plug::Bridge("br0".to_owned());
    golden(
        "disks-and-nics",
        &Blueprint {
            disks: vec![disk(1), second, disk(3)],
            nics: vec![nic(1, NicModel::Virtio), nic(2, NicModel::E1000e), bridged],
            ..plain()
        },
    );
}

#[test]
fn golden_kvm_after_a_run() {
    let mark = Mark {
        epoch: 7,
        last_run: Some(RunMark {
            epoch: 6,
            generation: 3,
        }),
        asked: Some(Asked::Force),
        ..plain().mark
    };
    golden(
        "kvm-after-a-run",
        &Blueprint {
            accel: Accel::Kvm,
            mark,
            ..plain()
        },
    );
}

#[test]
fn a_simulated_guest_is_not_for_libvirt() {
    let blueprint = Blueprint {
        accel: Accel::Mock,
        ..plain()
    };
    assert_eq!(render(&blueprint).unwrap_err().reason(), Reason::Internal);
}

#[test]
fn disks_are_counted_like_the_guest_counts_them() {
    let names = [0, 1, 25, 26, 27, 51, 52, 701, 702].map(device_name);
    assert_eq!(
        names,
        [
            "vda", "vdb", "vdz", "vdaa", "vdab", "vdaz", "vdba", "vdzz", "vdaaa"
        ]
    );
}

#[test]
fn a_domain_name_shows_the_vm_and_fits_a_file_name() {
    let named = |text: &str| domain_name(&Name::parse("name", text).unwrap(), vm());
    assert_eq!(named("web"), "web.1f0e5a7b3c4d");
    for long in ["a".repeat(255), "é".repeat(255), "日".repeat(255)] {
        let name = named(&long);
        assert!(format!("{name}.xml.new").len() <= 255, "{}", name.len());
        assert!(name.ends_with(".1f0e5a7b3c4d"));
    }
}

#[test]
fn what_xml_cannot_carry_is_refused_by_name() {
    for c in [
        '\0', '\u{1}', '\u{b}', '\u{1f}', '\u{7f}', '\u{85}', '\u{fffe}', '\u{ffff}', '\n', '\r', '\t',
    ] {
        let blueprint = Blueprint {
            title: format!("a{c}b"),
            ..plain()
        };
        let e = render(&blueprint).unwrap_err();
        assert_eq!(
            (e.reason(), e.get("field")),
            (Reason::InvalidField, Some("title")),
            "{c:?}"
        );
    }
    let mut blueprint = plain();
    blueprint.nics = vec![nic(1, NicModel::Virtio)];
    blueprint.nics[0].plug = Plug::Network("a\u{8}b".to_owned());
    assert_eq!(render(&blueprint).unwrap_err().get("field"), Some("network"));
}

#[test]
fn marks_survive_libvirt() {
    let marks = [
        plain().mark,
        Mark {
            project: "a&b<\"'>".to_owned(),
            epoch: u32::MAX,
            digest: String::new(),
            last_run: Some(RunMark {
                epoch: 0,
                generation: u32::MAX,
            }),
            asked: Some(Asked::Graceful),
        },
    ];
    for mark in marks {
        assert_eq!(Mark::parse(vm(), &mark.bare().unwrap()).unwrap(), mark);
    }
    for corrupt in [
        "",
        "text",
        "<vm/>",
        "<vm epoch='x'/>",
        "<vm epoch='1' run-epoch='-1'/>",
        "<vm epoch='1",
    ] {
        assert_eq!(
            Mark::parse(vm(), corrupt).unwrap_err().reason(),
            Reason::Corrupt,
            "{corrupt:?}"
        );
    }
}

#[test]
fn the_running_accelerator_is_read_from_the_root() {
    assert_eq!(domain_type(&render(&plain()).unwrap()), Some(Accel::Tcg));
    assert_eq!(
        domain_type("<?xml version='1.0'?><!-- x --><domain id='3' type='kvm'><a type='qemu'/></domain>"),
        Some(Accel::Kvm)
    );
    assert_eq!(domain_type("<domain type='xen'/>"), None);
    assert_eq!(domain_type(""), None);
}

/// Text with more than its share of what could break out of XML.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&\"'\\]\\[!?/= a-z-]{0,40}",
        Just("]]></name><devices/>".to_owned()),
        Just("' type='kvm".to_owned()),
        Just("&lt;&#0;&x;<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>".to_owned()),
        Just("\"/><qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>".to_owned()),
    ]
}

/// Every value of the document, attributes and texts, in order.
fn values(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let (mut values, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) | Event::Empty(e) => {
                text.clear();
                for a in e.attributes() {
                    let value = a
                        .unwrap()
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .unwrap();
                    values.push(value.into_owned());
                }
            }
            Event::Text(t) => text.push_str(&t),
            Event::GeneralRef(r) => {
                let reference = format!("&{};", &*r);
                text.push_str(&quick_xml::escape::unescape(&reference).unwrap());
            }
            Event::End(_) => values.push(std::mem::take(&mut text)),
            Event::Eof => return values,
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    /// Whatever a user or a configuration brings, the elements are the same and the values come back unchanged;
    /// or there is a typed error.
    #[test]
    fn text_never_becomes_markup(texts in prop::collection::vec(nasty(), 12)) {
        let mut next = texts.iter();
        let blueprint = of_texts(|| next.next().cloned().unwrap_or_default());
        match render(&blueprint) {
            Ok(xml) => {
                let plain = render(&of_texts(|| "x".to_owned())).unwrap();
                prop_assert_eq!(outline(&xml), outline(&plain));
                let values = values(&xml);
                for text in &texts {
                    prop_assert!(values.contains(text), "{:?} is not in {:?}", text, values);
                }
            }
            Err(e) => {
                prop_assert_eq!(e.reason(), Reason::InvalidField);
                let forbidden = |c: char| c.is_control() || c == '\u{fffe}' || c == '\u{ffff}';
                let guilty = texts.iter().any(|t| t.chars().any(forbidden));
                prop_assert!(guilty);
            }
        }
        fuzz_render(&texts.join("\n"));
    }

    #[test]
    fn marks_are_read_as_they_were_written(project in nasty(), digest in nasty(), epoch: u32) {
        let mark = Mark { project, digest, epoch, last_run: None, asked: None };
        if let Ok(xml) = mark.bare() {
            prop_assert_eq!(Mark::parse(vm(), &xml).unwrap(), mark);
        }
    }
}
