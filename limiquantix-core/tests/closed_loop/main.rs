//! The whole loop in one thread: a user's verbs through `admit`, `begin` and `cancel`; assignments; an agent
//! that follows `next_step` and may die anywhere; a hypervisor with faults and people who meddle with it;
//! reports that are lost, applied without an answer, or late; and `settle`.
//!
//! Every run is a list of dice, so it can be repeated and cut down: a failure prints the seed and the shortest
//! list of what happened that still fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent;
mod control;
mod hypervisor;
mod world;

use world::World;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Plays `rolls`, then lets things settle; what went wrong, and everything that happened.
fn play(rolls: &[u64]) -> Result<World, (String, Vec<String>)> {
    let mut world = World::new();
    let outcome = rolls
        .iter()
        .try_for_each(|roll| world.happen(*roll))
        .and_then(|()| world.quiesce())
        .and_then(|()| world.still_obeys());
    match outcome {
        Ok(()) => Ok(world),
        Err(why) => Err((why, world.trace)),
    }
}

/// The shortest list that still fails, as far as leaving out pieces goes.
fn shortest(mut rolls: Vec<u64>) -> Vec<u64> {
    let mut piece = rolls.len() / 2;
    while piece > 0 {
        let mut from = 0;
        while from < rolls.len() {
            let mut fewer = rolls.clone();
            fewer.drain(from..(from + piece).min(rolls.len()));
            if play(&fewer).is_err() {
                rolls = fewer;
            } else {
                from += piece;
            }
        }
        piece /= 2;
    }
    rolls
}

/// For a user: a VM that hangs in some state for ever, shows what is not so, comes up although it was stopped,
/// or leaves a machine or disks behind when it is deleted: after whatever went wrong in between.
#[test]
fn whatever_happens_the_loop_closes() {
    let mut totals = world::Totals::default();
    for seed in 0..6_000_u64 {
        let mut dice = Dice(seed);
        let length = 20 + (dice.roll() % 180) as usize;
        let rolls: Vec<u64> = (0..length).map(|_| dice.roll()).collect();
        match play(&rolls) {
            Ok(world) => totals.add(&world.totals),
            Err((why, _)) => {
                let rolls = shortest(rolls);
                let (last, trace) = play(&rolls).err().unwrap();
                panic!(
                    "seed {seed}: {why}\nshortest ({} steps): {last}\n{}",
                    rolls.len(),
                    trace.join("\n")
                );
            }
        }
    }
    // The simulation is worth something only if everything in it really happens.
    println!("{totals:?}");
    totals.assert_all_happened();
}
