//! The mail that SES would have sent, to read and to click.
//!
//! Invariant: what is delivered is there, newest last, until [`MAX_MAILS`] later ones push it out; with a file, also
//! after a restart.

mod pages;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use pages::router;

use crate::terminal::Terminal;

/// As many mails are kept; the oldest go first.
const MAX_MAILS: usize = 20_000;

/// One mail, as `/inbox/messages.json` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) id: String,
    #[serde(serialize_with = "to_the_millisecond")]
    pub(crate) at: DateTime<Utc>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

fn to_the_millisecond<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[derive(Debug)]
pub(crate) struct Inbox {
    kept: Mutex<Kept>,
    terminal: Terminal,
}

#[derive(Debug, Default)]
struct Kept {
    mails: VecDeque<Arc<Mail>>,
    file: Option<File>,
    dropped: u64,
}

impl Inbox {
    /// An inbox, with what the file holds from before; without a file it is in memory only.
    pub(crate) fn open(path: Option<&Path>, terminal: Terminal) -> io::Result<Self> {
        let mut kept = Kept::default();
        if let Some(path) = path {
            kept.mails = read(path)?;
            kept.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        }
        Ok(Self { kept: Mutex::new(kept), terminal })
    }

    pub(crate) fn deliver(&self, mail: Mail) {
        let mut kept = self.kept();
        let line = serde_json::to_string(&mail).unwrap_or_default();
        if let Some(Err(error)) = kept.file.as_mut().map(|file| writeln!(file, "{line}")) {
            self.terminal.warn(&format!("a mail is not kept for the next start: {error}"));
        }
        kept.mails.push_back(Arc::new(mail));
        if kept.mails.len() > MAX_MAILS {
            kept.mails.pop_front();
        }
    }

    /// Counts a mail that SES accepts and never sends.
    pub(crate) fn drop_one(&self) {
        self.kept().dropped += 1;
        self.terminal
            .warn("a mail was accepted and dropped, as SES does: a variable of its template has no value");
    }

    pub(crate) fn mails(&self) -> Vec<Arc<Mail>> {
        self.kept().mails.iter().cloned().collect()
    }

    fn find(&self, id: &str) -> Option<Arc<Mail>> {
        self.kept().mails.iter().rev().find(|mail| mail.id == id).cloned()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.kept().dropped
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the file holds; a line that was cut by a crash is passed over. The file is cut to what is kept.
fn read(path: &Path) -> io::Result<VecDeque<Arc<Mail>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    let mut lines = VecDeque::new();
    for line in BufReader::new(file).split(b'\n') {
        lines.push_back(line?);
    }
    let all = lines.len();
    let mails: VecDeque<Arc<Mail>> = lines
        .iter()
        .rev()
        .take(MAX_MAILS)
        .rev()
        .filter_map(|line| serde_json::from_slice(line).ok())
        .map(Arc::new)
        .collect();
    if mails.len() < all {
        let kept: String = mails
            .iter()
            .filter_map(|mail| serde_json::to_string(&**mail).ok())
            .map(|line| line + "\n")
            .collect();
        fs::write(path, kept)?;
    }
    Ok(mails)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(id: &str) -> Mail {
        Mail {
            id: id.to_owned(),
            at: DateTime::UNIX_EPOCH,
            from: "from@futurelearn.com".to_owned(),
            to: "ann@example.com".to_owned(),
            subject: "Hello".to_owned(),
            text: "two\nlines".to_owned(),
            html: "<p>".to_owned(),
            headers: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    fn ids(inbox: &Inbox) -> Vec<String> {
        inbox.mails().iter().map(|mail| mail.id.clone()).collect()
    }

    #[test]
    fn mail_is_there_after_a_restart_even_if_the_last_line_was_cut() {
        let folder = crate::settings::temporary_folder();
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("inbox.jsonl");
        let inbox = Inbox::open(Some(&path), Terminal::quiet()).unwrap();
        inbox.deliver(mail("a"));
        inbox.deliver(mail("b"));
        drop(inbox);
        fs::write(&path, [fs::read(&path).unwrap(), b"{\"id\":\"cu".to_vec()].concat()).unwrap();

        let inbox = Inbox::open(Some(&path), Terminal::quiet()).unwrap();
        assert_eq!(ids(&inbox), ["a", "b"]);
        inbox.deliver(mail("c"));
        assert_eq!(ids(&Inbox::open(Some(&path), Terminal::quiet()).unwrap()), ["a", "b", "c"]);
        assert_eq!(inbox.find("a").unwrap().text, "two\nlines");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_oldest_go_first() {
        let inbox = Inbox::open(None, Terminal::quiet()).unwrap();
        for number in 0..=MAX_MAILS {
            inbox.deliver(mail(&number.to_string()));
        }
        assert_eq!(inbox.mails().len(), MAX_MAILS);
        assert_eq!(ids(&inbox)[0], "1");
    }
}
