//! What bodies are made of: objects, and nothing else in their place; cells, which may have any type.
//!
//! serde reads a struct from an array too, field by field; the contract knows objects only.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A value that was written as a JSON object.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A text out of a spreadsheet. A value of another type is none, so that one cell does not refuse the rows beside it.
#[derive(Debug, Default)]
pub struct Cell(pub Option<String>);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Value {
            Text(String),
            Other(IgnoredAny),
        }
        Ok(match Value::deserialize(deserializer)? {
            Value::Text(text) => Self(Some(text)),
            Value::Other(_) => Self(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_another_type_than_text_is_empty() {
        let cells = r#"["ann", null, 7, 1.5, true, ["ann"], {"ann": "ann"}]"#;
        let cells: Vec<Cell> = serde_json::from_str(cells).unwrap();
        let mut cells = cells.into_iter().map(|Cell(text)| text);
        assert_eq!(cells.next(), Some(Some("ann".to_owned())));
        assert!(cells.all(|text| text.is_none()));
    }
}
