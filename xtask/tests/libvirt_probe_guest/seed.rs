//! A NoCloud seed: the smallest ISO 9660 image (ECMA-119) that holds a few small files in its root directory.

const SECTOR: usize = 2048;

/// The root directory's sector, after 16 unused ones, the volume descriptor and its terminator.
const ROOT: u32 = 18;

/// An image labelled `cidata`. Every file's content must fit one sector.
pub(crate) fn iso(files: &[(&str, &str)]) -> Vec<u8> {
    let sectors = ROOT as usize + 1 + files.len();
    let mut image = vec![0_u8; sectors * SECTOR];

    let volume = &mut image[16 * SECTOR..17 * SECTOR];
    volume[..7].copy_from_slice(b"\x01CD001\x01");
    volume[8..72].fill(b' ');
    volume[40..46].copy_from_slice(b"cidata");
    both_ends(
        &mut volume[80..88],
        u32::try_from(sectors).expect("a small image"),
    );
    volume[120..124].copy_from_slice(&[1, 0, 0, 1]); // one volume
    volume[124..128].copy_from_slice(&[1, 0, 0, 1]); // the first
    volume[128..132].copy_from_slice(&[0, 8, 8, 0]); // sectors of 2048 bytes
    volume[156..190].copy_from_slice(&record(b"\0", ROOT, SECTOR, true));
    volume[881] = 1; // version of the file structure
    image[17 * SECTOR..17 * SECTOR + 7].copy_from_slice(b"\xffCD001\x01");

    let mut directory = [
        record(b"\0", ROOT, SECTOR, true),
        record(b"\x01", ROOT, SECTOR, true),
    ]
    .concat();
    for (sector, (name, content)) in (ROOT + 1..).zip(files) {
        assert!(content.len() <= SECTOR, "{name} does not fit a sector");
        directory.extend(record(
            format!("{name}.;1").as_bytes(),
            sector,
            content.len(),
            false,
        ));
        let start = sector as usize * SECTOR;
        image[start..start + content.len()].copy_from_slice(content.as_bytes());
    }
    let start = ROOT as usize * SECTOR;
    image[start..start + directory.len()].copy_from_slice(&directory);
    image
}

/// A directory record (ECMA-119, 9.1).
fn record(name: &[u8], sector: u32, size: usize, directory: bool) -> Vec<u8> {
    let length = (33 + name.len()).next_multiple_of(2);
    let mut record = vec![0_u8; length];
    record[0] = u8::try_from(length).expect("a short name");
    both_ends(&mut record[2..10], sector);
    both_ends(&mut record[10..18], u32::try_from(size).expect("a small file"));
    record[18..21].copy_from_slice(&[100, 1, 1]); // some day in 2000
    record[25] = if directory { 2 } else { 0 };
    record[28..32].copy_from_slice(&[1, 0, 0, 1]);
    record[32] = u8::try_from(name.len()).expect("a short name");
    record[33..33 + name.len()].copy_from_slice(name);
    record
}

/// A number in little-endian and then in big-endian order.
fn both_ends(bytes: &mut [u8], number: u32) {
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..].copy_from_slice(&number.to_be_bytes());
}
