//! What the portal's files are, and for how long a browser may keep them: `infra/portal-files.json`, by which a
//! deployment writes both into the bucket (`infra/deploy.py`).
//!
//! Vite puts what a page loads into `assets/`, under a name with its content's hash: it never changes. All else is asked
//! for again each time.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use http::HeaderValue;
use serde::Deserialize;

/// What is known of files, by their names without the slash in front.
#[derive(Debug)]
pub(crate) struct Files {
    types: BTreeMap<String, HeaderValue>,
    caching: Vec<(String, HeaderValue)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Content types, by the end of a name.
    types: BTreeMap<String, String>,
    /// Values of `cache-control`, by the beginning of a name.
    caching: BTreeMap<String, String>,
}

impl Files {
    /// Reads the file.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        let File { types, caching } = serde_json::from_slice(&std::fs::read(file)?)?;
        let value = |(name, text): (String, String)| {
            let value = HeaderValue::try_from(&text).map_err(|_| io::Error::other(format!("`{text}`")))?;
            Ok((name, value))
        };
        let types = types.into_iter().map(value).collect::<io::Result<_>>()?;
        // The longest beginning says it.
        let caching = caching.into_iter().rev().map(value).collect::<io::Result<_>>()?;
        Ok(Self { types, caching })
    }

    pub(super) fn content_type(&self, name: &str) -> HeaderValue {
        let end = name.rsplit('.').next().unwrap_or_default();
        self.types.get(end).cloned().unwrap_or_else(|| HeaderValue::from_static("application/octet-stream"))
    }

    pub(super) fn cache_control(&self, name: &str) -> Option<HeaderValue> {
        let mut rules = self.caching.iter();
        rules.find(|(beginning, _)| name.starts_with(beginning)).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_a_file_is_and_how_long_it_may_be_kept() {
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal-files.json");
        let files = Files::read(&files).unwrap();
        let (always, year) = ("no-cache", "public, max-age=31536000, immutable");
        for (name, kind, caching) in [
            ("index.html", "text/html; charset=utf-8", always),
            ("config.json", "application/json", always),
            ("favicon.svg", "image/svg+xml", always),
            ("invite-template.csv", "text/csv; charset=utf-8", always),
            ("assets/index-Bq1xX.js", "text/javascript; charset=utf-8", year),
            ("assets/index-Bq1xX.css", "text/css; charset=utf-8", year),
            ("x.unheard-of", "application/octet-stream", always),
            ("x", "application/octet-stream", always),
        ] {
            assert_eq!(
                (files.content_type(name), files.cache_control(name)),
                (HeaderValue::from_static(kind), Some(HeaderValue::from_static(caching))),
                "{name}"
            );
        }
    }
}
