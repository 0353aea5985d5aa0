//! The smallest guest there is: a boot sector that says `K` on the first serial port and stops.
//!
//! It comes after the whole firmware, so where it speaks, real mode, protected mode, devices and interrupts work
//! at a useful speed. Assembled by hand; the listing is its source:
//!
//! ```text
//! 0000  FA            cli                   ; nothing may interrupt
//! 0001  BA F8 03      mov  dx, 0x3F8        ; data register of COM1
//! 0004  B0 4B         mov  al, 'K'
//! 0006  EE            out  dx, al
//! 0007  B0 0A         mov  al, 10           ; the end of the line
//! 0009  EE            out  dx, al
//! 000A  F4            hlt                   ; for good: interrupts are off
//! 000B  EB FD         jmp  0x000A           ; unless a non-maskable one came
//! …     00            to the end of the sector
//! 01FE  55 AA         what makes it a boot sector
//! ```

/// What the guest says.
pub(super) const GREETING: &[u8] = b"K";

const CODE: [u8; 13] = [
    0xfa, 0xba, 0xf8, 0x03, 0xb0, 0x4b, 0xee, 0xb0, 0x0a, 0xee, 0xf4, 0xeb, 0xfd,
];

/// The disk image.
pub(super) fn image() -> Vec<u8> {
    let mut sector = vec![0; 512];
    for (place, byte) in sector.iter_mut().zip(CODE) {
        *place = byte;
    }
    for (place, byte) in sector.iter_mut().skip(510).zip([0x55, 0xaa]) {
        *place = byte;
    }
    sector
}
