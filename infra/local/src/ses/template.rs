//! Inline templates: plain variables only. SES does not escape what it puts in, neither for `{{x}}` nor for `{{{x}}}`.

use serde_json::{Map, Value};

use super::SesError;

pub(super) type Data = Map<String, Value>;

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// One template: a subject, an HTML body or a text body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    pub(super) fn parse(source: &str) -> Result<Self, SesError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((text, tag)) = rest.split_once("{{") {
            parts.push(Part::Text(text.to_owned()));
            let (tag, end) = tag.strip_prefix('{').map_or((tag, "}}"), |tag| (tag, "}}}"));
            let (name, after) = tag.split_once(end).ok_or_else(|| refused("a tag has no end"))?;
            parts.push(Part::Variable(variable(name.trim())?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Puts the values in; none if one is missing.
    pub(super) fn render(&self, data: &Data) -> Option<String> {
        self.0.iter().try_fold(String::new(), |mut rendered, part| {
            match part {
                Part::Text(text) => rendered.push_str(text),
                Part::Variable(name) => match data.get(name)? {
                    Value::String(value) => rendered.push_str(value),
                    Value::Null => return None,
                    value => rendered.push_str(&value.to_string()),
                },
            }
            Some(rendered)
        })
    }
}

fn variable(name: &str) -> Result<String, SesError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(refused(&format!("{{{{{name}}}}} is not a plain variable")));
    }
    Ok(name.to_owned())
}

fn refused(why: &str) -> SesError {
    SesError::bad_request(format!("Template is invalid: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(source: &str, data: &Value) -> Option<String> {
        Template::parse(source).unwrap().render(data.as_object().unwrap())
    }

    #[test]
    fn nothing_is_escaped() {
        let data = json!({"a": "<b>", "n": 3});
        assert_eq!(render("x {{a}}{{{ a }}} {{n}}}", &data).as_deref(), Some("x <b><b> 3}"));
        assert_eq!(render("", &data).as_deref(), Some(""));
    }

    #[test]
    fn what_is_put_in_is_not_read_again() {
        assert_eq!(render("{{a}}", &json!({"a": "{{a}}"})).as_deref(), Some("{{a}}"));
    }

    #[test]
    fn a_missing_variable_leaves_nothing_to_send() {
        assert_eq!(render("{{a}}", &json!({})), None);
        assert_eq!(render("{{a}}", &json!({"a": null})), None);
    }

    #[test]
    fn only_plain_variables_are_taken() {
        for source in
            ["{{#if a}}x{{/if}}", "{{> partial}}", "{{^a}}{{/a}}", "{{else}", "{{}}", "{{a b}}", "{{{a}}"]
        {
            let error = Template::parse(source).unwrap_err();
            assert_eq!(error.code, "BadRequestException", "{source}");
        }
    }
}
