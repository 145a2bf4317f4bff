//! The form of one-click unsubscribe (RFC 8058). Mail providers send it urlencoded or as multipart.

const FIELD: &str = "List-Unsubscribe";
const VALUE: &str = "One-Click";

/// Whether the body is a form with the field `List-Unsubscribe=One-Click` and no other.
pub(super) fn is_one_click(content_type: &str, body: &[u8]) -> bool {
    let mut parameters = content_type.split(';').map(str::trim);
    let media_type = parameters.next().unwrap_or_default().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => {
            form_urlencoded::parse(body.trim_ascii()).eq([(FIELD.into(), VALUE.into())])
        }
        "multipart/form-data" => {
            let boundary = parameters.find_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
            });
            let Some((boundary, body)) = boundary.zip(str::from_utf8(body).ok()) else { return false };
            // The only part, between a preamble and an epilogue (RFC 2046, section 5.1.1). Some programs end lines
            // with a bare LF.
            let (start, end) = (format!("--{boundary}"), format!("--{boundary}--"));
            let mut lines = body.lines().map(str::trim_ascii_end).skip_while(|line| *line != start).skip(1);
            let headers = lines.by_ref().take_while(|line| !line.is_empty());
            headers.filter(|header| names_the_field(header)).count() == 1
                && lines.next() == Some(VALUE)
                && lines.next() == Some(end.as_str())
        }
        _ => false,
    }
}

fn names_the_field(header: &str) -> bool {
    let mut words = header.split([':', ';']).map(str::trim);
    words.next().is_some_and(|name| name.eq_ignore_ascii_case("content-disposition"))
        && words.filter_map(|word| word.strip_prefix("name=")).any(|name| name.trim_matches('"') == FIELD)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[test]
    fn only_the_form_of_one_click_unsubscribes() {
        for (content_type, body, expected) in [
            (URLENCODED, "List-Unsubscribe=One-Click", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", "List%2DUnsubscribe=One%2DClick\r\n", true),
            (URLENCODED, "", false),
            (URLENCODED, "List-Unsubscribe", false),
            (URLENCODED, "List-Unsubscribe=one-click", false),
            (URLENCODED, "list-unsubscribe=One-Click", false),
            (URLENCODED, "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click", false),
            (URLENCODED, "List-Unsubscribe=One-Click&a=b", false),
            (URLENCODED, r#"{"List-Unsubscribe":"One-Click"}"#, false),
            ("application/json", "List-Unsubscribe=One-Click", false),
            ("text/plain", "List-Unsubscribe=One-Click", false),
            ("", "List-Unsubscribe=One-Click", false),
        ] {
            assert_eq!(is_one_click(content_type, body.as_bytes()), expected, "{content_type}: {body}");
        }
    }

    #[test]
    fn a_multipart_form_unsubscribes_if_it_has_the_one_field() {
        let named = |name: &str| format!("Content-Disposition: form-data; name={name}");
        let part = |headers: &str, value: &str| format!("--B\r\n{headers}\r\n\r\n{value}\r\n");
        let field = part(&named(r#""List-Unsubscribe""#), "One-Click");
        for (body, expected) in [
            (format!("{field}--B--\r\n"), true),
            (format!("{field}--B--"), true),
            (part("content-disposition: form-data; name=List-Unsubscribe", "One-Click") + "--B--", true),
            (
                part(&format!("Content-Type: text/plain\r\n{}", named("\"List-Unsubscribe\"")), "One-Click")
                    + "--B--",
                true,
            ),
            (part(&named(r#""List-Unsubscribe""#), "One-Click\r\n") + "--B--", false),
            (part(&named(r#""other""#), "One-Click") + "--B--", false),
            (part("X-Name: form-data; name=\"List-Unsubscribe\"", "One-Click") + "--B--", false),
            (part(&named(r#""List-Unsubscribe""#), "Two-Clicks") + "--B--", false),
            (format!("{field}{field}--B--"), false),
            (field.clone(), false),
            (field.replace("--B", "--C") + "--C--", false),
            (field.replace("\r\n", "\n") + "--B--\n", true),
            (format!("A preamble.\r\n\r\n{field}--B--\r\nAn epilogue.\r\n--B--\r\n"), true),
            (field.replace("--B\r\n", "--B \t\r\n") + "--B-- \r\n", true),
            (field.replace("--B\r\n", "--Bx\r\n") + "--B--", false),
            (format!("No line ends here. {field}--B--"), false),
            (String::new(), false),
        ] {
            for content_type in
                ["multipart/form-data; boundary=B", "Multipart/Form-Data; charset=utf-8; Boundary=\"B\""]
            {
                assert_eq!(is_one_click(content_type, body.as_bytes()), expected, "{content_type}: {body}");
            }
            assert!(!is_one_click("multipart/form-data", body.as_bytes()));
        }
        assert!(!is_one_click("multipart/form-data; boundary=B", b"--B\r\n\xff"));
    }
}
