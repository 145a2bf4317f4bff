//! Somebody who asks, with their token.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde_json::Value;

use crate::Answer;

/// A person (or nobody, without a token) at the one origin.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) origin: String,
    pub(crate) refusals: Arc<Mutex<Vec<Answer>>>,
    /// Who it is; only for reports.
    pub email: String,
    /// What the person shows; none for nobody.
    pub token: Option<String>,
}

impl Client {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, &[], Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call("PATCH", path, &[], Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], None).await
    }

    /// Any request with a JSON body or none.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let json = [headers, &[("content-type", "application/json")]].concat();
        match body {
            Some(body) => self.raw(method, path, &json, body.to_string().into_bytes()).await,
            None => self.raw(method, path, headers, Vec::new()).await,
        }
    }

    /// Any request with any body; no header is added but the token's.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        self.attempt(method, path, headers, body).await.unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// The same where the whole stack may be gone: an answer, or what there was instead.
    ///
    /// # Errors
    /// What was asked, and why there is no answer.
    pub async fn attempt(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let asked = format!("{}: {method} {path} {headers:?} {shown}", self.email);
        let method: Method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| format!("{asked}\n→ no answer: {error:?}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(|error| format!("{asked}\n→ no body: {error:?}"))?;
        let answer = Answer { asked, status, headers, text };
        if status >= 400 {
            self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push(answer.clone());
        }
        Ok(answer)
    }
}
