//! Who answers for data: each record names the bearers that its city asks for (rule J4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_rules::{Clause, Duty, Pack};
use tidegate_terms::{Name, messages};

messages! {
    /// Why the duty bearers of a record are refused.
    pub enum DutyError {
        Missing { duty: Duty, clause: Clause } = "duty.missing" {
            en: "the record names nobody who {duty} the data ({clause}): name an organisation",
            zh: "记录未写明由谁{duty:#}（{clause:#}）：请写明机构",
        },
    }
}

/// Who answers for what, by duty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "BTreeMap<String, Name>")]
pub struct DutyBearers(pub BTreeMap<Duty, Name>);

impl DutyBearers {
    /// Checks that everybody is named whom the pack asks for.
    pub fn check(&self, pack: &Pack) -> Result<(), DutyError> {
        let Some(duties) = &pack.rules().duties else { return Ok(()) };
        let missing = duties.bearers.iter().find(|duty| !self.0.contains_key(duty));
        missing.map_or(Ok(()), |duty| Err(DutyError::Missing { duty: *duty, clause: pack.clause(&duties.ground) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_rules::built_in_packs;

    // clause: J4 both
    #[test]
    fn each_city_asks_for_its_own_bearers() {
        let name = Name::parse("bureau").expect("name");
        let of = |duties: &[Duty]| DutyBearers(duties.iter().map(|duty| (*duty, name.clone())).collect());
        let shuangyashan = of(&[Duty::Provide, Duty::Manage, Duty::Use, Duty::Operate]);
        let outcome = |id: &str| {
            let pack = built_in_packs().expect("packs").into_iter().find(|pack| pack.rules().id.as_str() == id).expect("pack");
            shuangyashan.check(&pack).map_err(|error| error.to_string())
        };
        assert_eq!(outcome("sys"), Ok(()));
        assert_eq!(outcome("jn"), Ok(()), "the text is silent");
        assert_eq!(
            outcome("zb"),
            Err("the record names nobody who collects the data (rule J4, Zibo Art. 41): name an organisation".into())
        );
        assert_eq!(outcome("qb").map_err(|error| error.contains("Qibu Art. 32")), Err(true));
    }
}
