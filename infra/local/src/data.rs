//! The folder in which a stack keeps its data across restarts.
//!
//! Invariant: data of another version is never read, and never deleted: it is moved aside, and the stack begins anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The version of the items that the functions read (`v`), as the folder says it.
const VERSION: &str = "2";

const FILE: &str = "version";

/// Makes the folder ready for this version. Returns where the data of another version went, if there was any.
pub(crate) fn prepare(data: &Path) -> io::Result<Option<PathBuf>> {
    let is_used = data.join("seatkeeper.db").exists();
    let is_ours = fs::read_to_string(data.join(FILE)).is_ok_and(|version| version.trim() == VERSION);
    let aside = if is_used && !is_ours { Some(move_aside(data)?) } else { None };
    fs::create_dir_all(data)?;
    fs::write(data.join(FILE), VERSION)?;
    Ok(aside)
}

/// Moves the folder to the first name beside it that is free.
fn move_aside(data: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let aside = data.with_added_extension(format!("old-{number}"));
        if !aside.exists() {
            fs::rename(data, &aside)?;
            return Ok(aside);
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_another_version_is_moved_aside_and_data_of_this_one_stays() {
        let folder = crate::settings::temporary_folder();
        let data = folder.join(".local");
        fs::create_dir_all(&data).unwrap();
        assert_eq!(prepare(&data).unwrap(), None, "an empty folder is used as it is");
        fs::write(data.join("seatkeeper.db"), "new").unwrap();
        assert_eq!(prepare(&data).unwrap(), None);
        for number in 1..=2 {
            fs::remove_file(data.join(FILE)).unwrap();
            let aside = prepare(&data).unwrap().unwrap();
            assert_eq!(aside, folder.join(format!(".local.old-{number}")));
            assert!(aside.join("seatkeeper.db").exists() && !data.join("seatkeeper.db").exists());
            fs::write(data.join("seatkeeper.db"), "newer").unwrap();
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
