//! Typed units, integers throughout: capacity never goes through floating point, so that every replica
//! and every platform decides alike.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident($repr:ty, $suffix:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $repr);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0);
            /// The number itself.
            pub const fn get(self) -> $repr { self.0 }
            /// The sum, or `None` where it does not fit.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) { Some(v) => Some(Self(v)), None => None }
            }
            /// The difference, or zero.
            pub const fn saturating_sub(self, other: Self) -> Self { Self(self.0.saturating_sub(other.0)) }
            /// The sum, or the largest value.
            pub const fn saturating_add(self, other: Self) -> Self { Self(self.0.saturating_add(other.0)) }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, concat!("{} ", $suffix), self.0) }
        }
    )*};
}

units! {
    /// Memory in MiB (2^20 bytes).
    Mebibytes(u32, "MiB");
    /// Disk sizes in GiB (2^30 bytes).
    Gibibytes(u32, "GiB");
    /// Virtual or physical CPU cores.
    Cores(u32, "cores");
    /// Thousandths of a core.
    MilliCpus(u32, "mCPU");
    /// Bytes.
    Bytes(u64, "B");
}

impl Gibibytes {
    /// The same size in bytes.
    pub const fn bytes(self) -> Bytes {
        Bytes((self.0 as u64) << 30)
    }
}

impl Mebibytes {
    /// The same size in bytes.
    pub const fn bytes(self) -> Bytes {
        Bytes((self.0 as u64) << 20)
    }
}

/// A ratio in percent: 150 means that half as much again may be promised as is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Percent(pub u32);

impl Percent {
    /// As it is: 100 %.
    pub const WHOLE: Self = Self(100);

    /// This share of `value`, rounded down; the largest value where it does not fit.
    pub const fn of(self, value: u32) -> u32 {
        let scaled = value as u64 * self.0 as u64 / 100;
        if scaled > u32::MAX as u64 {
            u32::MAX
        } else {
            scaled as u32
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}
