//! An office with organisations, people and a day of its own.

use crate::desk::Asked;
use crate::operations::accounts::AccountRecord;
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::records::{DatasetLink, GrantLink, GrantStanding, Standing};
use crate::{Act, Caller, Desk, Kept, Office, Refused, Row, Rules, Serve};
use jiff::civil::{Date, date};
use std::sync::Arc;
use tidegate_authorisation::GrantRecord;
use tidegate_http::api::PageWish;
use tidegate_parties::{CreditCode, DisplayName, Organisation, OrganisationKind, Role};
use tidegate_service::Domain;
use tidegate_service::children::Programs;
use tidegate_terms::{Language, Name, Rho};

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

/// Somebody who acts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who(pub(super) &'static str, pub(super) &'static str, pub(super) Role);

pub(super) const PROVIDER: Who = Who("a-li", "health", Role::Provider);
pub(super) const PROVIDER_TWO: Who = Who("a-zhao", "health", Role::Provider);
pub(super) const OTHER_PROVIDER: Who = Who("a-qian", "transport", Role::Provider);
pub(super) const AUTHORITY: Who = Who("a-wang", "bureau", Role::Authority);
pub(super) const AUTHORITY_TWO: Who = Who("a-sun", "bureau", Role::Authority);
pub(super) const OPERATOR: Who = Who("a-chen", "insurer", Role::Operator);
pub(super) const OTHER_OPERATOR: Who = Who("a-wu", "rival", Role::Operator);
pub(super) const DEVELOPER: Who = Who("a-he", "studio", Role::Developer);
pub(super) const EXCHANGE: Who = Who("a-lin", "exchange", Role::Exchange);
pub(super) const REGULATOR: Who = Who("a-guo", "inspectorate", Role::Regulator);
pub(super) const CUSTODIAN: Who = Who("a-xu", "centre", Role::Custodian);
pub(super) const AUDITOR: Who = Who("a-ma", "auditors", Role::Auditor);

const EVERYBODY: [Who; 12] = [
    PROVIDER,
    PROVIDER_TWO,
    OTHER_PROVIDER,
    AUTHORITY,
    AUTHORITY_TWO,
    OPERATOR,
    OTHER_OPERATOR,
    DEVELOPER,
    EXCHANGE,
    REGULATOR,
    CUSTODIAN,
    AUDITOR,
];

/// An office in a directory that goes with it.
pub(super) struct House {
    office: Arc<Office>,
    rules: Arc<Rules>,
    pub(super) today: Date,
    _directory: tempfile::TempDir,
}

impl House {
    /// An office under the rules of a place, on 23 November 2026, a Monday.
    pub(super) async fn of(place: &str) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("domain");
        Domain::create(&path, "test.example/log").await.expect("domain");
        let domain = Domain::open(&path, Programs::own().expect("program")).await.expect("open");
        let office = Arc::new(Office::open(Arc::new(domain)).await.expect("office"));
        let mut rules = Rules::built_in().expect("rules");
        rules.choose(place).expect("place");
        let house = Self { office, rules: Arc::new(rules), today: date(2026, 11, 23), _directory: directory };
        house.people().await;
        house
    }

    async fn people(&self) {
        for Who(account, organisation, role) in EVERYBODY {
            let record = OrganisationRecord {
                organisation: Organisation {
                    id: name(organisation),
                    name: DisplayName::parse("双鸭山市机构").expect("name"),
                    kind: if role == Role::Operator { OrganisationKind::Enterprise } else { OrganisationKind::Department },
                    credit_code: Some(CreditCode::parse("91350100M000100Y43").expect("code")),
                    region: "230500".into(),
                    roles: [role].into(),
                    national_ids: vec![],
                    contact: None,
                    works_under: None,
                },
                standing: OrganisationStanding::Active,
                keys: Vec::new(),
            };
            let person = AccountRecord {
                name: DisplayName::parse("李明").expect("name"),
                organisation: name(organisation),
                roles: [role].into(),
                trained_until: None,
                disabled: false,
            };
            let mut act = self.act().await;
            act.put(organisation, &record).await.expect("kept");
            act.put(account, &person).await.expect("kept");
            act.commit_unlogged().await.expect("committed");
        }
    }

    /// A transaction for what a test needs to be there.
    pub(super) async fn act(&self) -> Act {
        Act::open(self.office.domain(), "fixture", None).await.expect("act")
    }

    /// Keeps a record that a test needs to be there.
    pub(super) async fn keep<R: Kept>(&self, id: &str, record: &R) {
        let mut act = self.act().await;
        act.put(id, record).await.expect("kept");
        act.commit_unlogged().await.expect("committed");
    }

    pub(super) async fn get<R: Kept>(&self, id: &str) -> Option<Row<R>> {
        let mut act = self.act().await;
        act.get::<R>(id).await.expect("read")
    }

    pub(super) fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// The desk at which somebody is served, with a signed request.
    pub(super) fn desk(&self, who: Who) -> Desk {
        let Who(account, organisation, role) = who;
        let caller = Caller {
            account: account.into(),
            organisation: name(organisation),
            roles: [role].into(),
            actions: None,
            credential: String::new(),
        };
        let asked = Asked {
            language: Language::English,
            request_id: "r1".into(),
            if_match: None,
            page: Some(PageWish { limit: 2, after: None }),
            signed: true,
            once: None,
        };
        Desk { office: Arc::clone(&self.office), caller, rules: Arc::clone(&self.rules), today: self.today, asked }
    }

    /// Asks for an operation and says what came of it.
    pub(super) async fn ask<O: Serve>(&self, who: Who, input: O::Input) -> Result<O::Output, Refused> {
        self.at::<O>(&mut self.desk(who), input).await
    }

    pub(super) async fn at<O: Serve>(&self, desk: &mut Desk, input: O::Input) -> Result<O::Output, Refused> {
        O::serve(desk, input).await.map(|done| done.output)
    }

    /// Asks for what must be done.
    pub(super) async fn done<O: Serve>(&self, who: Who, input: O::Input) -> O::Output {
        match self.ask::<O>(who, input).await {
            Ok(output) => output,
            Err(refused) => panic!("{}: {:?}", O::ID, refused.problem()),
        }
    }

    /// Asks for what must be refused: gives the code, and holds that nothing was changed and both languages speak.
    pub(super) async fn refused<O: Serve>(&self, who: Who, input: O::Input) -> String {
        let before = self.office.domain().books().log_size().await.expect("size");
        let Err(refused) = self.ask::<O>(who, input).await else { panic!("{} was done", O::ID) };
        assert_eq!(self.office.domain().books().log_size().await.expect("size"), before, "a refusal wrote to the log");
        let problem = refused.problem();
        assert!(problem.detail.en.chars().any(|character| character.is_ascii_alphabetic()), "{:?}", problem.detail);
        assert!(problem.detail.zh.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character)), "{:?}", problem.detail);
        problem.code.clone()
    }

    /// A dataset that was mounted under an entry.
    pub(super) async fn mount(&self, dataset: &str, entry: &str) {
        let link = DatasetLink {
            organisation: name("health"),
            entry: name(entry),
            entry_version: 1,
            class: "卫生健康".into(),
            level: Some(name("l2")),
            version: 1,
            mounted: self.today,
            way: "file".into(),
            standing: Standing::Mounted,
        };
        self.keep(dataset, &link).await;
    }

    /// A grant that was given on a dataset.
    pub(super) async fn grant(&self, id: &str, dataset: &str, given: Date) -> GrantRecord {
        let grant = GrantRecord {
            id: id.into(),
            dataset: name(dataset),
            operator: name("insurer"),
            operator_key: String::new(),
            columns: vec!["visits.cost".into()],
            purpose: name("pricing"),
            rho: Rho::from_units(1_000_000),
            valid_from: given.to_string(),
            valid_until: "2028-01-31".into(),
            revoked: None,
            suspended: None,
        };
        let link = GrantLink {
            application: "a1".into(),
            scenario: name("actuarial"),
            agreement: "ag1".into(),
            dataset: name(dataset),
            operator: name("insurer"),
            provider: name("health"),
            given,
            standing: GrantStanding::Live,
        };
        let mut act = self.act().await;
        act.transaction.put_grant(&grant).await.expect("grant");
        act.put(id, &link).await.expect("link");
        act.commit_unlogged().await.expect("committed");
        grant
    }

    /// The grant as the domain knows it now.
    pub(super) async fn granted(&self, id: &str) -> GrantRecord {
        self.office.domain().books().grant(id).await.expect("books").expect("grant")
    }

    /// What happens when the log is replayed by somebody who knows nothing else.
    pub(super) async fn log_size(&self) -> u64 {
        self.office.domain().books().log_size().await.expect("size")
    }
}
