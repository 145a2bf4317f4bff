//! A person who sends requests, with their token.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::Value;

use crate::{Response, lock};

/// A person, or a caller who has not signed in.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) origin: String,
    pub(crate) refusals: Arc<Mutex<Vec<Response>>>,
    /// For reports only.
    pub email: String,
    pub token: Option<String>,
}

impl Client {
    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.call("POST", path, &[], Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.call("PUT", path, &[], Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.call("PATCH", path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.call("DELETE", path, &[], None).await
    }

    /// Sends a request with a JSON body or none.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Response {
        let json = [headers, &[("content-type", "application/json")]].concat();
        match body {
            Some(body) => self.raw(method, path, &json, body.to_string().into_bytes()).await,
            None => self.raw(method, path, headers, Vec::new()).await,
        }
    }

    /// Sends a request with any body. Adds no header but the token's.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
        self.attempt(method, path, headers, body).await.unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Sends a request to a stack that may be down.
    ///
    /// # Errors
    /// The request, and why there is no response.
    pub async fn attempt(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response, String> {
        let shown: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        let request = format!("{}: {method} {path} {headers:?} {shown}", self.email);
        let method: Method = method.parse().expect("a method");
        let mut builder = self.http.request(method, format!("{}{path}", self.origin));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        if !body.is_empty() {
            builder = builder.body(body);
        }
        let response =
            builder.send().await.map_err(|error| format!("{request}\n→ no response: {error:?}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(|error| format!("{request}\n→ no body: {error:?}"))?;
        let answer = Response { request, status, headers, text };
        if status >= 400 {
            lock(&self.refusals).push(answer.clone());
        }
        Ok(answer)
    }
}
