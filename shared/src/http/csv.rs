//! A deal's invites as CSV (RFC 4180), for spreadsheets.

use super::{InviteView, Response};
use serde_json::{Value, json};

/// Each column, and its place in the JSON of a row.
const COLUMNS: [(&str, &str); 11] = [
    ("email", "/email"),
    ("name", "/name"),
    ("status", "/status"),
    ("delivery", "/delivery/state"),
    ("date_sent", "/sentAt"),
    ("expires", "/expiresAt"),
    ("accepted", "/acceptedAt"),
    ("declined", "/declinedAt"),
    ("sends", "/sends"),
    ("invited_by", "/invitedBy"),
    ("invite_id", "/id"),
];

/// A spreadsheet reads a cell that begins with one of these as a formula.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];

/// A page of the file, with the path of the next page. The first page begins with a byte order mark, by which Excel
/// recognises UTF-8, and with the names of the columns.
pub fn csv(rows: &[InviteView], is_first: bool, next: Option<&str>) -> Response {
    let mut text = String::new();
    if is_first {
        text.push('\u{feff}');
        text.push_str(&line(&COLUMNS.map(|(name, _)| name.to_owned())));
    }
    for row in rows {
        let row = json!(row);
        text.push_str(&line(&COLUMNS.map(|(_, place)| row.pointer(place).map(cell).unwrap_or_default())));
    }
    let response = Response::new(200, text).with("content-type", "text/csv; charset=utf-8");
    match next {
        Some(path) => response.with("link", format!("<{path}>; rel=\"next\"")),
        None => response,
    }
}

fn line(cells: &[String; 11]) -> String {
    cells.join(",") + "\r\n"
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text,
        Value::Null => return String::new(),
        other => return other.to_string(),
    };
    let mut marked = String::with_capacity(text.len());
    let mut is_start = true;
    for c in text.chars() {
        if is_start && FORMULA.contains(&c) {
            marked.push('\'');
        }
        // Where a comma is the decimal separator, Excel begins a cell at each semicolon, quoted or not.
        is_start = c == ';' || is_start && c == '"';
        marked.push(c);
    }
    if marked.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", marked.replace('"', "\"\""))
    } else {
        marked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_is_quoted_and_never_a_formula() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(3), "3"),
            (json!("Ann"), "Ann"),
            (json!("Doe, Ann"), "\"Doe, Ann\""),
            (json!("\"Ann\""), "\"\"\"Ann\"\"\""),
            (json!("=1+1"), "'=1+1"),
            (json!("＝1"), "'＝1"),
            (json!("-a,\"b\""), "\"'-a,\"\"b\"\"\""),
            (json!("\tx"), "'\tx"),
            (json!("a=b"), "a=b"),
            (json!("Ann;=1+1"), "Ann;'=1+1"),
            (json!("Ann;\"=1+1"), "\"Ann;\"\"'=1+1\""),
            (json!("Ann; -1"), "Ann; -1"),
        ] {
            assert_eq!(cell(&value), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_cell_that_a_spreadsheet_shows(text in "[a;=\"+,＝\r\n]{0,9}|\\PC*") {
            let cell = cell(&json!(text));
            let is_formula = |part: &str| part.trim_start_matches('"').starts_with(FORMULA);
            prop_assert!(!cell.split(';').any(is_formula), "{}", cell);
            let shown = match cell.strip_prefix('"') {
                Some(quoted) => quoted.strip_suffix('"').unwrap().replace("\"\"", "\""),
                None => cell,
            };
            prop_assert_eq!(shown.replace('\'', ""), text.replace('\'', ""));
        }
    }
}
