//! A file that is not whole yet: held under a lock while it is written, gone when its writer goes.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Ending of files that are on their way in.
const ENDING: &str = "part";

/// A file on its way in. Dropped before it was renamed, it is removed.
#[derive(Debug)]
pub(super) struct Part {
    path: PathBuf,
}

impl Part {
    /// Makes `NAME.part` in `folder` (made if it is not there) and locks it for as long as the file stays open.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn create(folder: &Path, name: &str) -> Result<(Self, File)> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(name).with_extension(ENDING);
        loop {
            let file = File::create(&path)?;
            file.lock()?;
            // Between the two, a process that starts may have taken it for a stale one.
            if file.metadata()?.nlink() > 0 {
                return Ok((Self { path }, file));
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // A whole one has been renamed: there is nothing under this name. What cannot be removed now is stale at the
        // next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes files whose writer has gone without removing them (killed, power lost); how many. Those that another
/// process is writing are locked, and stay.
///
/// # Errors
/// When the folder cannot be read. A folder that is not there holds none.
pub(super) fn remove_stale(folder: &Path) -> Result<usize> {
    let files = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        read => read?,
    };
    let mut removed = 0;
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) && is_left(&path)? {
            std::fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Uploads that are whole.
///
/// # Errors
/// When the folder cannot be read. A folder that is not there holds none.
pub(super) fn whole(folder: &Path) -> Result<Vec<PathBuf>> {
    let files = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let paths = files.map(|file| file.map(|file| file.path()));
    let is_csv = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "csv");
    paths.filter(|path| path.as_ref().map_or(true, is_csv)).collect()
}

fn is_left(path: &Path) -> Result<bool> {
    let file = match File::open(path) {
        // Finished or given up at this moment.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    match file.try_lock() {
        // Renamed at this moment: what was opened is whole, and no longer under this name.
        Ok(()) => Ok(path.exists()),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_nobody_writes_any_more_is_stale_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = folder.path().join("uploads");
        assert_eq!(remove_stale(&uploads).unwrap(), 0);
        let (_part, _file) = Part::create(&uploads, "written").unwrap();
        for name in ["killed.part", "whole.csv"] {
            std::fs::write(uploads.join(name), "external_id\n").unwrap();
        }
        assert_eq!(remove_stale(&uploads).unwrap(), 1);
        assert_eq!(names(&uploads), ["whole.csv", "written.part"]);
    }

    #[test]
    fn a_part_goes_with_its_writer_and_stays_once_renamed() {
        let folder = tempfile::tempdir().unwrap();
        drop(Part::create(folder.path(), "broken").unwrap());
        assert_eq!(names(folder.path()), Vec::<String>::new());
        let (part, _file) = Part::create(folder.path(), "finished").unwrap();
        std::fs::rename(part.path(), folder.path().join("finished.csv")).unwrap();
        drop(part);
        assert_eq!(names(folder.path()), ["finished.csv"]);
    }
}
