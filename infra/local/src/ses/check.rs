//! What SES accepts: the checks of a request and of its entries.
//!
//! Invariant: a fault of the request refuses the whole request (`BadRequestException`). A fault of one entry refuses only
//! that entry. The figures are from the SES API v2 reference and "Service quotas in Amazon SES".

use std::collections::{BTreeMap, BTreeSet};

use email_address::EmailAddress;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::SesError;
use super::template::{Data, render};
use crate::clock;
use crate::inbox::Mail;

const MAX_ENTRIES: usize = 50;
const MAX_RECIPIENTS: usize = 50;
/// In bytes, for all parts of a template together.
const MAX_TEMPLATE: usize = 500 * 1024;
/// In characters, for the data of one template.
const MAX_DATA: usize = 262_144;
const MAX_HEADERS: usize = 15;
const MAX_HEADER_NAME: usize = 126;
const MAX_HEADER_VALUE: usize = 870;
const MAX_TAG: usize = 256;
/// The headers that SES itself sets.
const OWN_HEADERS: &[&str] = &[
    "bcc",
    "cc",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "return-path",
    "subject",
    "to",
];

/// One entry: its mail, or why it is invalid. `None` if a variable is missing: SES then accepts the entry and sends
/// nothing.
pub(super) type Entry = Result<Option<Mail>, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pair {
    name: String,
    value: String,
}

/// A part of the request of `SendBulkEmail` (SES API v2 reference). A missing part has its type's default.
fn part<T: DeserializeOwned + Default>(of: &Value, place: &str) -> Result<T, SesError> {
    let unreadable = |error| SesError::bad_request(format!("{place} can't be read: {error}"));
    of.pointer(place)
        .map_or_else(|| Ok(None), |part| Option::deserialize(part).map_err(unreadable))
        .map(Option::unwrap_or_default)
}

pub(super) fn check(request: &Value) -> Result<Vec<Entry>, SesError> {
    let from: String = part(request, "/FromEmailAddress")?;
    address(&from).map_err(|why| SesError::bad_request(format!("FromEmailAddress: {why}")))?;
    let entries: Vec<Value> = part(request, "/BulkEmailEntries")?;
    if entries.is_empty() || entries.len() > MAX_ENTRIES {
        return Err(SesError::bad_request(format!("BulkEmailEntries must have 1 to {MAX_ENTRIES} members")));
    }
    let template: Value = part(request, "/DefaultContent/Template")?;
    let text = |name| part::<Option<String>>(&template, &format!("/TemplateContent/{name}"));
    let (Some(subject), html, text) = (text("Subject")?, text("Html")?, text("Text")?) else {
        return Err(SesError::bad_request("Subject is missing"));
    };
    if html.is_none() && text.is_none() {
        return Err(SesError::bad_request("Html or Text is missing"));
    }
    let (html, text) = (html.unwrap_or_default(), text.unwrap_or_default());
    if subject.len() + html.len() + text.len() > MAX_TEMPLATE {
        return Err(SesError::bad_request("The template is larger than 500 KB"));
    }
    let data = data(&template, "/TemplateData")?;
    let (headers, tags) = (headers(&template, "/Headers")?, tags(request, "/DefaultEmailTags")?);
    let (id, to) = (String::new(), String::new());
    let model = Mail { id, at: clock::now(), from, to, subject, text, html, headers, tags };
    entries.iter().map(|entry| check_entry(entry, model.clone(), data.clone())).collect()
}

fn data(of: &Value, place: &str) -> Result<Data, SesError> {
    let Some(json) = part::<Option<String>>(of, place)? else { return Ok(Data::new()) };
    if json.chars().count() > MAX_DATA {
        return Err(SesError::bad_request(format!("{place} has more than {MAX_DATA} characters")));
    }
    serde_json::from_str(&json).map_err(|_| SesError::bad_request(format!("{place} is not a JSON object")))
}

/// Makes the entry's mail of what all entries share: a mail with templates in place of texts, and values for them.
fn check_entry(entry: &Value, mut mail: Mail, mut values: Data) -> Result<Entry, SesError> {
    const DATA: &str = "/ReplacementEmailContent/ReplacementTemplate/ReplacementTemplateData";
    values.extend(data(entry, DATA)?);
    let replacements = headers(entry, "/ReplacementHeaders")?;
    mail.headers
        .retain(|name, _| !replacements.keys().any(|replacement| replacement.eq_ignore_ascii_case(name)));
    mail.headers.extend(replacements);
    mail.tags.extend(tags(entry, "/ReplacementTags")?);
    let subject = render(&mail.subject, &values)?;
    let html = render(&mail.html, &values)?;
    let text = render(&mail.text, &values)?;

    let to = match recipients(entry)? {
        Ok(to) => to,
        Err(why) => return Ok(Err(why)),
    };
    let (Some(subject), Some(html), Some(text)) = (subject, html, text) else { return Ok(Ok(None)) };
    if subject.contains(['\r', '\n']) {
        return Ok(Err("Subject has a line break".to_owned()));
    }
    Ok(Ok(Some(Mail { id: super::message_id(), to, subject, text, html, ..mail })))
}

fn recipients(entry: &Value) -> Result<Result<String, String>, SesError> {
    let list = |kind| part::<Vec<String>>(entry, &format!("/Destination/{kind}Addresses"));
    let (to, others) = (list("To")?, [list("Cc")?, list("Bcc")?].concat());
    if to.is_empty() || to.len() + others.len() > MAX_RECIPIENTS {
        return Ok(Err(format!("Destination must have 1 to {MAX_RECIPIENTS} recipients")));
    }
    Ok(to.iter().chain(&others).try_for_each(|recipient| address(recipient)).map(|()| to.join(", ")))
}

/// Checks an address, alone or as `Name <address>`: ASCII before the @, Punycode after it, no line break.
fn address(text: &str) -> Result<(), String> {
    let bare = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    if text.contains(['\r', '\n']) {
        return Err("Address has a line break".to_owned());
    }
    let (local, domain) = bare.rsplit_once('@').ok_or("Missing final '@domain'")?;
    if !local.is_ascii() {
        return Err("Local address contains non-ASCII characters".to_owned());
    }
    if !domain.is_ascii() {
        return Err("Domain contains non-ASCII characters".to_owned());
    }
    if !EmailAddress::is_valid(bare) || !domain.contains('.') {
        return Err("Invalid email address".to_owned());
    }
    Ok(())
}

fn headers(of: &Value, place: &str) -> Result<BTreeMap<String, String>, SesError> {
    let pairs: Vec<Pair> = part(of, place)?;
    if pairs.len() > MAX_HEADERS {
        return Err(SesError::bad_request(format!("More than {MAX_HEADERS} headers")));
    }
    let token = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let mut seen = BTreeSet::new();
    for Pair { name, value } in &pairs {
        let named = (1..=MAX_HEADER_NAME).contains(&name.len()) && name.bytes().all(token);
        let valued = (1..=MAX_HEADER_VALUE).contains(&value.len()) && value.bytes().all(visible);
        if !named || !valued || OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(SesError::bad_request("A header has a name or value that is not allowed"));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(SesError::bad_request("A header appears more than once"));
        }
    }
    Ok(pairs.into_iter().map(|Pair { name, value }| (name, value)).collect())
}

fn tags(of: &Value, place: &str) -> Result<BTreeMap<String, String>, SesError> {
    let pairs: Vec<Pair> = part(of, place)?;
    if pairs.iter().any(|Pair { name, value }| !is_tag(name) || !is_tag(value)) {
        return Err(SesError::bad_request("A tag has characters that are not allowed"));
    }
    Ok(pairs.into_iter().map(|Pair { name, value }| (name, value)).collect())
}

fn is_tag(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=MAX_TAG).contains(&text.len()) && text.bytes().all(allowed)
}
