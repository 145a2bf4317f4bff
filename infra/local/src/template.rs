//! `infra/template.yaml`. The local stack takes from it the routes, functions, settings, table and schedules, and the
//! addresses that a sign-in may return to.
//!
//! The template is read with the defaults of its parameters. Functions and schedules that have a condition are left out.

use std::sync::LazyLock;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

#[expect(
    clippy::expect_used,
    reason = "the template is part of this binary, so every test sees a mistake in it"
)]
static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let documents = Yaml::load_from_str(include_str!("../../template.yaml")).unwrap_or_default();
    documents.first().and_then(json).expect("infra/template.yaml can be read")
});

/// The node as JSON, with the long forms of functions: `!Ref Table` is `{"Ref": "Table"}`.
fn json(node: &Yaml) -> Option<Value> {
    Some(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => value.into_inner().into(),
        Yaml::Value(Scalar::String(value)) => value.as_ref().into(),
        Yaml::Sequence(items) => Value::Array(items.iter().map(json).collect::<Option<_>>()?),
        Yaml::Mapping(fields) => {
            let field = |(name, value): (&Yaml, &Yaml)| Some((name.as_str()?.to_owned(), json(value)?));
            Value::Object(fields.iter().map(field).collect::<Option<_>>()?)
        }
        Yaml::Tagged(tag, value) => {
            let is_long = ["Ref", "Condition"].contains(&tag.suffix.as_str());
            let name = if is_long { tag.suffix.clone() } else { format!("Fn::{}", tag.suffix) };
            Value::Object(Map::from_iter([(name, json(value)?)]))
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => return None,
    })
}

#[derive(Clone, Copy)]
pub(crate) struct Resource {
    pub(crate) id: &'static str,
    pub(crate) whole: &'static Value,
}

impl Resource {
    /// A property, by its JSON pointer. A missing property is null.
    pub(crate) fn get(self, pointer: &str) -> &'static Value {
        at(self.whole, &format!("/Properties{pointer}"))
    }

    pub(crate) fn text(self, pointer: &str) -> &'static str {
        self.get(pointer).as_str().unwrap_or_default()
    }
}

/// The resources of a type.
pub(crate) fn resources(kind: &str) -> impl Iterator<Item = Resource> {
    let all = at(&TEMPLATE, "/Resources").as_object().into_iter().flatten();
    let all = all.map(|(id, whole)| Resource { id, whole });
    all.filter(move |resource| at(resource.whole, "/Type") == kind)
}

/// A property that `Globals` sets for every function.
pub(crate) fn of_every_function(pointer: &str) -> &'static Value {
    at(&TEMPLATE, &format!("/Globals/Function{pointer}"))
}

pub(crate) fn parameter(name: &str) -> Option<String> {
    match at(&TEMPLATE, &format!("/Parameters/{name}/Default")) {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn at(value: &'static Value, pointer: &str) -> &'static Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The logical id of the resource that `value` refers to, by `Ref` or `GetAtt`.
pub(crate) fn referred(value: &'static Value) -> &'static str {
    let attribute = at(value, "/Fn::GetAtt").as_str().and_then(|path| path.split('.').next());
    at(value, "/Ref").as_str().or(attribute).unwrap_or_default()
}
