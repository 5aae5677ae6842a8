//! The table of operations, checked once at the start.
//!
//! Guarantee: in a [`Table`] every operation has a path of its own, an input that denies unknown fields, a schema whose
//! every keyword is decided, and examples that fit it.

use super::operation::{Operation, Success, Verb, Words};
use super::paging;
use super::path;
use super::schema::{self, bound_integers, resolve};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tidegate_terms::messages;

messages! {
    /// Why operations make no table. Only a mistake of ours causes one.
    pub enum TableError {
        Twice { operation: String } = "table.twice" {
            en: "operation `{operation}` or its method and path stand twice in the table: rename one",
            zh: "操作“{operation}”或其方法与路径在表中重复：请更名",
        },
        Path { operation: String } = "table.path" {
            en: "the path of operation `{operation}` is not possible: begin with /v and a number, name parameters as the input and other paths do, and mark only what fits together",
            zh: "操作“{operation}”的路径不可用：请以 /v 加数字开头，参数名须与输入及其他路径一致，且各标记相容",
        },
        Schema { operation: String, detail: String } = "table.schema" {
            en: "the schema of operation `{operation}` is not possible: {detail}; use a struct that denies unknown fields, of plain types",
            zh: "操作“{operation}”的模式不可用：{detail}；请使用拒绝未知字段、由简单类型组成的结构体",
        },
        Example { operation: String, detail: String } = "table.example" {
            en: "the example of operation `{operation}` does not fit it: {detail}; correct it",
            zh: "操作“{operation}”的示例与其不符：{detail}；请更正",
        },
    }
}

/// An operation without its types.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) id: &'static str,
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: Words,
    pub(crate) description: Words,
    pub(crate) success: Success,
    pub(crate) open: bool,
    pub(crate) keyed: bool,
    pub(crate) secret: bool,
    pub(crate) binding: bool,
    pub(crate) paged: bool,
    pub(crate) streams: bool,
    pub(crate) versioned: bool,
    pub(crate) on_data: bool,
    pub(crate) body_bytes_max: usize,
    /// The whole input, as an object schema.
    pub(crate) input: Map<String, Value>,
    /// A reference to the output.
    pub(crate) output: Value,
    pub(crate) input_example: Value,
    pub(crate) output_example: Value,
    fits: fn(&Value) -> bool,
}

impl Described {
    fn of<O: Operation>(generator: &mut SchemaGenerator) -> Result<Self, TableError> {
        let operation = || O::ID.to_owned();
        let example = |error: serde_json::Error| TableError::Example { operation: operation(), detail: error.to_string() };
        let mut input = schemars::Schema::to_value(generator.subschema_for::<O::Input>());
        bound_integers(&mut input);
        let mut definitions = Value::Object(generator.definitions().clone());
        bound_integers(&mut definitions);
        let Value::Object(definitions) = definitions else { return Err(TableError::Path { operation: operation() }) };
        let Value::Object(input) = resolve(&input, &definitions).clone() else {
            return Err(TableError::Schema { operation: operation(), detail: "the input is no object".to_owned() });
        };
        Ok(Self {
            id: O::ID,
            verb: O::VERB,
            path: O::PATH,
            tag: O::TAG,
            summary: O::SUMMARY,
            description: O::DESCRIPTION,
            success: O::SUCCESS,
            open: O::OPEN,
            keyed: O::KEYED,
            secret: O::SECRET,
            binding: O::BINDING,
            paged: O::PAGED,
            streams: O::STREAMS,
            versioned: O::VERSIONED,
            on_data: O::ON_DATA,
            body_bytes_max: O::BODY_BYTES_MAX,
            input,
            output: generator.subschema_for::<O::Output>().to_value(),
            input_example: serde_json::to_value(O::input_example()).map_err(example)?,
            output_example: serde_json::to_value(O::output_example()).map_err(example)?,
            fits: |value| serde_json::from_value::<O::Input>(value.clone()).is_ok(),
        })
    }

    /// Whether the Rust type takes a value that fits the schema.
    pub(crate) fn fits(&self, input: &Value) -> bool {
        (self.fits)(input)
    }

    /// The names in braces, in their order.
    pub(crate) fn path_names(&self) -> impl Iterator<Item = &'static str> {
        parameters(self.path)
    }

    /// The fields of the input that stand in the query or in the body.
    pub(crate) fn other_fields(&self) -> Map<String, Value> {
        let in_path: BTreeSet<_> = self.path_names().collect();
        let fields = self.properties().filter(|(name, _)| !in_path.contains(name.as_str()));
        fields.map(|(name, schema)| (name.clone(), schema.clone())).collect()
    }

    /// What may stand in the query, the wish for a page included.
    pub(crate) fn query_fields(&self) -> Map<String, Value> {
        let mut fields = if self.verb.has_body() { Map::new() } else { self.other_fields() };
        // What is not in a query is absent, never null.
        fields.values_mut().for_each(schema::without_null);
        if self.paged {
            fields.extend(paging::fields());
        }
        fields
    }

    pub(crate) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.input.get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    pub(crate) fn is_required(&self, name: &str) -> bool {
        self.input.get("required").and_then(Value::as_array).into_iter().flatten().any(|required| required == name)
    }

    fn marks_fit(&self) -> bool {
        let in_path_are_fields = self.path_names().all(|name| self.is_required(name));
        let reserved = self.paged && self.properties().any(|(name, _)| paging::fields().contains_key(name));
        let reads = self.verb == Verb::Get;
        in_path_are_fields
            && !reserved
            && (!self.binding || (self.keyed && self.verb.has_body()))
            && (!self.keyed || !reads)
            && (!self.versioned || !reads)
            && (!self.paged || reads)
            && (!self.streams || (reads && !self.paged))
            && (self.success != Success::Nothing || !self.paged)
    }
}

fn parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// All operations, and what their schemas refer to.
#[derive(Debug)]
pub struct Table {
    pub(crate) operations: Vec<Arc<Described>>,
    pub(crate) components: Map<String, Value>,
    pub(crate) title: Words,
    pub(crate) description: Words,
}

/// A table in the making.
pub struct TableBuilder {
    generator: SchemaGenerator,
    operations: Vec<Result<Described, TableError>>,
    title: Words,
    description: Words,
}

impl TableBuilder {
    /// Begins a table with the title and description of the interface.
    pub fn new(title: Words, description: Words) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self { generator: settings.into_generator(), operations: Vec::new(), title, description }
    }

    /// Adds an operation.
    #[must_use]
    pub fn with<O: Operation>(mut self) -> Self {
        self.operations.push(Described::of::<O>(&mut self.generator));
        self
    }

    /// Checks everything.
    pub fn build(mut self) -> Result<Table, TableError> {
        let mut components = Value::Object(self.generator.take_definitions(true));
        bound_integers(&mut components);
        let Value::Object(components) = components else { return Err(TableError::Path { operation: String::new() }) };
        let operations = self.operations.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for operation in &operations {
            let id = || operation.id.to_owned();
            if !seen.insert(operation.id.to_owned()) || !seen.insert(format!("{} {}", operation.verb.name(), operation.path)) {
                return Err(TableError::Twice { operation: id() });
            }
            if !path_is_possible(operation.path, &mut names) || !operation.marks_fit() {
                return Err(TableError::Path { operation: id() });
            }
            check_schemas(operation, &components)?;
        }
        let operations = operations.into_iter().map(Arc::new).collect();
        Ok(Table { operations, components, title: self.title, description: self.description })
    }
}

fn check_schemas(operation: &Described, components: &Map<String, Value>) -> Result<(), TableError> {
    let unfit = |detail: String| TableError::Schema { operation: operation.id.to_owned(), detail };
    let whole = Value::Object(operation.input.clone());
    if operation.input.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(unfit("the input takes unknown fields".to_owned()));
    }
    let all = components.values().chain([&whole, &operation.output]);
    if let Some(keyword) = all.into_iter().find_map(schema::unknown_keyword) {
        return Err(unfit(format!("nothing decides `{keyword}`")));
    }
    for (schema, example) in [(&whole, &operation.input_example), (&operation.output, &operation.output_example)] {
        if let Some(wrong) = schema::check(schema, example, components).first() {
            let detail = format!("{}: {}", wrong.pointer, wrong.detail.en);
            return Err(TableError::Example { operation: operation.id.to_owned(), detail });
        }
    }
    Ok(())
}

/// Two parameters at one place must have one name: a path has one meaning.
fn path_is_possible(template: &'static str, names: &mut BTreeMap<String, &'static str>) -> bool {
    let digit = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    if !template.strip_prefix("/v").is_some_and(digit) {
        return false;
    }
    let plain = |text: &str, also: u8| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == also)
    };
    let mut prefix = String::new();
    let mut own = BTreeSet::new();
    template.split('/').skip(1).all(|segment| {
        prefix.push('/');
        match segment.strip_prefix('{').map(|rest| rest.strip_suffix('}')) {
            None => {
                prefix.push_str(segment);
                plain(segment, b'-')
            }
            Some(Some(name)) => {
                let known = *names.entry(prefix.clone()).or_insert(name) == name;
                prefix.push('*');
                known && own.insert(name) && plain(name, b'_')
            }
            Some(None) => false,
        }
    })
}

impl Table {
    /// An operation by its name.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Described>> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The path of an operation with its parameters filled in, and the rest of the input.
    pub(crate) fn fill(operation: &Described, input: &Value) -> Option<(String, Map<String, Value>)> {
        let mut rest = input.as_object()?.clone();
        let mut filled = String::new();
        for segment in operation.path.split('/').skip(1) {
            filled.push('/');
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None => filled.push_str(segment),
                Some(name) => filled.push_str(&path::encode(&super::parameters::text(&rest.remove(name)?)?)),
            }
        }
        Some((filled, rest))
    }

    /// The operations with what they do, in the order of the table.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, super::operation::Words)> {
        self.operations.iter().map(|operation| (operation.id, operation.summary))
    }

    /// Whether an operation lists page by page.
    pub fn is_paged(&self, operation: &str) -> bool {
        self.find(operation).is_some_and(|operation| operation.paged)
    }

    /// What an operation takes and gives, with examples, for people.
    pub fn describe(&self, operation: &str) -> Option<Value> {
        let found = self.find(operation)?;
        Some(json!({
            "operation": found.id,
            "request": format!("{} {}", found.verb.name(), found.path),
            "summary": { "en": found.summary.en, "zh": found.summary.zh },
            "description": { "en": found.description.en, "zh": found.description.zh },
            "input": found.input,
            "output": found.output,
            "input_example": found.input_example,
            "output_example": found.output_example,
        }))
    }

    /// The whole document of the interface.
    pub fn openapi(&self) -> Value {
        super::openapi::document(self)
    }

    /// What an output must look like, for tests that hold answers against the document.
    pub fn check_output(&self, operation: &str, output: &Value) -> Result<(), String> {
        let described = self.find(operation).ok_or_else(|| format!("no operation {operation}"))?;
        let wrong = schema::check(&described.output, output, &self.components);
        wrong.first().map_or(Ok(()), |wrong| Err(json!(wrong).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_meaning() {
        let mut names = BTreeMap::new();
        for path in ["/v1/notes", "/v1/notes/{note}", "/v1/notes/{note}/parts/{part}", "/v12/a-b"] {
            assert!(path_is_possible(path, &mut names), "{path}");
        }
        let wrong = [
            "/notes",
            "v1/notes",
            "/v1/notes/",
            "/v1//a",
            "/v1/Notes",
            "/v1/{a",
            "/v1/{}",
            "/v1/{a b}",
            "/v1/x{a}",
            "/v1/{a}/{a}",
            "/v1/notes/{other}",
            "/v1/notes/{other}/parts",
        ];
        for path in wrong {
            assert!(!path_is_possible(path, &mut names), "{path}");
        }
    }
}
