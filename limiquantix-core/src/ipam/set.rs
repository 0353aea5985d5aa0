use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::resource::AddressRange;

/// A set of addresses of one IP version, as the fewest runs of neighbours: ascending, apart from each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<AddressRange>", into = "Vec<AddressRange>")]
pub struct AddressSet(Vec<AddressRange>);

impl AddressSet {
    /// Adds an address; whether it was not there before.
    pub fn insert(&mut self, address: IpAddr) -> bool {
        let at = self.position(address);
        if self.0.get(at).is_some_and(|run| run.first <= address) {
            return false;
        }
        let follows = at
            .checked_sub(1)
            .filter(|i| after(self.0[*i].last) == Some(address));
        let leads = self
            .0
            .get(at)
            .is_some_and(|run| before(run.first) == Some(address));
        match (follows, leads) {
            (Some(i), true) => {
                self.0[i].last = self.0[at].last;
                self.0.remove(at);
            }
            (Some(i), false) => self.0[i].last = address,
            (None, true) => self.0[at].first = address,
            (None, false) => {
                let run = AddressRange {
                    first: address,
                    last: address,
                };
                self.0.insert(at, run);
            }
        }
        true
    }

    /// Takes an address out; whether it was there.
    pub fn remove(&mut self, address: IpAddr) -> bool {
        let at = self.position(address);
        let Some(run) = self.0.get(at).copied().filter(|run| run.first <= address) else {
            return false;
        };
        // Outside the run there is no neighbour in it: then nothing of that side is left.
        let below = before(address).filter(|last| *last >= run.first);
        let above = after(address).filter(|first| *first <= run.last);
        let rest = [
            below.map(|last| AddressRange {
                first: run.first,
                last,
            }),
            above.map(|first| AddressRange {
                first,
                last: run.last,
            }),
        ];
        self.0.splice(at..=at, rest.into_iter().flatten());
        true
    }

    /// Whether the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.run_with(address).is_some()
    }

    /// How many addresses; the largest number where there are more.
    pub fn len(&self) -> u128 {
        let sizes = self
            .0
            .iter()
            .map(|run| (number(run.last) - number(run.first)).saturating_add(1));
        sizes.fold(0, u128::saturating_add)
    }

    /// Whether no address is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its runs of neighbours, ascending.
    pub fn runs(&self) -> &[AddressRange] {
        &self.0
    }

    /// The run that the address is in.
    pub(super) fn run_with(&self, address: IpAddr) -> Option<AddressRange> {
        let run = self.0.get(self.position(address))?;
        (run.first <= address).then_some(*run)
    }

    /// The first run that does not end before the address.
    fn position(&self, address: IpAddr) -> usize {
        self.0.partition_point(|run| run.last < address)
    }
}

impl TryFrom<Vec<AddressRange>> for AddressSet {
    type Error = Error;

    fn try_from(runs: Vec<AddressRange>) -> Result<Self, Error> {
        let whole = runs
            .iter()
            .all(|run| run.first.is_ipv4() == run.last.is_ipv4() && run.first <= run.last);
        let apart = runs
            .windows(2)
            .all(|pair| after(pair[0].last).is_some_and(|next| next < pair[1].first));
        if whole && apart {
            return Ok(Self(runs));
        }
        Err(Error::internal("a set of addresses is not in order"))
    }
}

impl From<AddressSet> for Vec<AddressRange> {
    fn from(set: AddressSet) -> Self {
        set.0
    }
}

/// The next address of the same IP version, if there is one.
pub(super) fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_add(1).map(|n| Ipv4Addr::from_bits(n).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_add(1).map(|n| Ipv6Addr::from_bits(n).into()),
    }
}

/// The address before this one, if there is one.
pub(super) fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => v4.to_bits().checked_sub(1).map(|n| Ipv4Addr::from_bits(n).into()),
        IpAddr::V6(v6) => v6.to_bits().checked_sub(1).map(|n| Ipv6Addr::from_bits(n).into()),
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
