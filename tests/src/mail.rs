//! A mail in the local inbox.

use serde_json::Value;

/// A mail, as `/inbox/messages.json` lists it.
#[derive(Debug, Clone)]
pub struct Mail(pub Value);

impl Mail {
    /// A text field: `from`, `to`, `subject`, `text`, `html`, `at`, `id`.
    #[track_caller]
    pub fn field(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("a mail has a {name}: {}", self.0))
    }

    pub fn is_to(&self, address: &str) -> bool {
        self.0["to"].as_str().is_some_and(|to| to.eq_ignore_ascii_case(address))
    }

    /// A tag: `deal`, `invite`, `send`.
    #[track_caller]
    pub fn tag(&self, name: &str) -> &str {
        self.0["tags"][name].as_str().unwrap_or_else(|| panic!("a mail has a tag {name}: {}", self.0))
    }

    #[track_caller]
    pub fn link(&self) -> &str {
        let found = self.field("text").split_whitespace().find(|word| word.contains("/accept#"));
        found.unwrap_or_else(|| panic!("the plain text prints the link: {}", self.field("text")))
    }

    /// The path of the URL in `List-Unsubscribe`.
    #[track_caller]
    pub fn unsubscribe_path(&self) -> &str {
        let headers = &self.0["headers"];
        assert_eq!(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        let url =
            headers["List-Unsubscribe"].as_str().and_then(|url| url.strip_prefix('<')?.strip_suffix('>'));
        let url = url.unwrap_or_else(|| panic!("one URL in angle brackets: {headers}"));
        &url[url.find("/api/").unwrap_or_default()..]
    }

    /// The token in the link: `/accept#<token>`.
    #[track_caller]
    pub fn token(&self) -> String {
        let (_, token) = self.link().split_once("/accept#").unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(token.len() > 43 && token.chars().all(fits), "a token in base64url: {token}");
        token.to_owned()
    }
}
