//! The line between agent and control plane: it can be cut, and it can be bad.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use limiquantix::AgentLink;
use limiquantix::core::contract::{
    BoxStream, ConsoleSource, NodeRegistration, SessionId, Uplink, UplinkEvent,
};
use limiquantix::core::identity::{NodeId, VmId};
use limiquantix::core::settle::{Outcome, VmReport};
use limiquantix::core::{Error, Reason, Result};
use tokio_util::sync::CancellationToken;

/// How bad the line is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Of a hundred calls, so many are lost before they arrive …
    pub(crate) lost: u64,
    /// … and so many take effect without an answer.
    pub(crate) unanswered: u64,
    /// Of a hundred events, so many are followed by the end of the stream.
    pub(crate) cut: u64,
    /// Events take so long.
    pub(crate) lag: Duration,
}

impl Weather {
    pub(crate) const FINE: Self = Self {
        lost: 0,
        unanswered: 0,
        cut: 0,
        lag: Duration::ZERO,
    };

    /// Calls are answered at once, and events take long.
    pub(crate) const LAGGING: Self = Self {
        lag: Duration::from_secs(5),
        ..Self::FINE
    };
}

#[derive(Debug)]
pub(crate) struct Line {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    link: Option<AgentLink>,
    /// Cancelled when the control plane dies.
    up: CancellationToken,
    weather: Weather,
    dice: u64,
    /// The end of an operation of this VM is lost, so many times, after it took effect.
    swallow: Option<(VmId, u32)>,
}

/// What becomes of a call.
enum Fate {
    Arrives,
    Lost,
    Unanswered,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                link: None,
                up: CancellationToken::new(),
                weather: Weather::FINE,
                dice: 0,
                swallow: None,
            })),
        }
    }
}

fn lost() -> Error {
    Error::new(Reason::ServerUnavailable, "the line is down")
}

impl Line {
    pub(crate) fn connect(&self, link: AgentLink) {
        let mut state = self.lock();
        state.link = Some(link);
        state.up = CancellationToken::new();
    }

    pub(crate) fn disconnect(&self) {
        let mut state = self.lock();
        state.link = None;
        state.up.cancel();
    }

    /// From now on the line is like this, and `seed` decides whom it hits.
    pub(crate) fn weather(&self, weather: Weather, seed: u64) {
        let mut state = self.lock();
        state.weather = weather;
        state.dice = seed;
    }

    /// The next `times` ends of operations of this VM take effect, and their answers are lost.
    pub(crate) fn swallow(&self, vm: VmId, times: u32) {
        self.lock().swallow = Some((vm, times));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> Result<(AgentLink, CancellationToken)> {
        let state = self.lock();
        Ok((state.link.clone().ok_or_else(lost)?, state.up.clone()))
    }

    fn fate(&self) -> Fate {
        let mut state = self.lock();
        let roll = roll(&mut state.dice) % 100;
        let weather = state.weather;
        match roll {
            r if r < weather.lost => Fate::Lost,
            r if r < weather.lost + weather.unanswered => Fate::Unanswered,
            _ => Fate::Arrives,
        }
    }

    /// Makes a call, as far as the line lets it.
    async fn call<T>(&self, what: impl AsyncFnOnce(AgentLink) -> Result<T>) -> Result<T> {
        // A round trip, so that others get their turn in between.
        tokio::time::sleep(Duration::from_micros(100)).await;
        let fate = self.fate();
        if matches!(fate, Fate::Lost) {
            return Err(lost());
        }
        let (link, up) = self.link()?;
        let outcome = tokio::select! {
            outcome = what(link) => outcome,
            () = up.cancelled() => Err(lost()),
        };
        match fate {
            Fate::Unanswered => Err(lost()),
            _ => outcome,
        }
    }
}

/// SplitMix64.
pub(crate) fn roll(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[async_trait]
impl Uplink for Line {
    async fn register(&self, node: &NodeRegistration) -> Result<NodeId> {
        self.call(async |link: AgentLink| link.register(node).await).await
    }

    async fn heartbeat(&self, node: NodeId, boot_id: &str) -> Result<Duration> {
        self.call(async |link: AgentLink| link.heartbeat(node, boot_id).await)
            .await
    }

    async fn assignments(&self, node: NodeId, boot_id: &str) -> Result<BoxStream<Result<UplinkEvent>>> {
        let told = self
            .call(async |link: AgentLink| link.assignments(node, boot_id).await)
            .await?;
        let (_, up) = self.link()?;
        let state = Arc::clone(&self.state);
        let mut cut = false;
        let events = told
            .then(move |event| {
                let (lag, then_cut) = {
                    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                    let cut = roll(&mut state.dice) % 100 < state.weather.cut;
                    (state.weather.lag, cut)
                };
                let event = if cut { Err(lost()) } else { event };
                cut = then_cut;
                async move {
                    tokio::time::sleep(lag).await;
                    event
                }
            })
            .take_until(up.cancelled_owned())
            .chain(stream::once(async { Err(lost()) }));
        Ok(Box::pin(events))
    }

    async fn report(&self, node: NodeId, boot_id: &str, report: &VmReport) -> Result<()> {
        let outcome = self
            .call(async |link: AgentLink| link.report(node, boot_id, report).await)
            .await;
        let is_end = report
            .task
            .as_ref()
            .is_some_and(|t| !matches!(t.outcome, Outcome::Progress { .. }));
        let mut state = self.lock();
        match &mut state.swallow {
            Some((vm, times)) if *vm == report.vm && is_end && *times > 0 => {
                *times -= 1;
                Err(lost())
            }
            _ => outcome,
        }
    }

    async fn serve_console(
        &self,
        session: SessionId,
        from_guest: BoxStream<ConsoleSource>,
    ) -> Result<BoxStream<Vec<u8>>> {
        let (link, _) = self.link()?;
        link.serve_console(session, from_guest).await
    }
}
