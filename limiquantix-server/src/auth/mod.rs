//! Who calls. For now one development user; real users and roles take this module's place.

#[cfg(test)]
mod tests;
mod tokens;

use limiquantix_core::{Error, Reason, Result};

pub(crate) use tokens::{TokenPair, Tokens};

/// The development user: name and password.
const DEV_USER: (&str, &str) = ("admin", "admin");

/// What an `Authorization` header begins with. RFC 6750.
const SCHEME: &str = "Bearer ";

/// Knows who may log in.
#[derive(Debug)]
pub(crate) struct Auth {
    dev: bool,
    tokens: Tokens,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: String,
}

impl Auth {
    pub(crate) fn new(dev: bool) -> Self {
        Self {
            dev,
            tokens: Tokens::default(),
        }
    }

    /// Checks a password.
    pub(crate) fn login(&self, user: &str, password: &str) -> Result<TokenPair> {
        if !self.dev {
            let message = "there are no users to log in as: only a server started with --dev has one";
            return Err(Error::new(Reason::Unauthenticated, message));
        }
        if (user, password) == DEV_USER {
            return Ok(self.tokens.issue(user));
        }
        Err(Error::new(Reason::Unauthenticated, "wrong user name or password"))
    }

    /// Exchanges a refresh token.
    pub(crate) fn refresh(&self, token: &str) -> Result<TokenPair> {
        self.tokens.refresh(token)
    }

    /// Ends the session of a refresh token, and that of the `Authorization` header. Ending one that has ended
    /// is fine.
    pub(crate) fn logout(&self, refresh_token: &str, authorization: Option<&str>) {
        self.tokens.revoke(refresh_token);
        let access = authorization.and_then(|header| header.strip_prefix(SCHEME));
        access.into_iter().for_each(|token| self.tokens.revoke(token));
    }

    /// Who presents this `Authorization` header. Without one it is the local administrator: the server only
    /// listens on loopback. One that is wrong is refused rather than ignored.
    pub(crate) fn identify(&self, authorization: Option<&str>) -> Result<Caller> {
        let Some(header) = authorization else {
            return Ok(Caller {
                name: "local".to_owned(),
            });
        };
        let token = header.strip_prefix(SCHEME).ok_or_else(|| {
            Error::new(
                Reason::Unauthenticated,
                "the Authorization header must be `Bearer` and an access token",
            )
        })?;
        Ok(Caller {
            name: self.tokens.holder(token)?,
        })
    }
}
