//! The table of who may do what, for people; `docs/access-table.md` is its committed form.

use crate::policies::AccessRules;
use crate::{Action, Actor, Decision, Facts, Kind, Request, Resource};
use std::fmt::Write as _;
use tidegate_parties::Role;

/// How a role stands to a thing: owner and counterpart of it.
const STANDINGS: [(&str, &str, &str); 3] = [("elsewhere", "elsewhere", ""), ("here", "elsewhere", "°"), ("elsewhere", "here", "*")];

/// The table as Markdown: for each kind of thing, actions by roles, and in each cell the states in which it is possible.
pub fn access_table(rules: &AccessRules) -> String {
    let mut text = String::from(HEAD);
    for &kind in Kind::ALL {
        let _ = write!(text, "\n## {kind} {kind:#}\n\nStates: ");
        let states: Vec<_> = kind.states().iter().map(|(state, said)| format!("{state} {said}")).collect();
        let _ = writeln!(text, "{}.\n", states.join(", "));
        let roles: Vec<_> = Role::ALL.iter().map(|role| format!("{role} {role:#}")).collect();
        let _ = writeln!(text, "| action | {} | conditions |", roles.join(" | "));
        let _ = writeln!(text, "|---|{}---|", "---|".repeat(roles.len()));
        for &action in Action::ALL.iter().filter(|action| action.kind() == kind) {
            let cells: Vec<_> = Role::ALL.iter().map(|role| cell(rules, *role, action)).collect();
            let _ = writeln!(text, "| {action} {action:#} | {} | {} |", cells.join(" | "), conditions(rules, action).join(", "));
        }
    }
    text.push_str("\n## Conditions 条件\n\n| condition | rule | what it says | 说明 |\n|---|---|---|---|\n");
    for (id, clause, en, zh) in rules.policies().into_iter().filter(|policy| !policy.2.is_empty()) {
        let _ = writeln!(text, "| {id} | {clause} | {en} | {zh}（{clause:#}） |");
    }
    text
}

fn asked(role: Role, action: Action, state: &'static str, standing: (&'static str, &'static str, &str), facts: Facts) -> Request<'static> {
    let actor = Actor { account: "somebody", role, organisation: "here" };
    let resource = Resource { kind: action.kind(), id: "something", state, owner: standing.0, counterpart: standing.1 };
    Request { actor, action, resource, facts }
}

fn cell(rules: &AccessRules, role: Role, action: Action) -> String {
    let mark = |state: &'static str| -> Option<String> {
        let allowed =
            |standing: &(&'static str, &'static str, &'static str)| rules.permits(&asked(role, action, state, *standing, Facts::all_met()));
        match STANDINGS.map(|standing| allowed(&standing)) {
            [true, _, _] => Some(String::new()),
            [false, false, false] => None,
            [false, owner, counterpart] => Some(format!("{}{}", if owner { "°" } else { "" }, if counterpart { "*" } else { "" })),
        }
    };
    let states = action.kind().states();
    let marks: Vec<_> = states.iter().map(|(state, _)| mark(state)).collect();
    match marks.first() {
        Some(Some(first)) if marks.iter().all(|mark| mark.as_ref() == Some(first)) => format!("any{first}").replace('*', "\\*"),
        _ => {
            let named = states.iter().zip(&marks).filter_map(|((state, _), mark)| mark.as_ref().map(|mark| format!("{state}{mark}")));
            let named: Vec<_> = named.collect();
            if named.is_empty() { "-".to_owned() } else { named.join(", ").replace('*', "\\*") }
        }
    }
}

/// The conditions of an action: what denies it where it would be allowed.
fn conditions(rules: &AccessRules, action: Action) -> Vec<String> {
    let mut found = Vec::new();
    let outside = Facts { today: 1, ..Facts::all_met() };
    let variants = Facts::NAMES.iter().map(|name| Facts::all_but(name)).chain([outside]);
    let standing = |role: &Role| {
        let mut states = action.kind().states().iter();
        let open = |state: &'static str| {
            STANDINGS.into_iter().find(|standing| rules.permits(&asked(*role, action, state, *standing, Facts::all_met())))
        };
        states.find_map(|(state, _)| open(state).map(|standing| (*role, *state, standing)))
    };
    let Some((role, state, standing)) = Role::ALL.iter().find_map(standing) else { return found };
    for facts in variants {
        if let Decision::Deny(denial) = rules.decide(&asked(role, action, state, standing, facts)) {
            found.push(denial.policy);
        }
    }
    found
}

const HEAD: &str = "# Who may do what\n\n谁可以做什么。\n\n\
    Made from the policies in `policies/access/cedar/` and kept by a test: change those, never this file. A cell names the \
    states in which a role may act; `any` stands for all of them, `-` for none. `°` means only for things of one's own \
    organisation, `*` only for its counterpart (the recipient of a delivery, the provider whose data are used, whoever must \
    answer). What must hold besides stands under conditions. What is in no cell is denied by rule T1 (role), T2 (state) or T3 \
    (organisation).\n\n\
    本表由 `policies/access/cedar/` 中的策略生成并由测试保持一致：请修改策略，勿改本文件。单元格列出该角色可以操作的状态；`any` 为任何状态，`-` 为不得。\
    `°` 仅限本机构所有，`*` 仅限作为相对方（交付的接收方、数据被使用的提供部门、须答复者）。另须满足“conditions”所列条件。\
    表中没有的，依规则 T1（角色）、T2（状态）或 T3（机构）拒绝。\n";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_committed_table_is_the_one_of_the_policies() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access-table.md");
        let table = access_table(&AccessRules::built_in().expect("policies"));
        if std::env::var_os("UPDATE_ACCESS_TABLE").is_some() {
            std::fs::write(path, &table).expect("written");
        }
        let committed = std::fs::read_to_string(path).expect("docs/access-table.md");
        assert!(committed == table, "run UPDATE_ACCESS_TABLE=1 cargo test -p tidegate-access table");
    }

    // clause: A1 both
    // clause: F12 refused
    #[test]
    fn every_action_has_somebody_and_every_policy_a_use() {
        let rules = AccessRules::built_in().expect("policies");
        let mut used = BTreeSet::new();
        let mut cells = 0;
        for &action in Action::ALL {
            let mut somebody = false;
            for &role in Role::ALL {
                for (state, _) in action.kind().states() {
                    for standing in STANDINGS {
                        cells += 1;
                        match rules.decide(&asked(role, action, state, standing, Facts::all_met())) {
                            Decision::Allow { policy, .. } => {
                                somebody = true;
                                used.insert(policy);
                            }
                            Decision::Deny(denial) => assert!(["T1", "T2", "T3"].contains(&denial.policy.as_str()), "{denial}"),
                        }
                    }
                }
            }
            assert!(somebody, "nobody may {}", action.name());
            used.extend(conditions(&rules, action));
        }
        let all: BTreeSet<String> = rules.policies().into_iter().map(|policy| policy.0.to_owned()).collect();
        assert_eq!(all.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "policies that decide nothing");
        assert!(cells > 9_000, "{cells}");
    }

    #[test]
    fn names_are_unique_and_the_schema_has_no_other_actions() {
        let rules = AccessRules::built_in().expect("policies");
        let names: BTreeSet<_> = Action::ALL.iter().map(|action| action.name().to_owned()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        let schema: BTreeSet<_> = rules.schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
        assert_eq!(schema, names);
        assert!(names.iter().all(|name| Action::of_name(name).is_some_and(|action| action.name() == name)));
    }
}
