//! Secrets that a command is given: as a flag, in a file, on standard input, or in the environment.

use std::io::Read as _;
use std::path::Path;

use crate::args::Secrets;
use crate::failure::Failure;

/// More is no secret of LINE's.
const MOST: u64 = 64 << 10;

/// What was given of a channel's two secrets.
#[derive(Clone, Default)]
pub(super) struct Given {
    /// Channel secret.
    pub(super) secret: Option<String>,
    /// Channel access token.
    pub(super) token: Option<String>,
}

/// Reads both: flag or file before environment. An empty variable says nothing.
///
/// # Errors
/// [`Failure::Misuse`] for a file that cannot be read, and if both shall come from standard input.
pub(super) fn read(arguments: Secrets, variable: impl Fn(&str) -> Option<String>) -> Result<Given, Failure> {
    let Secrets { channel_secret, channel_secret_file, channel_access_token, channel_access_token_file } =
        arguments;
    let files = [&channel_secret_file, &channel_access_token_file];
    if files.iter().all(|file| file.as_deref() == Some(Path::new("-"))) {
        return Err(Failure::Misuse("only one of secret and token can come from standard input".to_owned()));
    }
    let one = |flag: Option<String>, file: Option<&Path>, name: &str| -> Result<Option<String>, Failure> {
        let given = match file {
            Some(file) => Some(read_file(file)?),
            None => flag.or_else(|| variable(&format!("ENMUSUBI_LINE_{name}"))),
        };
        Ok(given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    };
    Ok(Given {
        secret: one(channel_secret, channel_secret_file.as_deref(), "CHANNEL_SECRET")?,
        token: one(channel_access_token, channel_access_token_file.as_deref(), "CHANNEL_ACCESS_TOKEN")?,
    })
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text))
    };
    let cannot = |error| Failure::Misuse(format!("{} cannot be read: {error}", path.display()));
    read.map_err(cannot)?;
    if text.trim().is_empty() {
        return Err(Failure::Misuse(format!("{} is empty", path.display())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "ENMUSUBI_LINE_CHANNEL_SECRET" => Some("from-environment".to_owned()),
            "ENMUSUBI_LINE_CHANNEL_ACCESS_TOKEN" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn a_file_or_flag_comes_before_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "from-file\n").unwrap();
        let given = read(Secrets::default(), environment).unwrap();
        assert_eq!((given.secret.as_deref(), given.token), (Some("from-environment"), None));
        let flag = Secrets { channel_secret: Some("from-flag".into()), ..Secrets::default() };
        assert_eq!(read(flag, environment).unwrap().secret.as_deref(), Some("from-flag"));
        let file = Secrets { channel_secret_file: Some(path.clone()), ..Secrets::default() };
        assert_eq!(read(file, environment).unwrap().secret.as_deref(), Some("from-file"));
        std::fs::write(&path, "\n").unwrap();
        let empty = Secrets { channel_secret_file: Some(path), ..Secrets::default() };
        assert!(matches!(read(empty, environment), Err(Failure::Misuse(_))));
    }

    #[test]
    fn standard_input_is_read_for_one_of_them() {
        let both = Secrets {
            channel_secret_file: Some("-".into()),
            channel_access_token_file: Some("-".into()),
            ..Secrets::default()
        };
        assert!(matches!(read(both, environment), Err(Failure::Misuse(_))));
    }
}
