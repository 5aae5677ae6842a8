use super::*;

const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SKEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer(name: &str) -> Signer {
    Signer::generate(name).expect("key").0
}

#[test]
fn a_note_made_by_go_verifies_and_is_made_here_byte_for_byte() {
    let verifier = Verifier::parse(GO_VKEY).expect("vkey");
    assert_eq!(verifier.to_string(), GO_VKEY);
    let note = Note::parse(GO_NOTE.as_bytes()).expect("note");
    let text = note.verify(&[verifier]).expect("signed");
    assert_eq!(sign(text, &[&Signer::parse(GO_SKEY).expect("skey")]).as_deref(), Ok(GO_NOTE));
}

#[test]
fn keys_survive_their_text_and_nothing_else_is_a_key() {
    let (signer, secret) = Signer::generate("log.example/潮闸").expect("key");
    assert_eq!(Signer::parse(&secret).expect("secret").verifier(), signer.verifier());
    let vkey = signer.verifier().to_string();
    assert_eq!(Verifier::parse(&vkey).as_ref(), Ok(signer.verifier()));
    assert!(!format!("{signer:?}").contains(&secret[20..]));
    for (at, byte) in vkey.bytes().enumerate() {
        let mut changed = vkey.clone().into_bytes();
        changed[at] = byte ^ 1;
        if let Ok(text) = std::str::from_utf8(&changed) {
            assert!(Verifier::parse(text).is_err(), "{text}");
        }
    }
    for wrong in ["", "a", "a+b", "a+00000000+", "+00000000+AQ==", &vkey[..vkey.len() - 4], &format!("{vkey}\n"), &vkey.to_uppercase()] {
        assert!(Verifier::parse(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "a b", "a+b", "a\u{3000}b", "a\tb", "a\nb"] {
        assert!(Signer::generate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn one_known_signature_is_enough_and_unknown_ones_do_not_matter() {
    let (log, witness, stranger) = (signer("log"), signer("witness"), signer("stranger"));
    let note = sign("text\n\nmore\n", &[&stranger, &log, &witness]).expect("sign");
    let note = Note::parse(note.as_bytes()).expect("note");
    assert_eq!(note.verify(&[log.verifier().clone()]), Ok("text\n\nmore\n"));
    assert_eq!(note.verify(&[witness.verifier().clone(), log.verifier().clone()]), Ok("text\n\nmore\n"));
    assert!(matches!(note.verify(&[]), Err(NoteError::Unsigned { .. })));
    let same_name = signer("log");
    assert!(matches!(note.verify(&[same_name.verifier().clone()]), Err(NoteError::Unsigned { .. })));
}

#[test]
fn a_known_signature_that_fails_refuses_the_whole_note() {
    let (log, witness) = (signer("log"), signer("witness"));
    let good = sign("text\n", &[&log]).expect("sign");
    let other = sign("other\n", &[&witness]).expect("sign");
    let mixed = format!("{good}{}", other.rsplit_once("\n\n").expect("note").1);
    let note = Note::parse(mixed.as_bytes()).expect("note");
    assert!(note.verify(&[log.verifier().clone()]).is_ok());
    let both = [log.verifier().clone(), witness.verifier().clone()];
    assert_eq!(note.verify(&both), Err(NoteError::Signature { name: "witness".into() }));
}

#[test]
fn malformed_notes_are_refused() {
    let log = signer("log");
    let good = sign("text\n", &[&log]).expect("sign");
    let line = good.rsplit_once("\n\n").expect("note").1.to_owned();
    let wrong = [
        String::new(),
        "text\n".into(),
        "text\n\n".into(),
        good.trim_end().to_owned(),
        good.replace("text", "te\txt"),
        good.replace("text", "te\rxt"),
        good.replacen('—', "-", 1),
        good.replacen("— ", "—", 1),
        good.replacen("— log", "— l+g", 1),
        good.replacen("— log ", "— log  ", 1),
        format!("{good}\n"),
        format!("{good}more\n"),
        format!("{good}— log AAAA\n"),
        format!("{good}— log AAAAAA==\n"),
        format!("{good}{}", line.repeat(SIGNATURES_MAX)),
        format!("{}{good}", "x".repeat(NOTE_BYTES_MAX)),
    ];
    for note in wrong {
        assert_eq!(Note::parse(note.as_bytes()), Err(NoteError::Malformed), "{:?}", note.chars().take(80).collect::<String>());
    }
    assert_eq!(Note::parse(&[0xff, b'\n', b'\n', b'x', b'\n']), Err(NoteError::Malformed));
    assert_eq!(sign("no newline", &[&log]), Err(NoteError::Malformed));
    assert_eq!(sign("text\n", &[]), Err(NoteError::Malformed));
}
