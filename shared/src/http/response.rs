//! Responses in the shape that API Gateway takes.

use super::Problem;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

pub type HandlerResult = Result<Response<String>, Problem>;

pub fn json(status: u16, value: &impl Serialize) -> Response<String> {
    of_type("application/json", status, value)
}

/// Adds the `ETag` that [`Request::if_match`](super::Request::if_match) reads back.
pub fn with_etag(status: u16, tag: u32, value: &impl Serialize) -> Response<String> {
    let mut response = json(status, value);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

pub fn no_content() -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// To one of our pages. The fragment may have any characters.
pub fn see_other(page: &'static str, fragment: &str) -> Response<String> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::SEE_OTHER;
    let fragment: String = form_urlencoded::byte_serialize(fragment.as_bytes()).collect();
    if let Ok(location) = HeaderValue::try_from(format!("{page}#{fragment}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

pub(super) fn of_type(media_type: &'static str, status: u16, value: &impl Serialize) -> Response<String> {
    of_text(media_type, status, serde_json::to_string(value).unwrap_or_default())
}

pub(super) fn of_text(media_type: &'static str, status: u16, text: String) -> Response<String> {
    let mut response = Response::new(text);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
