//! Percent-encoding, in the two dialects that a URL has.

/// Decodes a path's segment. What is not properly encoded stays as it is.
pub(crate) fn decode_path(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped =
            if first == b'%' { after.split_at_checked(2).and_then(|(digits, _)| hex(digits)) } else { None };
        bytes.push(escaped.unwrap_or(first));
        rest = after.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Decodes a name or value of a query string, where `+` is a space.
pub(crate) fn decode_query(text: &str) -> String {
    decode_path(&text.replace('+', " "))
}

/// Encodes a value for a query string.
pub(crate) fn encode(text: &str) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase();
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        encoded
    })
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["", "a b+c", "é/?#%&=", "100%"] {
            assert_eq!(decode_query(&encode(text)), text);
        }
    }

    #[test]
    fn what_is_not_encoded_stays() {
        assert_eq!(decode_path("a+b%2"), "a+b%2");
        assert_eq!(decode_path("%zz%41%"), "%zzA%");
        assert_eq!(decode_query("a+b"), "a b");
    }
}
