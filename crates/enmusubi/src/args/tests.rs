use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use super::*;

fn read(words: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("enmusubi").chain(words.split_whitespace()))
}

#[test]
fn the_declaration_of_the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn shared_flags_may_stand_before_and_after_the_command() {
    for words in ["--database sqlite://a.db --json key list", "key list --database sqlite://a.db --json"] {
        let arguments = read(words).unwrap();
        assert_eq!(arguments.shared.database.as_deref(), Some("sqlite://a.db"), "{words}");
        assert!(arguments.shared.json, "{words}");
    }
}

#[test]
fn a_profile_is_asked_for_by_exactly_one_identifier() {
    assert!(read("profile get --alias line_id:U1").is_ok());
    assert_eq!(read("profile get").unwrap_err().kind(), ErrorKind::MissingRequiredArgument);
    let both = read("profile get --email a@example.com --phone 1").unwrap_err();
    assert_eq!(both.kind(), ErrorKind::ArgumentConflict);
}

#[test]
fn misuse_exits_with_2() {
    for words in ["", "fly", "serve --lisen 1", "import users", "workspace set default", "line connect"] {
        assert_eq!(read(words).unwrap_err().exit_code(), 2, "{words}");
    }
}

#[test]
fn a_key_may_have_several_permissions_and_addresses() {
    let words = "key create --name ci --permission users.track --permission imports --allow-ip 10.0.0.0/8";
    let Command::Key(KeyCommand::Create { name, workspace, permissions, allowed_ips }) =
        read(words).unwrap().command
    else {
        panic!("another command")
    };
    assert_eq!((name.as_str(), workspace.as_str()), ("ci", "default"));
    assert_eq!(permissions, ["users.track", "imports"]);
    assert_eq!(allowed_ips, ["10.0.0.0/8"]);
}

#[test]
fn debug_of_credentials_shows_none() {
    let words =
        "line connect --provider-id p --channel-id 1 --channel-secret hush --channel-access-token tok";
    let shown = format!("{:?}", read(words).unwrap());
    assert!(!shown.contains("hush") && !shown.contains("tok"), "{shown}");
}
