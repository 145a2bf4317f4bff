//! Inline templates with plain variables only. SES escapes no value, neither for `{{x}}` nor for `{{{x}}}`.

use serde_json::{Map, Value};

use super::SesError;

pub(super) type Data = Map<String, Value>;

/// Puts the values into a template. `None` if a value is missing; the rest of the template is checked all the same.
pub(super) fn render(template: &str, data: &Data) -> Result<Option<String>, SesError> {
    let mut rendered = Some(String::new());
    let mut append = |text: Option<&str>| {
        rendered = rendered.take().zip(text).map(|(before, text)| before + text);
    };
    let mut rest = template;
    while let Some((text, tag)) = rest.split_once("{{") {
        append(Some(text));
        let (tag, end) = tag.strip_prefix('{').map_or((tag, "}}"), |tag| (tag, "}}}"));
        let (name, after) = tag.split_once(end).ok_or_else(|| invalid("a tag has no end"))?;
        match data.get(variable(name.trim())?) {
            None | Some(Value::Null) => append(None),
            Some(Value::String(value)) => append(Some(value)),
            Some(value) => append(Some(&value.to_string())),
        }
        rest = after;
    }
    append(Some(rest));
    Ok(rendered)
}

fn variable(name: &str) -> Result<&str, SesError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Err(invalid(&format!("{{{{{name}}}}} is not a plain variable")));
    }
    Ok(name)
}

fn invalid(why: &str) -> SesError {
    SesError::bad_request(format!("Template is invalid: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_put_in_once_and_unescaped() {
        let data = json!({"a": "<b>", "n": 3, "tag": "{{a}}", "null": null});
        for (template, rendered) in [
            ("x {{a}}{{{ a }}} {{n}}}", Some("x <b><b> 3}")),
            ("", Some("")),
            ("{{tag}}", Some("{{a}}")),
            ("{{a}} {{missing}} x", None),
            ("{{null}}", None),
        ] {
            let found = render(template, data.as_object().unwrap()).unwrap();
            assert_eq!(found.as_deref(), rendered, "{template}");
        }
    }

    #[test]
    fn only_plain_variables_are_accepted() {
        for tag in
            ["{{#if a}}x{{/if}}", "{{> partial}}", "{{^a}}{{/a}}", "{{else}", "{{}}", "{{a b}}", "{{{a}}"]
        {
            for template in [tag.to_owned(), format!("{{{{missing}}}} {tag}")] {
                let error = render(&template, &Data::new()).unwrap_err();
                assert_eq!(error.code, "BadRequestException", "{template}");
            }
        }
    }
}
