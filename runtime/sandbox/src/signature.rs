//! The types of the exported functions, held against the contract without running anything.

use crate::{MODEL_INTERFACE, UploadError};
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentItem, Type};

const TABLE: &str = "record{row-count:u32,columns:list<record{values:variant{integers(list<s64>),\
    floats(list<float64>),texts(list<string>),booleans(list<bool>),dates(list<s32>),categories(list<u32>)},\
    missing:option<list<bool>>}>}";
const PARAMETERS: &str = "list<variant{integer(s64),float(float64),text(string),boolean(bool),date(s32)}>";
const CONTRIBUTIONS: &str = "list<variant{dense(list<float64>),sparse(list<record{index:u32,value:float64}>),\
    keyed(list<record{key:string,values:list<float64>}>)}>";
const RELEASES: &str = "list<record{keys:list<string>,width:u32,values:list<float64>,lower:list<float64>,upper:list<float64>}>";
const CONCLUSION: &str = "variant{again(list<float64>),done(list<record{name:string,value:float64}>)}";

/// Checks that `contribute` and `conclude` have the types of `runtime/wit/analysis.wit`.
pub(crate) fn check_signature(component: &Component) -> Result<(), UploadError> {
    let inputs = format!("record{{parameters:{PARAMETERS},side-tables:list<{TABLE}>,round:u32,state:list<float64>}}");
    check_function(component, "contribute", &[&inputs, &format!("record{{tables:list<{TABLE}>}}")], CONTRIBUTIONS)?;
    check_function(component, "conclude", &[&inputs, RELEASES], CONCLUSION)
}

fn check_function(component: &Component, name: &'static str, takes: &[&str], gives: &str) -> Result<(), UploadError> {
    let wrong = |detail: String| UploadError::Signature { function: name, detail };
    let interface = component.get_export_index(None, MODEL_INTERFACE);
    let export = interface.and_then(|interface| component.get_export(Some(&interface), name));
    let Some((ComponentItem::ComponentFunc(function), _)) = export else {
        return Err(wrong("the interface has no function of this name".into()));
    };
    let parameters: Vec<_> = function.params().map(|(_, ty)| spell(&ty, 0)).collect();
    let answers: Vec<_> = function.results().map(|ty| spell(&ty, 0)).collect();
    if parameters == takes && answers == [gives] {
        Ok(())
    } else {
        Err(wrong(format!("it takes ({}) and returns ({})", parameters.join(", "), answers.join(", ")).chars().take(600).collect()))
    }
}

/// Spells a type without its names of types, which do not matter, to a bounded depth.
fn spell(ty: &Type, depth: u32) -> String {
    if depth > 12 {
        return "…".into();
    }
    let inner = |ty: &Type| spell(ty, depth + 1);
    match ty {
        Type::Bool => "bool".into(),
        Type::S32 => "s32".into(),
        Type::U32 => "u32".into(),
        Type::S64 => "s64".into(),
        Type::U64 => "u64".into(),
        Type::Float32 => "float32".into(),
        Type::Float64 => "float64".into(),
        Type::String => "string".into(),
        Type::List(list) => format!("list<{}>", inner(&list.ty())),
        Type::Option(option) => format!("option<{}>", inner(&option.ty())),
        Type::Record(record) => {
            let fields: Vec<_> = record.fields().map(|field| format!("{}:{}", field.name, inner(&field.ty))).collect();
            format!("record{{{}}}", fields.join(","))
        }
        Type::Variant(variant) => {
            let case = |case: wasmtime::component::types::Case<'_>| match &case.ty {
                Some(ty) => format!("{}({})", case.name, inner(ty)),
                None => case.name.to_owned(),
            };
            let cases: Vec<_> = variant.cases().map(case).collect();
            format!("variant{{{}}}", cases.join(","))
        }
        _ => "another type".into(),
    }
}
