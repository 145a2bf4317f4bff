//! `PutLogEvents` of CloudWatch Logs, signed here. Its SDK would make every function larger, and bring an event
//! stream along, for this one call (docs/decisions/0030-the-audit-log.md).

use super::{Environment, http_connector};
use crate::clock;
use crate::domain::Timestamp;
use aws_sdk_dynamodb::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use lambda_runtime::Error;
use serde_json::{Value, json};
use std::time::SystemTime;

/// A log group, and this process's stream in it.
#[derive(Clone, Debug)]
pub(crate) struct LogGroup {
    name: String,
    stream: String,
    connector: SharedHttpConnector,
    credentials: Credentials,
    region: String,
    endpoint: String,
}

/// No error quotes a record.
impl LogGroup {
    /// Reads what [`sdk_config`](super::sdk_config) reads, and the name of the function's own log stream, which is
    /// unique to this process.
    pub(crate) fn from_env(name: &str) -> Result<Self, Error> {
        Self::read(name, |name| std::env::var(name).ok())
    }

    fn read(name: &str, get: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let environment = Environment(get);
        let region = environment.get("AWS_REGION").unwrap_or_default();
        let endpoint = environment.get("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS");
        Ok(Self {
            name: name.to_owned(),
            stream: environment.get("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_else(|| "local".to_owned()),
            connector: http_connector(environment.roots()?)?,
            credentials: environment.credentials().ok_or("no credentials")?,
            endpoint: endpoint
                .or_else(|| environment.get("AWS_ENDPOINT_URL"))
                .unwrap_or_else(|| format!("https://logs.{region}.amazonaws.com")),
            region,
        })
    }

    /// Appends lines with this time. After a lost answer they may be there twice.
    pub(crate) async fn put(&self, lines: &[String], at: Timestamp) -> Result<(), Error> {
        let event = |line| json!({ "timestamp": at.timestamp_millis(), "message": line });
        let (group, stream) = (&self.name, &self.stream);
        let events: Vec<_> = lines.iter().map(event).collect();
        let events = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events });
        let stream = json!({ "logGroupName": group, "logStreamName": stream });
        if self.call("PutLogEvents", &events).await.is_ok() {
            return Ok(());
        }
        // A process's first call finds no stream. After any other failure, the second call is a retry.
        let _is_there = self.call("CreateLogStream", &stream).await;
        self.call("PutLogEvents", &events).await
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<(), Error> {
        let body = body.to_string();
        let target = format!("Logs_20140328.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let identity = self.credentials.clone().into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("logs")
            .time(SystemTime::from(clock::now()))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let payload = SignableBody::Bytes(body.as_bytes());
        let signable =
            SignableRequest::new("POST", format!("{}/", self.endpoint), headers.into_iter(), payload)?;
        let (signature, _) = sign(signable, &parameters)?.into_parts();
        let mut request = http::Request::post(format!("{}/", self.endpoint));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body))?;
        signature.apply_to_request_http1x(&mut request);
        let unanswered = || format!("{operation} got no answer");
        let answer = self.connector.call(HttpRequest::try_from(request)?).await.map_err(|_| unanswered())?;
        let status = answer.status().as_u16();
        // Only a connection whose answer was read can be used again.
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(|_| unanswered())?.into_bytes();
        if status == 200 {
            return Ok(());
        }
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = answer.get("__type").and_then(Value::as_str).unwrap_or("no code");
        Err(format!("{operation} was not answered with success (status {status}, {code})").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    /// Answers requests, one after the other, with these statuses. Returns the head and the body of each.
    fn answer(listener: &TcpListener, statuses: &[u16]) -> Vec<(String, Value)> {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut requests = Vec::new();
        for status in statuses {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(reader.read_line(&mut head).unwrap(), 0);
            }
            let head = head.to_lowercase();
            let (_, length) = head.split_once("content-length: ").unwrap();
            let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            requests.push((head, serde_json::from_slice(&body).unwrap()));
            write!(reader.get_mut(), "HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
        }
        requests
    }

    #[tokio::test]
    async fn records_are_appended_to_a_stream_that_is_created_when_it_is_missing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let get = |name: &str| match name {
            "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("key".to_owned()),
            "AWS_SESSION_TOKEN" => Some("session".to_owned()),
            "AWS_LAMBDA_LOG_STREAM_NAME" => Some("stream".to_owned()),
            _ => None,
        };
        let group = LogGroup::read("audit", get).unwrap();
        let server = std::thread::spawn(move || answer(&listener, &[400, 200, 200, 500, 400, 500]));
        let at = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        group.put(&["one".to_owned(), "two".to_owned()], at).await.unwrap();
        let refused = group.put(&["three".to_owned()], at).await.unwrap_err();
        assert_eq!(refused.to_string(), "PutLogEvents was not answered with success (status 500, no code)");
        let requests = server.join().unwrap();
        let stream = json!({ "logGroupName": "audit", "logStreamName": "stream" });
        let events =
            ["one", "two"].map(|line| json!({ "timestamp": 1_800_000_000_000_i64, "message": line }));
        let mut put = stream.clone();
        put["logEvents"] = json!(events);
        for (request, (target, body)) in requests.iter().zip([
            ("putlogevents", &put),
            ("createlogstream", &stream),
            ("putlogevents", &put),
        ]) {
            let (head, sent) = request;
            assert!(head.contains(&format!("x-amz-target: logs_20140328.{target}\r\n")), "{head}");
            assert!(
                head.contains("/eu-west-1/logs/aws4_request")
                    && head.contains("x-amz-security-token: session")
            );
            assert_eq!(sent, body);
        }
    }
}
