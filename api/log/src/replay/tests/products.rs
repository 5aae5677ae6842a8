//! One honest product, and for each rule a change to its story that must be found at its entry, by its code.

use super::*;
use crate::entry::{
    ProductAcknowledgement, ProductApplication, ProductDelivery, ProductKeys, ProductPolicy, ProductReceipt, ProductSource, ProductStep,
    ProductStepKind as Step,
};
use base64::Engine as _;

const EARLY: &str = "2026-11-21T11:00:00Z";
const LATE: &str = "2026-12-05T11:00:00Z";

fn keys() -> ProductKeys {
    let point = [&[4_u8][..], &[7; 64]].concat();
    ProductKeys { ed25519: APPROVERS[0].into(), p256: base64::engine::general_purpose::STANDARD.encode(point), earlier_revoked: false }
}

fn application(product: &str, operator: &str, inputs: &[&str]) -> ProductApplication {
    ProductApplication {
        product: product.into(),
        operator: name(operator),
        affiliates: vec![name("acme-labs")],
        sources: vec![ProductSource { run: "r-1".into(), position: 5 }],
        inputs: inputs.iter().map(|input| (*input).to_owned()).collect(),
        application_commitment: commit(&[9; 32], b"application"),
    }
}

fn step(step: Step, by: &str) -> Event {
    let details_commitment = commit(&[10; 32], b"details");
    Event::ProductStep(ProductStep { product: "p-1".into(), step, by: name(by), details_commitment })
}

fn delivery(delivery: &str) -> Event {
    let commitment = |number: u8| commit(&[number; 32], b"");
    Event::ProductDelivery(ProductDelivery {
        product: "p-1".into(),
        delivery: delivery.into(),
        acknowledgement: "a-1".into(),
        recipient_commitment: commitment(1),
        exchange_commitment: commitment(2),
        listing_commitment: commitment(3),
        contract_commitment: commitment(4),
        package_commitment: commitment(5),
    })
}

/// Entry 6 announces the keys, 7 is the application, 8 to 11 the steps, 12 to 14 acknowledgement, delivery and receipt.
fn product_story() -> Vec<Entry> {
    let acknowledged = ProductAcknowledgement {
        product: "p-1".into(),
        acknowledgement: "a-1".into(),
        acknowledgement_commitment: commit(&[11; 32], b"signed"),
    };
    let receipt = ProductReceipt { product: "p-1".into(), delivery: "d-1".into(), receipt_commitment: commit(&[12; 32], b"signed") };
    let events = [
        (EARLY, Event::ProductKeys(keys())),
        (EARLY, Event::ProductApplication(application("p-1", "acme", &[]))),
        (EARLY, step(Step::Accepted, "registry")),
        (EARLY, step(Step::Reviewed, "registry")),
        (EARLY, step(Step::Notice, "registry")),
        (LATE, step(Step::Coded, "registry")),
        (LATE, Event::ProductAcknowledgement(acknowledged)),
        (LATE, delivery("d-1")),
        (LATE, Event::ProductReceipt(receipt)),
    ];
    let events = events.into_iter().map(|(at, event)| Entry { at: at.into(), event });
    let mut story: Vec<Entry> = story().into_iter().take(6).chain(events).collect();
    if let Event::Grant { valid_until, .. } = &mut story[2].event {
        *valid_until = "2027-06-30".into();
    }
    story
}

fn without(at: usize) -> Vec<Entry> {
    let mut story = product_story();
    story.remove(at);
    story
}

fn and(at: &str, events: impl IntoIterator<Item = Event>) -> Vec<Entry> {
    let mut story = product_story();
    story.extend(events.into_iter().map(|event| Entry { at: at.into(), event }));
    story
}

fn instead(at: usize, event: Event) -> Vec<Entry> {
    let mut story = product_story();
    story[at].event = event;
    story
}

// clause: G13 permitted
#[test]
fn an_honest_product_has_no_findings() {
    expect(&product_story(), &[]);
    for entry in product_story() {
        assert_eq!(Entry::decode(&entry.encode().expect("encode")).expect("decode"), entry);
    }
    // A new registration does not hinder receipts and other products; a revocation ends everything else.
    expect(&and(LATE, [step(Step::Withdrawn, "acme")]), &[]);
    expect(&and(LATE, [step(Step::Revoked, "registry")]), &[]);
}

#[test]
fn steps_follow_each_other_and_are_taken_by_others() {
    for at in 8..11 {
        assert_eq!(codes(&without(at))[0], (at as u64, "audit.product-step".to_owned()), "{at}");
    }
    expect(&without(11), &[(12, "audit.delivery-early")]);
    expect(&instead(8, step(Step::Accepted, "acme")), &[(8, "audit.product-self-review")]);
    expect(&instead(9, step(Step::Reviewed, "acme-labs")), &[(9, "audit.product-self-review")]);
    expect(&and(LATE, [step(Step::Revoked, "registry"), step(Step::Coded, "registry")]), &[(16, "audit.product-step")]);
    expect(&and(LATE, [step(Step::Revoked, "registry"), delivery("d-2")]), &[(16, "audit.delivery-early")]);
    let with_objection = |decided: Option<Step>| {
        let mut story = product_story();
        let events = [Some(Step::Objected), decided].into_iter().flatten().map(|kind| step(kind, "registry"));
        for (place, event) in events.enumerate() {
            story.insert(11 + place, Entry { at: EARLY.into(), event });
        }
        story
    };
    expect(&with_objection(None), &[(12, "audit.product-notice")]);
    expect(&with_objection(Some(Step::ObjectionDismissed)), &[]);
    expect(
        &with_objection(Some(Step::ObjectionUpheld)),
        &[(13, "audit.product-step"), (14, "audit.product-step"), (15, "audit.delivery-early"), (15, "audit.delivery-unacknowledged")],
    );
    let mut early = product_story();
    early[11].at = "2026-12-04T11:00:00Z".into();
    expect(&early, &[(11, "audit.product-notice")]);
    let policy = Event::ProductPolicy(ProductPolicy { coded_needed: false, notice_days: 9, by: name("authority") });
    early.insert(6, Entry { at: EARLY.into(), event: policy });
    // One entry more stands before everything, so the release has its place still.
    expect(&early, &[]);
    early.remove(12);
    expect(&early, &[]);
}

#[test]
fn products_are_made_of_granted_releases_of_their_operator() {
    let changed = |change: &dyn Fn(&mut ProductApplication)| {
        let mut application = application("p-1", "acme", &[]);
        change(&mut application);
        codes(&instead(7, Event::ProductApplication(application)))[0].clone()
    };
    assert_eq!(changed(&|application| application.sources.clear()), (7, "audit.product-no-release".into()));
    assert_eq!(changed(&|application| application.sources[0].position = 4), (7, "audit.product-release".into()));
    assert_eq!(changed(&|application| application.sources[0].run = "r-2".into()), (7, "audit.product-release".into()));
    assert_eq!(changed(&|application| application.operator = name("other")), (7, "audit.product-grant".into()));
    assert_eq!(changed(&|application| application.inputs = vec!["p-0".into()]), (7, "audit.product-input".into()));
    expect(&and(LATE, [Event::ProductApplication(application("p-1", "acme", &[]))]), &[(15, "audit.product-again")]);
    expect(&and(LATE, [step(Step::Coded, "registry")]), &[(15, "audit.product-step")]);
    let mut revoked = product_story();
    revoked.insert(13, Entry { at: LATE.into(), event: Event::Revoke { grant: "g-1".into(), reason_commitment: Digest([7; 32]) } });
    expect(&revoked, &[(14, "audit.product-grant")]);
}

// clause: G15 refused
#[test]
fn delivered_products_are_not_developed_again() {
    let again = |inputs: &[&str], operator: &str| Event::ProductApplication(application("p-9", operator, inputs));
    expect(&and(LATE, [again(&["p-1"], "acme")]), &[(15, "audit.product-redeveloped")]);
    // Through another operator's product; and by an affiliate. Their releases are not theirs here, which is found too.
    let through = Event::ProductApplication(ProductApplication { affiliates: vec![], ..application("p-2", "other", &["p-1"]) });
    expect(&and(LATE, [through.clone(), again(&["p-2"], "acme")]), &[(15, "audit.product-grant"), (16, "audit.product-redeveloped")]);
    expect(&and(LATE, [again(&["p-1"], "acme-labs")]), &[(15, "audit.product-grant"), (15, "audit.product-redeveloped")]);
    // What was not delivered may be.
    let mut undelivered = product_story();
    undelivered.truncate(13);
    undelivered.push(Entry { at: LATE.into(), event: again(&["p-1"], "acme") });
    expect(&undelivered, &[]);
}

// clause: F15, G24 refused
#[test]
fn deliveries_need_keys_terms_and_time() {
    expect(&without(12), &[(12, "audit.delivery-unacknowledged")]);
    let mut unsigned = product_story();
    unsigned.remove(6);
    let found = codes(&unsigned);
    assert_eq!(found, [(12, "audit.delivery-unsigned".to_owned())]);
    expect(&instead(6, Event::ProductKeys(ProductKeys { p256: "AA==".into(), ..keys() })), &[(6, "audit.product-key")]);
    expect(&and(LATE, [delivery("d-1")]), &[(15, "audit.delivery-again")]);
    expect(&without(13), &[(13, "audit.delivery-unknown")]);
    let expired = and("2027-07-01T00:00:00Z", [delivery("d-2")]);
    expect(&expired, &[(15, "audit.delivery-expired"), (15, "audit.product-grant")]);
}
