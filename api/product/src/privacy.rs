//! The privacy statement of a package: whom the guarantee protects, at which price, with which noise.

use crate::facts::{Facts, LineageFacts};
use crate::release::{Noised, ReleaseContent, Reviewed, described_statistics};
use serde_json::{Value, json};
use tidegate_accountant::guaranteed_epsilon;
use tidegate_terms::{Delta, Rho};

/// The groups whose epsilon stands in every package.
const GROUPS: [u32; 2] = [2, 4];

const RELATION_EN: &str = "two datasets are neighbours if one has one privacy unit more, with all its rows";
const RELATION_ZH: &str = "两个数据集若仅相差一个隐私单元（含其全部行），即为相邻";
const GROUPS_EN: &str = "epsilon for a group of k units at the same delta of the Gaussian part (rho times k squared); the small account of delta \
                         for rounding and thresholds counts k times";
const GROUPS_ZH: &str =
    "k 个单元组成的群体在高斯部分同一 delta 下的 epsilon（rho 乘以 k 的平方）；用于取整与阈值的小额 delta 账户按 k 倍计";
const CLAMPING_EN: &str = "contributions outside the bounds are clamped to them, units without a usable contribution count as the default";
const CLAMPING_ZH: &str = "超出界限的贡献被截断到界限，没有可用贡献的单元按默认值计";

/// What visibility tells, where results do not wait for their slot.
const IMMEDIATELY_EN: &str = "visible immediately: the running time of this run could be observed";
const IMMEDIATELY_ZH: &str = "立即可见：该次运行的耗时可被观察到";

fn groups(rho: f64, delta: f64) -> Value {
    let Ok(delta) = Delta::parse(delta) else { return Value::Null };
    let of = |size: u32| (size.to_string(), json!(guaranteed_epsilon(Rho::price(rho * f64::from(size * size)), delta)));
    Value::Object(GROUPS.into_iter().map(of).collect())
}

fn noised(facts: &Facts, release: &Noised, content: &ReleaseContent) -> Value {
    let unit = facts.releases.iter().find(|known| known.run == release.run).and_then(|known| known.datasets.first());
    let immediately = release.visibility.starts_with("immediately");
    json!({
        "run": release.run,
        "round": release.round.number,
        "mode": "differential_privacy",
        "privacy_unit": unit.map(|dataset| &dataset.privacy_unit),
        "guarantee": release.guarantee,
        "neighbouring_relation": { "en": RELATION_EN, "zh": RELATION_ZH },
        "epsilon": release.price.epsilon,
        "delta": release.price.delta,
        "rho": release.price.rho,
        "epsilon_for_groups": groups(release.price.rho, release.price.delta),
        "clamping": { "en": CLAMPING_EN, "zh": CLAMPING_ZH },
        "statistics": described_statistics(content),
        "confidence": release.confidence,
        "intervals_cover": release.intervals_cover,
        "parameters": release.parameters,
        "visible_at": release.visible_at,
        "visibility": release.visibility,
        "visibility_remark": immediately.then(|| json!({ "en": IMMEDIATELY_EN, "zh": IMMEDIATELY_ZH })),
        "exact_tables_of_the_lineage_were_released": release.exact_tables_released,
    })
}

fn reviewed(tables: &Reviewed, content: &ReleaseContent) -> Value {
    let immediately = tables.visibility.starts_with("immediately");
    json!({
        "run": tables.run,
        "round": 1,
        "mode": "reviewed_aggregate",
        "remark": { "en": tables.statement.en, "zh": tables.statement.zh },
        "statistics": described_statistics(content),
        "visible_at": tables.visible_at,
        "visibility": tables.visibility,
        "visibility_remark": immediately.then(|| json!({ "en": IMMEDIATELY_EN, "zh": IMMEDIATELY_ZH })),
    })
}

fn lineage(lineage: &LineageFacts) -> Value {
    let rho = Rho::from_units(lineage.rho_spent).get();
    json!({
        "lineage": lineage.lineage,
        "epsilon_since_first_release": lineage.epsilon_spent,
        "epsilon_cap": lineage.epsilon_cap,
        "delta": lineage.delta,
        "rho": rho,
        "epsilon_for_groups": groups(rho, lineage.delta),
        "exact_tables_released": lineage.exact_tables_released,
    })
}

/// `privacy.json`.
pub(crate) fn privacy(facts: &Facts, contents: &[ReleaseContent]) -> Value {
    let notice: Vec<Value> = contents
        .iter()
        .flat_map(|content| content.notice())
        .map(|notice| json!({ "source": notice.source, "acquired": notice.acquired }))
        .collect();
    let release = |content: &ReleaseContent| match content {
        ReleaseContent::Noised(release) => noised(facts, release, content),
        ReleaseContent::Tables(tables) => reviewed(tables, content),
    };
    json!({
        "product": facts.product.id,
        "notice": notice,
        "purposes": facts.releases.iter().map(|release| release.purpose.as_str()).collect::<Vec<_>>(),
        "terms_sha256": facts.delivery.terms_sha256,
        "epsilon_for_groups_means": { "en": GROUPS_EN, "zh": GROUPS_ZH },
        "releases": contents.iter().map(release).collect::<Vec<_>>(),
        "lineages": facts.lineages.iter().map(lineage).collect::<Vec<_>>(),
    })
}
