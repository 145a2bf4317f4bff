//! A function's log: its own file, and with `LOGS=1` the terminal.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::{lock, terminal};

pub(super) struct Log {
    file: Mutex<File>,
    echo_as: Option<&'static str>,
}

impl Log {
    pub(super) fn open(path: &Path, echo_as: Option<&'static str>) -> io::Result<Self> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file), echo_as })
    }

    /// Copies a pipe, line by line, until its end. Returns the last line that is not blank.
    pub(super) async fn copy(&self, pipe: Option<impl AsyncRead + Unpin>) -> Option<String> {
        let mut lines = BufReader::new(pipe?).split(b'\n');
        let mut last = None;
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line).into_owned();
            self.write(&line);
            if !line.trim().is_empty() {
                last = Some(line);
            }
        }
        last
    }

    fn write(&self, line: &str) {
        // A full disk must not stop a function. Only its log is lost.
        let _lost = writeln!(lock(&self.file), "{line}");
        if let Some(name) = self.echo_as {
            terminal::say(&format!("{name}: {line}"));
        }
    }
}
