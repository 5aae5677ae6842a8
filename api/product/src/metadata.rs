//! Metadata for machines: the catalogue fields of the regulations, and DCAT 3.

use crate::facts::{DatasetFacts, Facts};
use serde_json::{Value, json};
use tidegate_terms::Digest;

/// The 18 fields of a catalogue entry (Shuangyashan Art. 12). What the domain does not know is null, never made up.
fn entry(dataset: &DatasetFacts) -> Value {
    let items: Vec<Value> = dataset.columns.iter().map(|(name, kind)| json!({ "数据项名称": name, "数据项格式": kind })).collect();
    json!({
        "数据资源名称": dataset.title.zh,
        "数据资源名称（英文）": dataset.title.en,
        "数据资源摘要": Value::Null,
        "数据格式": "CSV/Parquet",
        "行业分类": Value::Null,
        "数据覆盖时间": Value::Null,
        "数据覆盖地域": Value::Null,
        "更新频率": Value::Null,
        "数据资源提供方名称": dataset.source,
        "数据资源提供方代码": Value::Null,
        "共享类型": Value::Null,
        "共享条件": Value::Null,
        "共享方式": Value::Null,
        "是否向社会开放": Value::Null,
        "开放条件": Value::Null,
        "授权运营状态": "已授权",
        "授权运营应用场景": Value::Null,
        "数据项": items,
        "获取日期": dataset.acquired,
        "目录标识": format!("{} v{}", dataset.dataset, dataset.version),
    })
}

/// `metadata.json`.
pub(crate) fn catalogue(facts: &Facts) -> Value {
    let application = &facts.product.application;
    json!({
        "product": {
            "id": facts.product.id,
            "title": application.title,
            "description": application.description,
            "scenario": application.scenario,
            "form": application.form,
            "use_class": application.use_class,
            "price": application.price,
            "rights": { "持有权": application.rights.holding, "加工使用权": application.rights.processing, "经营权": application.rights.operation },
            "operator": application.operator,
            "code": facts.product.code,
            "registered_until": facts.product.registered_until,
            "inputs": application.inputs,
        },
        "notice": notices(facts),
        "resources": facts.releases.iter().flat_map(|release| &release.datasets).map(entry).collect::<Vec<_>>(),
        "unknown_fields_are_null": true,
    })
}

fn notices(facts: &Facts) -> Vec<Value> {
    let datasets = facts.releases.iter().flat_map(|release| &release.datasets);
    datasets.map(|dataset| json!({ "source": dataset.source, "acquired": dataset.acquired })).collect()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        _ => "application/vnd.apache.parquet",
    }
}

/// `dcat.jsonld`, for the tables with their digests.
pub(crate) fn dcat<'a>(facts: &Facts, tables: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> Value {
    let application = &facts.product.application;
    let distribution = |(path, bytes): (&String, &Vec<u8>)| {
        json!({
            "@type": "dcat:Distribution",
            "dct:title": path,
            "dcat:downloadURL": { "@id": path },
            "dcat:mediaType": { "@id": format!("https://www.iana.org/assignments/media-types/{}", media_type(path)) },
            "dcat:byteSize": bytes.len(),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": { "@id": "spdx:checksumAlgorithm_sha256" },
                "spdx:checksumValue": Digest::of(bytes),
            },
        })
    };
    let both =
        |text: &tidegate_terms::Bilingual| json!([{ "@language": "zh", "@value": text.zh }, { "@language": "en", "@value": text.en }]);
    let mut tables: Vec<_> = tables.collect();
    tables.sort();
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "prov": "http://www.w3.org/ns/prov#",
            "spdx": "http://spdx.org/rdf/terms#",
        },
        "@type": "dcat:Dataset",
        "dct:identifier": facts.product.id,
        "dct:title": both(&application.title),
        "dct:description": both(&application.description),
        "dct:publisher": { "@type": "foaf:Agent", "foaf:name": application.operator },
        "dct:rightsHolder": { "@type": "foaf:Agent", "foaf:name": application.rights.holding },
        "dct:issued": facts.delivery.at,
        "dct:source": facts.releases.iter().flat_map(|release| &release.datasets).map(|dataset| json!({
            "@type": "dcat:Dataset",
            "dct:identifier": format!("{} v{}", dataset.dataset, dataset.version),
            "dct:title": both(&dataset.title),
            "dct:source": dataset.source,
            "dct:created": dataset.acquired,
        })).collect::<Vec<_>>(),
        "prov:wasGeneratedBy": facts.releases.iter().map(|release| json!({
            "@type": "prov:Activity",
            "dct:identifier": release.run,
            "prov:used": release.module,
        })).collect::<Vec<_>>(),
        "dcat:distribution": tables.into_iter().map(distribution).collect::<Vec<_>>(),
    })
}
