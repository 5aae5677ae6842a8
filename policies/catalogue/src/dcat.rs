//! The catalogue as DCAT 3 in JSON-LD, for portals of others. What only this system knows stands under its own prefix.

use crate::entry::{Entry, Frequency};
use serde_json::{Value, json};

/// The published entries as a `dcat:Catalog`. `base` is the address under which entries are found, such as
/// `https://data.example/entry/`.
pub fn export_dcat(entries: &[Entry], base: &str, title: &str) -> String {
    let datasets: Vec<Value> = entries.iter().map(|entry| dataset(entry, base)).collect();
    let catalogue = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "tidegate": "https://example.invalid/tidegate/ns#",
        },
        "@id": base,
        "@type": "dcat:Catalog",
        "dct:title": title,
        "dcat:dataset": datasets,
    });
    format!("{catalogue:#}\n")
}

fn dataset(entry: &Entry, base: &str) -> Value {
    let zh = |text: &str| json!({ "@language": "zh", "@value": text });
    let mut keywords: Vec<&str> = entry.operation_scenarios.iter().map(String::as_str).collect();
    keywords.retain(|keyword| !keyword.is_empty());
    json!({
        "@id": format!("{base}{}", entry.id),
        "@type": "dcat:Dataset",
        "dct:identifier": entry.id,
        "dct:title": zh(&entry.name),
        "dct:description": zh(&entry.summary),
        "dct:format": entry.format,
        "dcat:theme": entry.industry,
        "dct:temporal": entry.time_coverage,
        "dct:spatial": entry.area_coverage,
        "dct:accrualPeriodicity": entry.update_frequency.map(periodicity),
        "dct:publisher": { "@type": "foaf:Organization", "foaf:name": zh(&entry.provider.name), "dct:identifier": entry.provider.code },
        "dct:accessRights": entry.opening.kind.map(|kind| format!("{kind:#}")),
        "dct:rights": entry.usage_requirements,
        "dcat:keyword": keywords,
        "tidegate:sharing": entry.sharing.kind.map(|kind| format!("{kind:#}")),
        "tidegate:sharingWay": entry.sharing.way,
        "tidegate:operationStatus": format!("{:#}", entry.operation_status),
        "tidegate:category": entry.category,
        "tidegate:securityLevel": entry.security_level,
        "tidegate:standardSource": entry.standard_source,
        "tidegate:item": entry.items.iter().map(|item| json!({ "name": item.name, "format": item.format })).collect::<Vec<_>>(),
        "dct:conformsTo": entry.national_ids.iter().map(|id| json!({ "scheme": id.scheme, "issuer": id.issuer, "text": id.text })).collect::<Vec<_>>(),
    })
}

/// The frequency in the words of the Dublin Core collection.
fn periodicity(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::RealTime => "http://purl.org/cld/freq/continuous",
        Frequency::Daily => "http://purl.org/cld/freq/daily",
        Frequency::Weekly => "http://purl.org/cld/freq/weekly",
        Frequency::Monthly => "http://purl.org/cld/freq/monthly",
        Frequency::Quarterly => "http://purl.org/cld/freq/quarterly",
        Frequency::Yearly => "http://purl.org/cld/freq/annual",
        Frequency::Irregular => "http://purl.org/cld/freq/irregular",
    }
}
