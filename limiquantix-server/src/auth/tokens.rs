use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use limiquantix_core::{Error, Reason, Result};
use uuid::Uuid;

/// How long an access token is good for.
const ACCESS: Duration = Duration::from_secs(15 * 60);
/// How long a session can be renewed.
const REFRESH: Duration = Duration::from_secs(7 * 24 * 3600);
/// The most sessions; the oldest make room.
const SESSIONS: usize = 1024;

/// What a caller gets for a password or a refresh token.
#[derive(Clone)]
pub(crate) struct TokenPair {
    pub(crate) user: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires_in: Duration,
}

/// The tokens that are good at present. Opaque random handles, kept in memory: a restart ends all sessions.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_session: u64,
    sessions: BTreeMap<u64, Session>,
    access: BTreeMap<String, (u64, Instant)>,
    /// Spent ones stay until their session ends: using one again shows that it was stolen.
    refresh: BTreeMap<String, (u64, bool)>,
}

impl std::fmt::Debug for State {
    // The keys are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

struct Session {
    user: String,
    until: Instant,
}

impl Tokens {
    /// Begins a session.
    pub(crate) fn issue(&self, user: &str) -> TokenPair {
        let now = Instant::now();
        let mut state = self.lock();
        while state.sessions.len() >= SESSIONS {
            let oldest = state.sessions.keys().next().copied();
            oldest.into_iter().for_each(|s| state.end(s));
        }
        let session = state.next_session;
        state.next_session += 1;
        state.sessions.insert(
            session,
            Session {
                user: user.to_owned(),
                until: now + REFRESH,
            },
        );
        state.pair(session, user, now)
    }

    /// Renews a session; the refresh token is spent. Presenting a spent one ends the session for whoever has
    /// it, since either the thief or the owner is the second to come (RFC 9700, section 4.14).
    pub(crate) fn refresh(&self, token: &str) -> Result<TokenPair> {
        let refused = || {
            Error::new(
                Reason::Unauthenticated,
                "the refresh token is not valid: log in again",
            )
        };
        let now = Instant::now();
        let mut state = self.lock();
        let (session, spent) = *state.refresh.get(token).ok_or_else(refused)?;
        let user = state
            .sessions
            .get(&session)
            .filter(|s| s.until > now && !spent)
            .map(|s| s.user.clone());
        let Some(user) = user else {
            state.end(session);
            return Err(refused());
        };
        state.refresh.insert(token.to_owned(), (session, true));
        state.access.retain(|_, (s, _)| *s != session);
        Ok(state.pair(session, &user, now))
    }

    /// Whose access token this is.
    pub(crate) fn holder(&self, token: &str) -> Result<String> {
        let refused = || {
            Error::new(
                Reason::Unauthenticated,
                "the access token is not valid or has expired",
            )
        };
        let state = self.lock();
        let (session, until) = state.access.get(token).ok_or_else(refused)?;
        let session = state
            .sessions
            .get(session)
            .filter(|_| *until > Instant::now())
            .ok_or_else(refused)?;
        Ok(session.user.clone())
    }

    /// Ends the session that the token, of either kind, belongs to.
    pub(crate) fn revoke(&self, token: &str) {
        let mut state = self.lock();
        let of_refresh = state.refresh.get(token).map(|(session, _)| *session);
        let of_access = state.access.get(token).map(|(session, _)| *session);
        if let Some(session) = of_refresh.or(of_access) {
            state.end(session);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pair(&mut self, session: u64, user: &str, now: Instant) -> TokenPair {
        // 244 random bits each, from the operating system's generator.
        let random = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let pair = TokenPair {
            user: user.to_owned(),
            access: random(),
            refresh: random(),
            expires_in: ACCESS,
        };
        self.access.insert(pair.access.clone(), (session, now + ACCESS));
        self.refresh.insert(pair.refresh.clone(), (session, false));
        pair
    }

    fn end(&mut self, session: u64) {
        self.sessions.remove(&session);
        self.access.retain(|_, (s, _)| *s != session);
        self.refresh.retain(|_, (s, _)| *s != session);
    }
}
