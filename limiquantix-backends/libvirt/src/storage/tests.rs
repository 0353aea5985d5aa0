use std::path::Path;
use std::process::Command;

use limiquantix_core::error::Reason;
use limiquantix_core::identity::{ImageName, Name};
use limiquantix_core::unit::Bytes;
use proptest::prelude::*;

use super::image::{self, Image};
use super::qcow2::Header;
use crate::domain_xml::DiskCache;
use crate::places::Pool;

fn pool(dir: &Path) -> Pool {
    std::fs::create_dir_all(dir.join("images")).unwrap();
    Pool {
        name: Name::parse("pool", "default").unwrap(),
        path: dir.to_owned(),
        cache: DiskCache::None,
    }
}

fn name(text: &str) -> ImageName {
    ImageName::parse("image", text).unwrap()
}

/// A header of version 3, 1 GiB large.
fn header() -> Vec<u8> {
    let mut bytes = vec![0; 104];
    bytes[..4].copy_from_slice(b"QFI\xfb");
    bytes[7] = 3;
    bytes[24..32].copy_from_slice(&(1_u64 << 30).to_be_bytes());
    bytes
}

#[test]
fn images_that_lead_elsewhere_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path());
    let put = |bytes: &[u8]| std::fs::write(dir.path().join("images/i"), bytes).unwrap();
    put(&header());
    let fine = Image {
        format: "qcow2",
        size: Bytes(1 << 30),
    };
    assert_eq!(image::examine(&pool, &name("i")).unwrap(), fine);
    for (at, value, word) in [
        (15, 200, "overlay"),
        (79, 4, "another file"),
        (79, 2, "corrupt"),
        (35, 1, "encrypted"),
    ] {
        let mut bytes = header();
        bytes[at] = value;
        put(&bytes);
        let e = image::examine(&pool, &name("i")).unwrap_err();
        assert_eq!(e.reason(), Reason::StorageFailed);
        assert!(e.message().contains(word), "{e}");
    }
    for (bytes, word) in [
        (&b"KDMV...."[..], "VMDK"),
        (b"vhdxfile", "VHDX"),
        (&header()[..30], "cut off"),
    ] {
        put(bytes);
        let e = image::examine(&pool, &name("i")).unwrap_err();
        assert!(e.message().contains(word), "{e}");
    }
    let mut unknown = header();
    unknown[7] = 4;
    put(&unknown);
    assert!(
        image::examine(&pool, &name("i"))
            .unwrap_err()
            .message()
            .contains("version 4")
    );
}

#[test]
fn anything_else_is_raw() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path());
    std::fs::write(dir.path().join("images/raw"), vec![7; 5000]).unwrap();
    std::fs::write(dir.path().join("images/empty"), []).unwrap();
    let raw = |size| Image {
        format: "raw",
        size: Bytes(size),
    };
    assert_eq!(image::examine(&pool, &name("raw")).unwrap(), raw(5000));
    assert_eq!(image::examine(&pool, &name("empty")).unwrap(), raw(0));
    std::fs::create_dir(dir.path().join("images/dir")).unwrap();
    std::fs::write(dir.path().join("images/.hidden"), []).unwrap();
    std::fs::write(dir.path().join("images/a b"), []).unwrap();
    assert_eq!(image::list(&pool).unwrap(), [name("empty"), name("raw")]);
    assert_eq!(
        image::examine(&pool, &name("dir")).unwrap_err().reason(),
        Reason::ImageMissing
    );
}

/// The header that QEMU's own tool writes is read as it is meant.
#[test]
fn headers_of_qemu_img_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let make = |arguments: &[&str]| {
        let file = dir.path().join("x.qcow2");
        let status = Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2"])
            .args(arguments)
            .arg(&file)
            .arg("3G")
            .status();
        status.ok().filter(std::process::ExitStatus::success)?;
        Header::read(std::fs::File::open(file).unwrap()).unwrap()
    };
    if Command::new("qemu-img").arg("--version").output().is_err() {
        println!("SKIPPED headers_of_qemu_img_are_understood: there is no qemu-img");
        return;
    }
    let plain = make(&[]).unwrap();
    assert_eq!(
        (plain.size, plain.has_backing_file, plain.has_data_file),
        (3 << 30, false, false)
    );
    assert_eq!(make(&["-o", "compat=0.10"]).unwrap().size, 3 << 30);
    assert!(make(&["-u", "-F", "raw", "-b", "base"]).unwrap().has_backing_file);
    let data = dir.path().join("data");
    assert!(
        make(&["-o", &format!("data_file={}", data.display())])
            .unwrap()
            .has_data_file
    );
}

proptest! {
    #[test]
    fn no_header_makes_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), magic: bool) {
        if magic && bytes.len() >= 8 {
            bytes[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
        }
        let _ = Header::read(&bytes[..]);
    }
}
