//! Who is meant by an email or a phone number (`PRI-*`, `IDF-7`, `OPEN-26`), in identify and merge.

use super::*;

const EMAIL: &str = "same@example.com";

/// Two anonymous profiles that share an address, the second one newer; their alias names.
async fn two_anonymous(caller: &Caller) {
    for name in ["older", "newer"] {
        put_anonymous(caller, "web", name, json!({"email": EMAIL, "phone": "+819012345678"})).await;
    }
}

fn by_email(external_id: &str, words: &[&str]) -> Value {
    json!({"emails_to_identify": [{"external_id": external_id, "email": EMAIL, "prioritization": words}]})
}

fn by_phone(external_id: &str, words: &[&str]) -> Value {
    let entry = json!({"external_id": external_id, "phone": "+81 90-1234-5678", "prioritization": words});
    json!({"phone_numbers_to_identify": [entry]})
}

/// PRI-4, PRI-5: the worked example, by email and by phone.
#[tokio::test]
async fn two_anonymous_profiles_need_a_word_about_time() {
    for by in [by_email, by_phone] {
        let (_server, caller) = server().await;
        two_anonymous(&caller).await;
        assert_eq!(
            identify(&caller, &by("x", &["unidentified"])).await,
            ("nothing".into(), json!("ambiguous"))
        );
        assert_eq!(identify(&caller, &by("x", &[])).await, ("nothing".into(), json!("ambiguous")));
        let outcome = identify(&caller, &by("x", &["unidentified", "most_recently_updated"])).await;
        assert_eq!(outcome, ("identified".into(), Value::Null));
        assert_eq!(user(&caller, "x").await["user_aliases"], json!([alias("web", "newer")]));
        let other = user_of_alias(&caller, "web", "older").await.unwrap();
        assert_eq!(other.get("external_id"), None);
    }
}

/// PRI-2: `least_recently_updated` takes the other.
#[tokio::test]
async fn the_least_recently_updated_is_the_older() {
    let (_server, caller) = server().await;
    two_anonymous(&caller).await;
    identify(&caller, &by_email("x", &["unidentified", "least_recently_updated"])).await;
    assert_eq!(user(&caller, "x").await["user_aliases"], json!([alias("web", "older")]));
}

/// PRI-6: no candidate left, nothing happens. IDF-7, OPEN-26: a survivor that is identified is not identified again.
#[tokio::test]
async fn an_identified_survivor_is_left_alone() {
    let (_server, caller) = server().await;
    two_anonymous(&caller).await;
    let outcome = identify(&caller, &by_email("x", &["identified", "most_recently_updated"])).await;
    assert_eq!(outcome, ("nothing".into(), json!("not_found")));
    put(&caller, json!({"external_id": "x", "email": EMAIL})).await;
    for words in [&["identified"][..], &["most_recently_updated"]] {
        let outcome = identify(&caller, &by_email("x", words)).await;
        assert_eq!(outcome, ("nothing".into(), json!("already_identified")), "{words:?}");
    }
    // Each word narrows what the ones before left: the newest of all is not anonymous.
    let outcome = identify(&caller, &by_email("x", &["most_recently_updated", "unidentified"])).await;
    assert_eq!(outcome, ("nothing".into(), json!("not_found")));
    assert_eq!(export(&caller, json!({"email_address": EMAIL})).await.len(), 3);
    let outcome = identify(&caller, &by_email("x", &["unidentified", "most_recently_updated"])).await;
    assert_eq!(outcome.0, "merged");
    assert_eq!(export(&caller, json!({"email_address": EMAIL})).await.len(), 2);
}

/// MRG-2: both sides by the same email; ID-7: an invalid number names nobody.
#[tokio::test]
async fn a_merge_may_name_both_sides_by_one_email() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "x", "email": EMAIL})).await;
    put_anonymous(&caller, "web", "w", json!({"email": "SAME@example.com "})).await;
    let side = |word: &str| json!({"email": EMAIL, "prioritization": [word, "most_recently_updated"]});
    let outcome = merge(&caller, side("unidentified"), side("identified")).await;
    assert_eq!(outcome["kept"], user(&caller, "x").await["braze_id"]);
    assert_eq!(user(&caller, "x").await["user_aliases"], json!([alias("web", "w")]));
    let nobody = json!({"phone": "12", "prioritization": ["identified"]});
    let body = merge_body(&nobody, &json!({"external_id": "x"}));
    assert_eq!(explained(&caller, "/users/merge", &body).await[0]["reason"], "not_found");
}
