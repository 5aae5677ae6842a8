//! The policies, read, validated against the schema, and each with its clause.

use crate::{Action, Kind};
use cedar_policy::{ActionConstraint, Effect, EntityTypeName, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use std::collections::BTreeMap;
use std::str::FromStr as _;
use tidegate_rules::Clause;
use tidegate_terms::{messages, rule_stands};

const SCHEMA: &str = include_str!("../cedar/access.cedarschema");
const POLICIES: [&str; 5] = [
    include_str!("../cedar/1-catalogue.cedar"),
    include_str!("../cedar/2-operation.cedar"),
    include_str!("../cedar/3-runs.cedar"),
    include_str!("../cedar/4-supervision.cedar"),
    include_str!("../cedar/conditions.cedar"),
];

messages! {
    /// Why policies are refused.
    pub enum AccessError {
        Schema { detail: String } = "access.schema" {
            en: "the schema of the policies cannot be read: {detail}",
            zh: "无法读取策略模式：{detail}",
        },
        Syntax { detail: String } = "access.syntax" {
            en: "the policies cannot be read: {detail}",
            zh: "无法读取策略：{detail}",
        },
        Validation { detail: String } = "access.validation" {
            en: "the policies do not fit their schema: {detail}",
            zh: "策略与模式不符：{detail}",
        },
        Annotation { policy: String, name: String } = "access.annotation" {
            en: "policy `{policy}` lacks a sound `@{name}`: every policy needs @id, @rule and @article, a condition also @en and @zh",
            zh: "策略“{policy}”缺少有效的 `@{name}`：每条策略须有 @id、@rule 和 @article，条件还须有 @en 和 @zh",
        },
        NoAction { policy: String } = "access.no-action" {
            en: "policy `{policy}` names no action: name those that it is for, so that the table stays complete",
            zh: "策略“{policy}”未写明操作：请列出适用的操作，以保持权限表完整",
        },
        Twice { policy: String } = "access.twice" {
            en: "two policies are called `{policy}`: rename one",
            zh: "有两条策略名为“{policy}”：请改名",
        },
    }
}

/// What is known of a policy beside its text.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) order: usize,
    pub(crate) clause: Clause,
    pub(crate) en: String,
    pub(crate) zh: String,
}

/// The policies of one action.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    /// Permits alone: whether anything lets somebody act.
    pub(crate) permits: PolicySet,
    /// Permits and conditions.
    pub(crate) all: PolicySet,
}

/// All policies, ready to decide.
#[derive(Debug)]
pub struct AccessRules {
    pub(crate) schema: Schema,
    /// The policies of each action, by its name. Others cannot apply to it: every policy names its actions.
    pub(crate) sets: BTreeMap<&'static str, Sets>,
    pub(crate) known: BTreeMap<String, Known>,
    /// Types of entities by name: parsing a name at each decision would cost more than the decision.
    pub(crate) types: BTreeMap<&'static str, EntityTypeName>,
}

impl AccessRules {
    /// The policies that come with the program.
    pub fn built_in() -> Result<Self, AccessError> {
        Self::parse(SCHEMA, &POLICIES.join("\n"))
    }

    /// Reads policies, validates them strictly against the schema and demands of each its rule and article.
    pub fn parse(schema: &str, policies: &str) -> Result<Self, AccessError> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|error| AccessError::Schema { detail: error.to_string() })?;
        let read = PolicySet::from_str(policies).map_err(|error| AccessError::Syntax { detail: error.to_string() })?;
        let syntax = |detail: String| AccessError::Syntax { detail };
        let (mut all, mut known) = (PolicySet::new(), BTreeMap::new());
        let mut sets: BTreeMap<&'static str, Sets> = Action::ALL.iter().map(|action| (action.name(), Sets::default())).collect();
        for policy in read.policies() {
            let (id, about) = check_annotations(policy, policies)?;
            if known.insert(id.clone(), about).is_some() {
                return Err(AccessError::Twice { policy: id });
            }
            if !rule_stands(&id) {
                continue;
            }
            let named = policy.new_id(PolicyId::new(&id));
            all.add(named.clone()).map_err(|error| syntax(error.to_string()))?;
            let actions = match named.action_constraint() {
                ActionConstraint::Any => return Err(AccessError::NoAction { policy: id }),
                ActionConstraint::Eq(action) => vec![action],
                ActionConstraint::In(actions) => actions,
            };
            for action in actions {
                let Some(set) = sets.get_mut(action.id().unescaped()) else { continue };
                set.all.add(named.clone()).map_err(|error| syntax(error.to_string()))?;
                if named.effect() == Effect::Permit {
                    set.permits.add(named.clone()).map_err(|error| syntax(error.to_string()))?;
                }
            }
        }
        let outcome = Validator::new(schema.clone()).validate(&all, ValidationMode::default());
        if !outcome.validation_passed() {
            let detail = outcome.validation_errors().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            return Err(AccessError::Validation { detail });
        }
        let kinds = Kind::ALL.iter().map(|kind| kind.entity_type());
        let mut types = BTreeMap::new();
        for name in ["Role", "Actor", "Action"].into_iter().chain(kinds) {
            let kind = EntityTypeName::from_str(name).map_err(|error| AccessError::Schema { detail: error.to_string() })?;
            types.insert(name, kind);
        }
        Ok(Self { schema, sets, known, types })
    }

    /// The names of all policies in their order, each with its clause and, for conditions, what it says.
    pub fn policies(&self) -> Vec<(&str, &Clause, &str, &str)> {
        let mut found: Vec<_> = self.known.iter().collect();
        found.sort_by_key(|(_, known)| known.order);
        found.into_iter().map(|(id, known)| (id.as_str(), &known.clause, known.en.as_str(), known.zh.as_str())).collect()
    }
}

fn check_annotations(policy: &Policy, text: &str) -> Result<(String, Known), AccessError> {
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    let missing = |name: &str| AccessError::Annotation { policy: id.clone(), name: name.to_owned() };
    let given = |name: &str| policy.annotation(name).filter(|text| !text.trim().is_empty());
    let order = text.find(&format!("@id(\"{id}\")")).filter(|_| !id.is_empty()).ok_or_else(|| missing("id"))?;
    let rule = given("rule").ok_or_else(|| missing("rule"))?;
    let clause = given("article").and_then(|article| clause(rule, article)).ok_or_else(|| missing("article"))?;
    let (en, zh) = match policy.effect() {
        Effect::Permit => ("", ""),
        Effect::Forbid => (given("en").ok_or_else(|| missing("en"))?, given("zh").ok_or_else(|| missing("zh"))?),
    };
    let known = Known { order, clause, en: en.to_owned(), zh: zh.to_owned() };
    Ok((id, known))
}

/// A clause from annotations such as `@rule("B7") @article("SYS 12")`.
fn clause(rule: &str, article: &str) -> Option<Clause> {
    let (text, number) = article.split_once(' ')?;
    let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
    let of = match text {
        "JN" => Clause::jinan,
        "SYS" => Clause::shuangyashan,
        "ZB" => Clause::zibo,
        "QB" => Clause::qibu,
        "BZ" => Clause::binzhou,
        "OP" => Clause::operation,
        _ => return None,
    };
    Some(Clause { rule: rule.to_owned().into(), ..of("", number) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    // clause: F12 refused
    #[test]
    fn policies_without_rule_article_or_words_are_refused() {
        let code = |policies: &str| AccessRules::parse(SCHEMA, policies).expect_err("refused").code();
        let permit = "permit (principal, action == Action::\"read_log\", resource);";
        assert!(AccessRules::parse(SCHEMA, &format!("@id(\"a\") @rule(\"G11\") @article(\"SYS 49\") {permit}")).is_ok());
        assert_eq!(code(permit), "access.annotation");
        assert_eq!(code(&format!("@id(\"a\") @article(\"SYS 49\") {permit}")), "access.annotation");
        assert_eq!(code(&format!("@id(\"a\") @rule(\"G11\") @article(\"somewhere\") {permit}")), "access.annotation");
        let forbid = permit.replace("permit", "forbid");
        assert_eq!(code(&format!("@id(\"a\") @rule(\"G11\") @article(\"SYS 49\") @en(\"no\") {forbid}")), "access.annotation");
        let twice = format!("@id(\"a\") @rule(\"G11\") @article(\"SYS 49\") {permit}\n");
        assert_eq!(code(&twice.repeat(2)), "access.twice");
        assert_eq!(code("permit ("), "access.syntax");
        let broad = "@id(\"a\") @rule(\"G11\") @article(\"SYS 49\") permit (principal, action, resource);";
        assert_eq!(code(broad), "access.no-action");
        let typo = permit.replace("read_log", "read_logs");
        assert_eq!(code(&format!("@id(\"a\") @rule(\"G11\") @article(\"SYS 49\") {typo}")), "access.validation");
        assert_eq!(AccessRules::parse("entity", "").expect_err("refused").code(), "access.schema");
    }
}
