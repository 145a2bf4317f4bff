//! The folder that keeps a stack's data across restarts.
//!
//! Invariant: data of another version is never read and never deleted. It is moved aside, and the stack starts empty.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::template;

/// The version of the items that the functions read (their attribute `v`).
const VERSION: &str = "2";

/// The items' version and the table's indexes, which an existing table cannot change.
fn version() -> String {
    let table = template::resources("AWS::DynamoDB::Table").next();
    let indexes = table.map(|table| table.get("/GlobalSecondaryIndexes").to_string());
    format!("{VERSION} {}", indexes.unwrap_or_default())
}

const FILE: &str = "version";

/// Prepares the folder for this version. Returns the new place of another version's data, if there was any.
pub(crate) fn prepare(data: &Path) -> io::Result<Option<PathBuf>> {
    let is_used = data.join("seatkeeper.db").exists();
    let is_ours = fs::read_to_string(data.join(FILE)).is_ok_and(|found| found == version());
    let old = (is_used && !is_ours).then(|| move_aside(data)).transpose()?;
    fs::create_dir_all(data)?;
    fs::write(data.join(FILE), version())?;
    Ok(old)
}

fn move_aside(data: &Path) -> io::Result<PathBuf> {
    let mut places = (1..).map(|number| data.with_added_extension(format!("old-{number}")));
    let free = places.find(|place| !place.exists()).ok_or(io::ErrorKind::AlreadyExists)?;
    fs::rename(data, &free)?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_another_version_is_moved_aside() {
        let folder = crate::settings::temporary_folder();
        let data = folder.join(".local");
        fs::create_dir_all(&data).unwrap();
        assert_eq!(prepare(&data).unwrap(), None, "an empty folder");
        fs::write(data.join("seatkeeper.db"), "data").unwrap();
        assert_eq!(prepare(&data).unwrap(), None, "data of this version");
        // Without a version, of other items, and of other indexes.
        let others = [String::new(), version().replacen('2', "1", 1), version().replace("listing", "list")];
        for (number, other) in (1..).zip(others) {
            fs::write(data.join(FILE), other).unwrap();
            let old = prepare(&data).unwrap().unwrap();
            assert_eq!(old, folder.join(format!(".local.old-{number}")));
            assert!(old.join("seatkeeper.db").exists() && !data.join("seatkeeper.db").exists());
            fs::write(data.join("seatkeeper.db"), "newer data").unwrap();
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
