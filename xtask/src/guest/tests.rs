//! The guest's parts, without building one. Building and booting one is `tests/probe_guest.rs`.

use super::cpio::Archive;
use super::digest;
use super::fetch::depends_of;
use super::kernel::{has_pvh_entry, payload};
use super::modules::{depends, module_name};

#[test]
fn a_cpio_archive_has_the_bytes_the_kernel_expects() {
    let mut archive = Archive::default();
    archive.file("init", 0o755, b"hello");
    archive.character_device("dev/console", 5, 1);
    let bytes = archive.finish();

    let header = String::from_utf8_lossy(&bytes[..110]).into_owned();
    let expected = [
        "070701", "00000001", "000081ED", "00000000", "00000000", "00000001", "00000000", "00000005",
        "00000000", "00000000", "00000000", "00000000", "00000005", "00000000",
    ];
    assert_eq!(header, expected.concat());
    // Name and content start on multiples of four, counted from the header.
    assert_eq!(&bytes[110..115], b"init\0");
    assert_eq!(&bytes[116..121], b"hello");
    let second = &bytes[124..];
    assert_eq!(&second[..6], b"070701");
    assert_eq!(&second[14..22], b"00002180");
    assert_eq!(&second[78..94], b"0000000500000001");
    assert_eq!(bytes.len() % 512, 0);
    assert!(bytes.windows(10).any(|window| window == b"TRAILER!!!"));
}

#[test]
fn a_modules_dependencies_are_read_from_its_own_strings() {
    let module = b"\x7fELF...\0license=GPL\0depends=fat,nls-base\0retpoline=Y\0";
    assert_eq!(depends(module), ["fat", "nls_base"]);
    assert!(depends(b"\x7fELF\0depends=\0intree=Y\0").is_empty());
    assert!(depends(b"no strings").is_empty());
}

#[test]
fn modules_are_found_under_their_kernel_name_however_they_are_packed() {
    assert_eq!(module_name("virtio-rng.ko").as_deref(), Some("virtio_rng"));
    assert_eq!(module_name("isofs.ko.zst").as_deref(), Some("isofs"));
    assert_eq!(module_name("isofs.ko.xz").as_deref(), Some("isofs"));
    assert_eq!(module_name("modules.builtin"), None);
}

#[test]
fn the_payload_of_a_kernel_is_where_its_boot_header_says() {
    let mut image = vec![0_u8; 4096];
    image[0x1f1] = 1; // one setup sector, after the boot sector
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x248..0x24c].copy_from_slice(&16_u32.to_le_bytes());
    image[0x24c..0x250].copy_from_slice(&8_u32.to_le_bytes());
    image[1024 + 16..1024 + 24].copy_from_slice(b"PAYLOAD!");
    assert_eq!(payload(&image).unwrap(), b"PAYLOAD!");

    image[0x24c..0x250].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(payload(&image).is_err(), "a length beyond the file is refused");
    assert!(payload(b"\x7fELF").is_err());
}

#[test]
fn only_an_elf_file_with_the_pvh_note_may_be_booted_uncompressed() {
    let elf = elf_with_note(18, b"Xen\0");
    assert!(has_pvh_entry(&elf));
    assert!(!has_pvh_entry(&elf_with_note(6, b"Xen\0")));
    assert!(!has_pvh_entry(&elf_with_note(18, b"GNU\0")));
    for length in 0..elf.len() {
        has_pvh_entry(&elf[..length]); // a truncated file is no reason to panic
    }
}

/// A 64-bit ELF header, one program header of notes, and two notes.
fn elf_with_note(kind: u32, name: &[u8; 4]) -> Vec<u8> {
    let mut notes = Vec::new();
    for (kind, name) in [(1, b"GNU\0"), (kind, name)] {
        for word in [4, 4, kind] {
            notes.extend_from_slice(&u32::to_le_bytes(word));
        }
        notes.extend_from_slice(name);
        notes.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    }
    let mut elf = vec![0_u8; 64 + 56];
    elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
    elf[0x20..0x28].copy_from_slice(&64_u64.to_le_bytes());
    elf[0x36..0x38].copy_from_slice(&56_u16.to_le_bytes());
    elf[0x38..0x3a].copy_from_slice(&1_u16.to_le_bytes());
    elf[64..68].copy_from_slice(&4_u32.to_le_bytes());
    elf[72..80].copy_from_slice(&120_u64.to_le_bytes());
    elf[96..104].copy_from_slice(&(notes.len() as u64).to_le_bytes());
    elf.extend_from_slice(&notes);
    elf
}

#[test]
fn dependencies_are_read_with_and_without_alternatives() {
    let listing = "linux-image-x\n  Depends: kmod\n |Depends: linux-initramfs-tool\n  Depends: <virtual>\n  Breaks: fwupdate\n";
    assert_eq!(depends_of(listing), ["kmod", "linux-initramfs-tool"]);
}

#[test]
fn the_digest_tells_where_one_part_ends() {
    assert_ne!(digest([b"ab".as_slice(), b"c"]), digest([b"a".as_slice(), b"bc"]));
}
