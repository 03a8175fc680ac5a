//! The installation's secret key, which seals stored LINE secrets: given, or made once and kept in the data folder.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::failure::Failure;
use crate::settings::Settings;

/// Its file in the data folder, readable by its owner only.
const FILE: &str = "secret.key";

/// The key's text.
///
/// # Errors
/// When the file cannot be read or made, is empty, or others may read it.
pub(crate) fn find(settings: &Settings) -> Result<String, Failure> {
    if let Some(given) = &settings.secret_key {
        return Ok(given.reveal().to_owned());
    }
    let path = settings.data_dir.join(FILE);
    let found = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(&settings.data_dir, &path),
        read => read,
    };
    let key = found.map_err(|error| {
        Failure::Failed(format!("the secret key {} cannot be used: {error}", path.display()))
    })?;
    let key = key.trim().to_owned();
    if key.is_empty() {
        return Err(Failure::Failed(format!(
            "the secret key {} is empty: put the old one back, or set ENMUSUBI_SECRET_KEY",
            path.display()
        )));
    }
    Ok(key)
}

/// The key's text, if there is one; none is made.
///
/// # Errors
/// As [`find`].
pub(crate) fn existing(settings: &Settings) -> Result<Option<String>, Failure> {
    if settings.secret_key.is_none() && !settings.data_dir.join(FILE).exists() {
        return Ok(None);
    }
    find(settings).map(Some)
}

/// Makes sure that whoever works with these settings finds this key: puts it into the data folder, if it is not given.
///
/// # Errors
/// When another key is there, or it cannot be written.
pub(crate) fn place(settings: &Settings, key: &str) -> Result<(), Failure> {
    let path = settings.data_dir.join(FILE);
    if settings.secret_key.is_none() && !path.exists() {
        write(&settings.data_dir, &path, key).map_err(|error| {
            Failure::Failed(format!("the secret key {} cannot be written: {error}", path.display()))
        })?;
    }
    if find(settings)? == key {
        return Ok(());
    }
    Err(Failure::Misuse(format!(
        "{} is another secret key than that of the source: name another folder for the target",
        path.display()
    )))
}

/// Makes one at random.
fn make(folder: &Path, path: &Path) -> std::io::Result<String> {
    let key: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    write(folder, path, &key)
}

/// Writes this key, if there is none; the key that is there then. Under another name first, so that no process ever reads
/// half a key; the first writer wins.
fn write(folder: &Path, path: &Path, key: &str) -> std::io::Result<String> {
    std::fs::create_dir_all(folder)?;
    let part = folder.join(format!("{FILE}.{}", uuid::Uuid::new_v4()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&part, path);
    std::fs::remove_file(&part)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    std::fs::File::open(folder)?.sync_all()?;
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{FILE, make};

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = make(folder.path(), &path).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(make(folder.path(), &path).unwrap(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
