//! Sessions: who a browser signed in as. A browser shows its session by a cookie, which only the issuer's paths get.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::COOKIE;

use super::person::Person;

/// Afterwards the browser must sign in again.
const LIFETIME: TimeDelta = TimeDelta::hours(12);

const NAME: &str = "session";

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, (DateTime<Utc>, Person)>>);

impl Sessions {
    /// Ends the browser's former session and begins another, whose cookie is returned.
    pub(super) fn begin(&self, headers: &HeaderMap, person: Person, now: DateTime<Utc>) -> String {
        let _ = self.end(headers);
        let id = crate::random::base64url::<32>();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, (until, _)| now < *until);
        sessions.insert(id.clone(), (now + LIFETIME, person));
        cookie(&id, "")
    }

    pub(super) fn person(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Person> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = ids(headers).find_map(|id| sessions.get(id));
        found.filter(|(until, _)| now < *until).map(|(_, person)| person.clone())
    }

    /// Returns the cookie that removes the browser's.
    pub(super) fn end(&self, headers: &HeaderMap) -> String {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids(headers) {
            sessions.remove(id);
        }
        cookie("", "; Max-Age=0")
    }
}

/// Scripts cannot read the cookie, and requests that another site makes in the background do not have it.
fn cookie(id: &str, more: &str) -> String {
    format!("{NAME}={id}; Path=/oidc; HttpOnly; SameSite=Lax{more}")
}

fn ids(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    cookies.flat_map(|header| header.split(';')).filter_map(|pair| {
        let (name, id) = pair.trim().split_once('=')?;
        (name == NAME).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn browser(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, format!("theme=dark; {pair}").parse().unwrap())])
    }

    #[test]
    fn a_session_lasts_until_it_is_over_ended_or_replaced() {
        let (sessions, ann) = (Sessions::default(), Person::parse("ann@example.com").unwrap());
        let first = browser(&sessions.begin(&HeaderMap::new(), ann.clone(), START));
        let is_ann =
            |headers: &HeaderMap, after| sessions.person(headers, START + after) == Some(ann.clone());
        assert!(is_ann(&first, LIFETIME - TimeDelta::seconds(1)));
        assert!(!is_ann(&first, LIFETIME), "it is over");
        for forged in ["session=", "session=x", "other=x"] {
            assert!(!is_ann(&browser(forged), TimeDelta::zero()), "{forged}");
        }
        let second = browser(&sessions.begin(&first, ann.clone(), START));
        assert!(is_ann(&second, TimeDelta::zero()) && !is_ann(&first, TimeDelta::zero()), "it is replaced");
        assert!(sessions.end(&second).contains("Max-Age=0"));
        assert!(!is_ann(&second, TimeDelta::zero()), "it is ended");
    }
}
