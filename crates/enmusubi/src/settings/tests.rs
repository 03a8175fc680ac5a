use super::*;

fn file(text: &str) -> Layer {
    Layer::of_file(text, Path::new("enmusubi.toml")).unwrap()
}

fn environment(pairs: &[(&str, &str)]) -> Layer {
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Layer::of_environment(move |wanted| {
        pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    })
}

fn flags(database: Option<&str>, listen: Option<&str>) -> Layer {
    let shared = Shared { database: database.map(str::to_owned), ..Shared::default() };
    let serve = ServeArguments { listen: listen.map(str::to_owned), public_url: None, trusted_proxies: None };
    Layer::of_flags(&shared, &serve)
}

fn refused(layer: Layer) -> String {
    match Settings::from_layer(layer) {
        Err(Failure::Misuse(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Design, section 6.
#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = Settings::from_layer(Layer::default()).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database.file(), Some(Path::new("enmusubi-data/enmusubi.db")));
    assert_eq!((settings.database_connections, settings.database_statement_timeout.as_secs()), (16, 30));
    assert_eq!(settings.data_dir, Path::new("enmusubi-data"));
    assert_eq!(settings.public_url, None);
    assert_eq!(settings.uploads(), Path::new("enmusubi-data/uploads"));
}

/// Design, section 6: flag > environment > file > default.
#[test]
fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
    let weakest = file("listen = '127.0.0.1:3'\npublic_url = 'https://file/'\nline_api_base = 'http://file'");
    let middle =
        environment(&[("ENMUSUBI_LISTEN", "127.0.0.1:2"), ("ENMUSUBI_PUBLIC_URL", "https://environment/")]);
    let strongest = flags(None, Some("127.0.0.1:1"));
    let settings = Settings::from_layer(strongest.over(middle).over(weakest)).unwrap();
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(settings.public_url.as_deref(), Some("https://environment"));
    assert_eq!(settings.line_api_base.as_deref(), Some("http://file"));
}

#[test]
fn the_first_workspace_has_one_bucket_or_as_many_as_are_named() {
    let of = |count: &str| Settings::from_layer(environment(&[("ENMUSUBI_BOOTSTRAP_BUCKETS", count)]));
    assert_eq!(of("").unwrap().bootstrap_buckets, Buckets::ONE);
    assert_eq!(of("8").unwrap().bootstrap_buckets.count(), 8);
    assert!(matches!(of("0"), Err(Failure::Misuse(_))));
    assert!(refused(environment(&[("ENMUSUBI_BOOTSTRAP_BUCKETS", "33")])).contains("bootstrap_buckets"));
}

#[test]
fn an_empty_variable_says_nothing() {
    let layer = environment(&[("ENMUSUBI_BOOTSTRAP_API_KEY", ""), ("ENMUSUBI_LISTEN", "")]);
    let settings = Settings::from_layer(layer.over(file("listen = '127.0.0.1:3'"))).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.bootstrap_api_key, None);
}

fn at(path: &str) -> Place {
    Place::File(PathBuf::from(path))
}

#[test]
fn naming_the_database_or_the_data_folder_places_the_other() {
    let by_database = Settings::from_layer(flags(Some("sqlite:///var/lib/e/a.db"), None)).unwrap();
    assert_eq!(by_database.data_dir, Path::new("/var/lib/e"));
    let bare = Settings::from_layer(flags(Some("sqlite://a.db"), None)).unwrap();
    assert_eq!((bare.data_dir, bare.database), (PathBuf::from("."), at("a.db")));
    let by_folder = Settings::from_layer(environment(&[("ENMUSUBI_DATA_DIR", "/var/lib/e")])).unwrap();
    assert_eq!(by_folder.database, at("/var/lib/e/enmusubi.db"));
    let both = [("ENMUSUBI_DATA_DIR", "/data"), ("ENMUSUBI_DATABASE", "sqlite:///fast/a.db")];
    let both = Settings::from_layer(environment(&both)).unwrap();
    assert_eq!((both.data_dir, both.database), (PathBuf::from("/data"), at("/fast/a.db")));
    let server = Settings::from_layer(flags(Some("postgres://db/shop"), None)).unwrap();
    assert_eq!(server.data_dir, Path::new("enmusubi-data"));
}

#[test]
fn an_unknown_key_in_the_file_is_refused_by_name() {
    let Err(Failure::Misuse(reason)) = Layer::of_file("lisen = 'hush'", Path::new("enmusubi.toml")) else {
        panic!("accepted")
    };
    assert!(reason.contains("`lisen`") && !reason.contains("hush"), "{reason}");
}

#[test]
fn a_broken_file_does_not_show_its_secrets() {
    for text in ["secret_key = 'hush' x", "bootstrap_api_key = ['hush']"] {
        let Err(Failure::Misuse(reason)) = Layer::of_file(text, Path::new("enmusubi.toml")) else {
            panic!("accepted: {text}")
        };
        assert!(!reason.contains("hush"), "{reason}");
    }
}

#[test]
fn databases_of_other_kinds_are_refused_without_showing_the_url() {
    for url in ["mysql://me:hush@db", "enmusubi.db", "sqlite://", "postgres://"] {
        let reason = refused(flags(Some(url), None));
        assert!(reason.contains("sqlite://PATH") && !reason.contains("hush"), "{reason}");
    }
}

#[test]
fn numbers_come_from_the_file_and_the_environment_and_must_be_some() {
    let layer = environment(&[("ENMUSUBI_DATABASE_CONNECTIONS", "7")]);
    let settings = Settings::from_layer(layer.over(file("database_statement_timeout = 9"))).unwrap();
    assert_eq!((settings.database_connections, settings.database_statement_timeout.as_secs()), (7, 9));
    for text in ["0", "many", "-1"] {
        let reason = refused(environment(&[("ENMUSUBI_DATABASE_CONNECTIONS", text)]));
        assert!(reason.starts_with("database_connections: "), "{reason}");
    }
}

#[test]
fn an_address_without_a_port_is_refused_by_name() {
    assert!(refused(flags(None, Some("localhost"))).starts_with("listen: "));
}

#[test]
fn trusted_proxies_are_addresses_and_blocks() {
    let named = |text: &str| Settings::from_layer(environment(&[("ENMUSUBI_TRUSTED_PROXIES", text)]));
    let settings = named("10.0.0.0/8, 2001:db8::1").unwrap();
    assert_eq!(settings.trusted_proxies, "10.0.0.0/8 2001:db8::1".parse().unwrap());
    assert_eq!(named("").unwrap().trusted_proxies, TrustedProxies::default());
    let reason = refused(environment(&[("ENMUSUBI_TRUSTED_PROXIES", "10.0.0.0/8,nginx")]));
    assert!(reason.starts_with("trusted_proxies: 'nginx'"), "{reason}");
}

#[test]
fn debug_redacts_secrets() {
    let layer = environment(&[
        ("ENMUSUBI_SECRET_KEY", "hush"),
        ("ENMUSUBI_BOOTSTRAP_API_KEY", "hush"),
        ("ENMUSUBI_BOOTSTRAP_ADMIN_PASSWORD", "hush"),
        ("ENMUSUBI_DATABASE", "postgres://me:hush@db/shop"),
    ]);
    let shown = format!("{layer:?} {:?}", Settings::from_layer(layer.clone()).unwrap());
    assert!(!shown.contains("hush") && shown.contains("(secret)"), "{shown}");
}
