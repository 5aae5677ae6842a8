//! The closed list of roles.

use serde::{Deserialize, Serialize};
use tidegate_rules::words;

/// What somebody acts as. An organisation may have several roles, an act is done in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 数据提供部门 / 数源部门: catalogues, grades and mounts datasets, consents, handles objections.
    Provider,
    /// 公共数据主管部门 / 实施机构: reviews, grants, suspends, sets policies.
    Authority,
    /// 运营机构: uploads modules, runs them under a grant, registers and delivers products.
    Operator,
    /// 开发利用主体: downstream of an operator; orders and receives products.
    Developer,
    /// 监管: reads and verifies everything that is not raw data, replays, opens findings.
    Regulator,
    /// 数据交易机构: receives, verifies and lists products.
    Exchange,
    /// 公共数据服务机构: runs the machine, initialises, keeps keys; grants nothing, releases nothing.
    Custodian,
    /// 审计: reads, and nothing else (rule K1).
    Auditor,
}

words!(Role {
    Provider: "provider", "数据提供部门";
    Authority: "authority", "公共数据主管部门";
    Operator: "operator", "运营机构";
    Developer: "developer", "开发利用主体";
    Regulator: "regulator", "监管";
    Exchange: "exchange", "数据交易机构";
    Custodian: "custodian", "公共数据服务机构";
    Auditor: "auditor", "审计";
});

impl Role {
    /// The role's name in files and policies.
    pub const fn as_str(self) -> &'static str {
        self.shown().en
    }

    /// Whether one organisation may not hold both roles: who supervises is not who is supervised, and who keeps the
    /// machine neither grants nor operates (design, section 12; Shuangyashan Arts 44 and 64).
    pub const fn excludes(self, other: Self) -> bool {
        use Role::{Auditor, Authority, Custodian, Developer, Exchange, Operator, Provider, Regulator};
        matches!(
            (self, other),
            (Regulator | Auditor, Provider | Operator | Developer | Exchange | Custodian)
                | (Provider | Operator | Developer | Exchange | Custodian, Regulator | Auditor)
                | (Authority | Custodian, Operator | Developer | Exchange)
                | (Operator | Developer | Exchange, Authority | Custodian)
                | (Authority, Custodian)
                | (Custodian, Authority)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusion_goes_both_ways_and_never_against_oneself() {
        for &one in Role::ALL {
            assert!(!one.excludes(one));
            for &other in Role::ALL {
                assert_eq!(one.excludes(other), other.excludes(one), "{one} {other}");
            }
        }
        assert!(!Role::Provider.excludes(Role::Authority), "a bureau of data may provide data of its own");
        assert!(!Role::Authority.excludes(Role::Regulator), "the authority supervises");
    }

    #[test]
    fn serde_and_words_agree() {
        for &role in Role::ALL {
            assert_eq!(Role::of_word(role.as_str()), Some(role));
        }
    }
}
