//! A deal, through the API of its learning manager.

use std::time::Duration;

use seatkeeper_local::routes::{ROUTES, Route};
use serde_json::{Value, json};

use crate::{Client, Response, eventually};

/// A deal and the manager of its organisation. The organisation has no other deal.
#[derive(Debug, Clone)]
pub struct Deal {
    pub id: String,
    pub organisation: String,
    pub manager: Client,
}

impl Deal {
    pub fn path(&self, rest: &str) -> String {
        format!("/api/deals/{}{rest}", self.id)
    }

    pub fn invite_path(&self, id: &str) -> String {
        self.path(&format!("/invites/{id}"))
    }

    pub fn seat_path(&self, id: &str) -> String {
        self.path(&format!("/seats/{id}"))
    }

    pub async fn get(&self, rest: &str) -> Value {
        self.manager.get(&self.path(rest)).await.ok(200)
    }

    pub async fn invite<E: AsRef<str>>(&self, emails: &[E]) -> Value {
        let rows: Vec<_> = emails.iter().map(|email| json!({ "email": email.as_ref() })).collect();
        self.try_invite(&json!({ "invites": rows })).await.ok(200)
    }

    /// Invites one address. Returns the invite's id.
    pub async fn invite_one(&self, email: &str) -> String {
        let answer = self.invite(&[email]).await;
        assert_eq!(answer["results"][0]["outcome"], "invited", "{email}: {answer}");
        answer["results"][0]["inviteId"].as_str().expect("an id").to_owned()
    }

    /// `POST …/invites` with any body.
    pub async fn try_invite(&self, body: &Value) -> Response {
        self.manager.post(&self.path("/invites"), body).await
    }

    pub async fn one(&self, id: &str) -> Value {
        self.manager.get(&self.invite_path(id)).await.ok(200)
    }

    /// The invite, once its mail is in this state.
    pub async fn one_with_mail(&self, id: &str, state: &str) -> Value {
        eventually(&format!("the mail is {state}"), Duration::from_mins(2), || async {
            let invite = self.one(id).await;
            (invite["delivery"]["state"] == state).then_some(invite)
        })
        .await
    }

    /// `PATCH …/invites/{id}`, with `If-Match` if there is an `etag`.
    pub async fn correct(&self, id: &str, body: &Value, etag: Option<&str>) -> Response {
        let headers: Vec<_> = etag.map(|etag| ("if-match", etag)).into_iter().collect();
        self.manager.call("PATCH", &self.invite_path(id), &headers, Some(body)).await
    }

    /// All rows of a filter such as `status=pending&limit=7`, from all pages.
    pub async fn rows(&self, filter: &str) -> Vec<Value> {
        let (mut rows, mut more) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/seats?{filter}{more}")).await;
            rows.extend(page["invites"].as_array().expect("rows").iter().cloned());
            let Some(cursor) = page["nextCursor"].as_str() else { return rows };
            more = format!("&cursor={cursor}");
            assert!(rows.len() <= 20_000, "pages without an end");
        }
    }

    /// The first page of the rows whose address begins with `email`, in any status or in this one.
    pub async fn search(&self, email: &str, status: Option<&str>) -> Vec<Value> {
        let mut body = json!({ "email": email });
        if let Some(status) = status {
            body["status"] = json!(status);
        }
        let page = self.manager.post(&self.path("/seats/search"), &body).await.ok(200);
        page["invites"].as_array().expect("rows").clone()
    }

    pub async fn resend(&self, id: &str, etag: Option<&str>) -> Response {
        let headers: Vec<_> = etag.map(|etag| ("if-match", etag)).into_iter().collect();
        self.manager.call("POST", &format!("{}/resend", self.invite_path(id)), &headers, None).await
    }

    pub async fn resend_many(&self, body: &Value) -> Response {
        self.manager.post(&self.path("/invites/resend"), body).await
    }

    /// Resends these invites, each with the number of sends that the caller saw.
    pub async fn resend_rows(&self, rows: &[(&str, u32)]) -> Response {
        let rows: Vec<_> = rows.iter().map(|(id, sends)| json!({ "id": id, "sends": sends })).collect();
        self.resend_many(&json!({ "invites": rows })).await
    }

    /// Sets how long after a mail its reminders go.
    pub async fn remind(&self, after: &[&str]) -> Value {
        self.manager.put(&self.path("/reminders"), &json!({ "after": after })).await.ok(200)
    }

    pub async fn cancel(&self, id: &str) -> Response {
        self.manager.delete(&self.invite_path(id)).await
    }

    pub async fn release(&self, id: &str) -> Response {
        self.manager.delete(&self.seat_path(id)).await
    }

    pub async fn seats(&self) -> [u64; 3] {
        let page = self.get("/seats?limit=1").await;
        ["total", "allocated", "available"].map(|name| page["seats"][name].as_u64().expect("a number"))
    }

    pub async fn counts(&self) -> [u64; 3] {
        let counts = self.get("/counts").await;
        ["pending", "accepted", "expired"].map(|name| counts[name].as_u64().expect("a number"))
    }

    pub async fn snapshot(&self) -> Value {
        let mut snapshot = json!({ "deal": self.get("").await, "counts": self.get("/counts").await });
        snapshot["page"] = self.get("/seats?limit=200").await;
        for status in ["pending", "accepted", "expired", "declined", "asked"] {
            snapshot[status] = self.rows(&format!("status={status}")).await.into();
        }
        snapshot
    }
}

/// Every route that takes JSON, for a caller who may use it.
pub fn body_routes<'c>(
    deal: &'c Deal,
    learner: &'c Client,
    partnerships: &'c Client,
) -> Vec<(&'c Client, &'static str, String)> {
    let without = ["/{inviteId}/resend", "/unsubscribe/{id}"];
    let may_have_body = ROUTES.iter().filter(|route| ["POST", "PUT", "PATCH"].contains(&route.method));
    let with_body = may_have_body.filter(|route| !without.iter().any(|end| route.path.ends_with(end)));
    let with_caller = |route: &Route| {
        let caller = match route.scopes {
            ["invites.manage", ..] => &deal.manager,
            ["deals.admin", ..] => partnerships,
            _ => learner,
        };
        let path = route.path.replace("{dealId}", &deal.id).replace("{inviteId}", "AAAAAAAAAAAAAAAAAAAAAA");
        (caller, route.method, path)
    };
    with_body.map(with_caller).collect()
}

#[track_caller]
pub fn row_of<'r>(rows: &'r [Value], email: &str) -> &'r Value {
    let found =
        rows.iter().find(|row| row["email"].as_str().is_some_and(|row| row.eq_ignore_ascii_case(email)));
    found.unwrap_or_else(|| panic!("a row for {email} among {:?}", emails(rows)))
}

pub fn emails(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["email"].as_str().unwrap_or_default().to_owned()).collect()
}

pub fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The events of an invite's history, newest first.
pub fn events(invite: &Value) -> Vec<&str> {
    let history = invite["history"].as_array().expect("a history");
    history.iter().map(|entry| entry["event"].as_str().expect("an event")).collect()
}

pub fn outcomes(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|result| result["outcome"].as_str().expect("an outcome")).collect()
}

pub fn addresses(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number:05}@example.com")).collect()
}
