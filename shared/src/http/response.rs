//! Responses, and how API Gateway takes them.

use super::Problem;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

pub type HandlerResult = Result<Response<Body>, Problem>;

pub fn json(status: u16, value: &impl Serialize) -> Response<Body> {
    of_type("application/json", status, value)
}

/// A JSON response with this number as its `ETag`, which [`Request::if_match`](super::Request::if_match) reads back.
pub fn with_etag(status: u16, tag: u32, value: &impl Serialize) -> Response<Body> {
    let mut response = json(status, value);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

pub(super) fn of_type(media_type: &'static str, status: u16, value: &impl Serialize) -> Response<Body> {
    let mut response = Response::new(Body::Text(serde_json::to_string(value).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// The response as API Gateway takes it, with the headers that every response has.
pub(super) fn for_gateway(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    parts.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = parts.status.as_u16().into();
    response.headers = parts.headers;
    response.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    response
}
