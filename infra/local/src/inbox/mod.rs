//! The mail that SES would have sent, for people to read and to click.
//!
//! Invariant: a delivered mail stays, newest last, until [`MAX_MAILS`] later mails replace it. With a file, it survives a
//! restart.

mod pages;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

pub(crate) use pages::router;

use crate::lock;
use crate::terminal::Terminal;

/// The most mails that the inbox keeps. The oldest go first.
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

pub(crate) struct Inbox {
    kept: Mutex<Kept>,
    terminal: Terminal,
}

#[derive(Default)]
struct Kept {
    mails: VecDeque<Arc<Mail>>,
    file: Option<File>,
    dropped: u64,
}

impl Inbox {
    /// Opens the inbox with the mails of its file, or an empty one in memory.
    pub(crate) fn open(path: Option<&Path>, terminal: Terminal) -> io::Result<Self> {
        let mut kept = Kept::default();
        if let Some(path) = path {
            kept.mails = read(path)?;
            kept.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        }
        Ok(Self { kept: Mutex::new(kept), terminal })
    }

    pub(crate) fn deliver(&self, mut mail: Mail) {
        let mut kept = lock(&self.kept);
        mail.at = crate::clock::now(); // Under the lock: times have the order of the list.
        if let Some(Err(error)) = kept.file.as_mut().map(|file| file.write_all(line(&mail).as_bytes())) {
            self.terminal
                .warn(&format!("A mail could not be saved and will be missing after a restart: {error}"));
        }
        kept.mails.push_back(Arc::new(mail));
        if kept.mails.len() > MAX_MAILS {
            kept.mails.pop_front();
        }
    }

    /// Counts a mail that SES accepts and never sends.
    pub(crate) fn drop_one(&self) {
        lock(&self.kept).dropped += 1;
        self.terminal.warn("SES would accept a mail and drop it: a variable of its template has no value");
    }

    pub(crate) fn mails(&self) -> Vec<Arc<Mail>> {
        lock(&self.kept).mails.iter().cloned().collect()
    }

    fn find(&self, id: &str) -> Option<Arc<Mail>> {
        lock(&self.kept).mails.iter().rev().find(|mail| mail.id == id).cloned()
    }

    pub(crate) fn dropped(&self) -> u64 {
        lock(&self.kept).dropped
    }
}

fn line(mail: &Mail) -> String {
    serde_json::to_string(mail).unwrap_or_default() + "\n"
}

/// Reads the newest mails of the file, and removes all other lines from it: older mails, and a line that a crash cut.
fn read(path: &Path) -> io::Result<VecDeque<Arc<Mail>>> {
    let file = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        file => file?,
    };
    let newest = file.split(|byte| *byte == b'\n').rev().filter_map(|line| serde_json::from_slice(line).ok());
    let mut mails: Vec<Mail> = newest.take(MAX_MAILS).collect();
    mails.reverse();
    fs::write(path, mails.iter().map(line).collect::<String>())?;
    Ok(mails.into_iter().map(Arc::new).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mail(id: &str) -> Mail {
        let mail = json!({
            "id": id, "at": DateTime::UNIX_EPOCH, "from": "from@futurelearn.com", "to": "ann@example.com",
            "subject": "Hello", "text": "two\nlines", "html": "<p>", "headers": {}, "tags": {},
        });
        serde_json::from_value(mail).unwrap()
    }

    fn ids(inbox: &Inbox) -> Vec<String> {
        inbox.mails().iter().map(|mail| mail.id.clone()).collect()
    }

    #[test]
    fn mails_survive_a_restart_even_if_a_crash_cut_the_last_line() {
        let folder = crate::settings::temporary_folder();
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("inbox.jsonl");
        let open = || Inbox::open(Some(&path), Terminal { quiet: true }).unwrap();
        let inbox = open();
        inbox.deliver(mail("a"));
        inbox.deliver(mail("b"));
        drop(inbox);
        fs::write(&path, [fs::read(&path).unwrap(), b"{\"id\":\"cu".to_vec()].concat()).unwrap();

        let inbox = open();
        assert_eq!(ids(&inbox), ["a", "b"]);
        inbox.deliver(mail("c"));
        assert_eq!(ids(&open()), ["a", "b", "c"]);
        assert_eq!(inbox.find("a").unwrap().text, "two\nlines");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_oldest_mails_go_first() {
        let inbox = Inbox::open(None, Terminal { quiet: true }).unwrap();
        for number in 0..=MAX_MAILS {
            inbox.deliver(mail(&number.to_string()));
        }
        assert_eq!(inbox.mails().len(), MAX_MAILS);
        assert_eq!(ids(&inbox)[0], "1");
    }
}
