//! Starting: many at once, a schema that is too new, a database that cannot be used.

use profile_store::{Backend as _, Fault};
use store_postgres::{Options, PostgresStore, SCHEMA_VERSION};
use testkit::postgres::Database;

/// Each runtime of its own is to the server what a process is: one finds an empty database, the others find it done, and
/// nobody fails because of another.
#[test]
fn many_may_migrate_a_new_database_at_once() {
    for round in 0..3 {
        let database = Database::create().unwrap();
        let start = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(PostgresStore::migrate(&database.url(), &Options::default()))
        };
        let started: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut found: Vec<_> = started
            .into_iter()
            .map(|migrated| migrated.unwrap_or_else(|fault| panic!("round {round}: {fault}")))
            .collect();
        found.sort_unstable();
        let mut expected = [(SCHEMA_VERSION, SCHEMA_VERSION); 8];
        expected[0].0 = 0;
        assert_eq!(found, expected, "round {round}");
    }
}

#[tokio::test]
async fn a_newer_or_another_schema_is_refused_by_name() {
    let database = Database::create().unwrap();
    PostgresStore::open(&database.url(), Options::default()).await.unwrap().close().await;
    database.run("UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 2").unwrap();
    let Err(Fault::Inconsistent(told)) = PostgresStore::migrate(&database.url(), &Options::default()).await
    else {
        panic!("another migration 2 is accepted")
    };
    assert!(told.contains("migration 2"), "{told}");
    database.run("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 2").unwrap();
    let Err(Fault::Inconsistent(told)) = PostgresStore::migrate(&database.url(), &Options::default()).await
    else {
        panic!("a newer schema is accepted")
    };
    assert!(told.contains("9999") && told.contains(&SCHEMA_VERSION.to_string()), "{told}");
}

/// The server may run as a user who may use the tables and make none.
#[tokio::test]
async fn an_up_to_date_database_is_opened_without_the_right_to_make_tables() {
    let database = Database::create().unwrap();
    PostgresStore::open(&database.url(), Options::default()).await.unwrap().close().await;
    let role = format!("plain_{}", std::process::id());
    database
        .run(&format!(
            "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM public; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
        ))
        .unwrap();
    let place = database.url().split_once('@').map(|(_, place)| place.to_owned()).unwrap();
    let store = PostgresStore::open(&format!("postgres://{role}@{place}"), Options::default()).await;
    let store = store.unwrap();
    store.ready().await.unwrap();
    store.close().await;
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_without_the_password() {
    for url in [
        "postgres://u:secret@127.0.0.1:1/x",
        "postgres://u:secret@[bad/x",
        "postgres://u:secret@h/x?sslmode=odd",
    ] {
        let Err(fault) = PostgresStore::open(url, Options::default()).await else { panic!("{url}") };
        assert!(!fault.to_string().contains("secret"), "{fault}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let database = Database::create().unwrap();
    let name = format!("latin_{}", std::process::id());
    database.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")).unwrap();
    let url = database.url();
    let (place, _) = url.rsplit_once('/').unwrap();
    let opened = PostgresStore::migrate(&format!("{place}/{name}"), &Options::default()).await;
    database.run(&format!("DROP DATABASE {name}")).unwrap();
    assert!(opened.is_err_and(|fault| fault.to_string().contains("LATIN1")));
}

#[tokio::test]
async fn a_look_up_row_that_leads_to_nobody_is_found() {
    let database = Database::create().unwrap();
    let found = PostgresStore::examine(&database.url(), &Options::default()).await.unwrap();
    assert_eq!((found.schema_version, found.is_sound()), (0, false), "{found:?}");
    PostgresStore::open(&database.url(), Options::default()).await.unwrap().close().await;
    let found = PostgresStore::examine(&database.url(), &Options::default()).await.unwrap();
    assert!(found.is_sound() && found.counts.len() == 11, "{found:?}");
    let nobody = "00000000-0000-4000-8000-000000000000";
    database
        .run(&format!("INSERT INTO identifiers VALUES (65536, 1, '', 'x', '{nobody}', '{nobody}')"))
        .unwrap();
    let found = PostgresStore::examine(&database.url(), &Options::default()).await.unwrap();
    assert_eq!((found.orphans, found.is_sound()), (1, false));
}
