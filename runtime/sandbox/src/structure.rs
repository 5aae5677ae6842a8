//! How large each part of a component may be: counted in one pass over its sections, before it is validated.
//!
//! Guarantee: the validator and the compiler behind it see only components whose parts are bounded, so their time and
//! memory are bounded by a multiple of the bounds below and not by what a hostile file claims (attack A30). Counts are
//! those that section heads claim, summed over all nested modules and components; a claim that the file does not keep
//! is refused by the validator.
//!
//! The bounds are public, and some four times what the largest honest guests have (CPython, StarlingMonkey).
//! Rejected: limits on time and memory alone. They hold too, around the process that does this, but whether they are
//! hit depends on the machine; a number in the file does not.

use crate::UploadError;
use wasmparser::{BinaryReaderError, CanonicalFunction, ComponentType, FunctionBody, Parser, Payload};

/// A part of a component that is counted, and at most how many of it there may be.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) chinese: &'static str,
    pub(crate) maximum: u64,
}

macro_rules! parts {
    ($($part:ident = $maximum:literal $name:literal $chinese:literal),* $(,)?) => {
        $(pub(crate) const $part: Part = Part { name: $name, chinese: $chinese, maximum: $maximum };)*
        /// All of them.
        #[cfg(test)]
        pub(crate) const PARTS: &[&Part] = &[$(&$part),*];
    };
}

parts! {
    NESTING = 8 "levels of nested components" "层嵌套组件",
    MODULES = 64 "core modules" "个核心模块",
    COMPONENTS = 64 "nested components" "个嵌套组件",
    INSTANCES = 256 "instances" "个实例",
    TYPES = 50_000 "types" "个类型",
    FUNCTIONS = 200_000 "functions" "个函数",
    FUNCTION_BYTES = 2_097_152 "bytes in one function" "字节的单个函数",
    LOCALS = 10_000 "locals in one function" "个单个函数的局部变量",
    TABLES = 64 "tables" "个表",
    MEMORIES = 16 "memories" "个内存",
    GLOBALS = 100_000 "globals" "个全局变量",
    IMPORTS = 100_000 "imports between its own modules" "个内部导入",
    EXPORTS = 200_000 "exports" "个导出",
    ALIASES = 100_000 "aliases" "个别名",
    ELEMENT_SEGMENTS = 20_000 "element segments" "个元素段",
    DATA_SEGMENTS = 50_000 "data segments" "个数据段",
    LIFTS = 16 "lifted functions" "个提升函数",
    CUSTOM_SECTIONS = 1_000 "custom sections" "个自定义段",
    NAME_BYTES = 8_192 "bytes in one name" "字节的单个名称",
    ALL_NAME_BYTES = 8_388_608 "bytes in names altogether" "字节的名称总长",
}

/// A part's count so far.
struct Count {
    part: &'static Part,
    count: u64,
}

impl Count {
    const fn of(part: &'static Part) -> Self {
        Self { part, count: 0 }
    }

    fn add(&mut self, more: impl Into<u64>) -> Result<(), UploadError> {
        self.count = self.count.saturating_add(more.into());
        check(self.part, self.count)
    }
}

fn check(part: &Part, count: u64) -> Result<(), UploadError> {
    if count > part.maximum {
        return Err(UploadError::Structure { count, name: part.name, chinese: part.chinese, maximum: part.maximum });
    }
    Ok(())
}

pub(crate) fn invalid(error: &BinaryReaderError) -> UploadError {
    UploadError::Invalid { detail: crate::admission::shown(&error.to_string(), 300) }
}

fn unneeded(feature: &'static str, chinese: &'static str) -> UploadError {
    UploadError::Feature { feature, chinese }
}

/// What has been counted of a component.
struct Counts {
    depth: u64,
    modules: Count,
    components: Count,
    instances: Count,
    types: Count,
    functions: Count,
    tables: Count,
    memories: Count,
    globals: Count,
    imports: Count,
    exports: Count,
    aliases: Count,
    element_segments: Count,
    data_segments: Count,
    lifts: Count,
    custom_sections: Count,
    name_bytes: Count,
}

/// Counts the parts of a component and refuses the first that is too many.
pub(crate) fn check_parts(bytes: &[u8]) -> Result<(), UploadError> {
    let mut counts = Counts {
        depth: 0,
        modules: Count::of(&MODULES),
        components: Count::of(&COMPONENTS),
        instances: Count::of(&INSTANCES),
        types: Count::of(&TYPES),
        functions: Count::of(&FUNCTIONS),
        tables: Count::of(&TABLES),
        memories: Count::of(&MEMORIES),
        globals: Count::of(&GLOBALS),
        imports: Count::of(&IMPORTS),
        exports: Count::of(&EXPORTS),
        aliases: Count::of(&ALIASES),
        element_segments: Count::of(&ELEMENT_SEGMENTS),
        data_segments: Count::of(&DATA_SEGMENTS),
        lifts: Count::of(&LIFTS),
        custom_sections: Count::of(&CUSTOM_SECTIONS),
        name_bytes: Count::of(&ALL_NAME_BYTES),
    };
    Parser::new(0).parse_all(bytes).try_for_each(|payload| counts.count(payload.map_err(|error| invalid(&error))?))
}

impl Counts {
    fn count(&mut self, payload: Payload<'_>) -> Result<(), UploadError> {
        match payload {
            Payload::ModuleSection { .. } => {
                self.modules.add(1u32)?;
                self.nest()
            }
            Payload::ComponentSection { .. } => {
                self.components.add(1u32)?;
                self.nest()
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::TypeSection(section) => self.types.add(section.count()),
            Payload::CoreTypeSection(section) => self.types.add(section.count()),
            Payload::ComponentTypeSection(section) => {
                self.types.add(section.count())?;
                section.into_iter().try_for_each(|ty| self.component_type(&ty.map_err(|error| invalid(&error))?))
            }
            Payload::FunctionSection(section) => self.functions.add(section.count()),
            Payload::CodeSectionEntry(body) => check_body(&body),
            Payload::TableSection(section) => self.tables.add(section.count()),
            Payload::MemorySection(section) => self.memories.add(section.count()),
            Payload::GlobalSection(section) => self.globals.add(section.count()),
            Payload::ImportSection(section) => {
                self.imports.add(section.count())?;
                for import in section.into_imports() {
                    let import = import.map_err(|error| invalid(&error))?;
                    self.name(import.module)?;
                    self.name(import.name)?;
                }
                Ok(())
            }
            Payload::ExportSection(section) => {
                self.exports.add(section.count())?;
                section.into_iter().try_for_each(|export| self.name(export.map_err(|error| invalid(&error))?.name))
            }
            Payload::ElementSection(section) => self.element_segments.add(section.count()),
            Payload::DataSection(section) => self.data_segments.add(section.count()),
            Payload::InstanceSection(section) => self.instances.add(section.count()),
            Payload::ComponentInstanceSection(section) => self.instances.add(section.count()),
            Payload::ComponentAliasSection(section) => self.aliases.add(section.count()),
            Payload::ComponentImportSection(section) => {
                self.imports.add(section.count())?;
                section.into_iter().try_for_each(|import| self.name(import.map_err(|error| invalid(&error))?.name.name))
            }
            Payload::ComponentExportSection(section) => {
                self.exports.add(section.count())?;
                section.into_iter().try_for_each(|export| self.name(export.map_err(|error| invalid(&error))?.name.name))
            }
            Payload::ComponentCanonicalSection(section) => {
                section.into_iter().try_for_each(|function| self.canonical(&function.map_err(|error| invalid(&error))?))
            }
            Payload::ComponentStartSection { .. } => Err(unneeded("a component's start function", "组件的启动函数")),
            Payload::TagSection(_) => Err(unneeded("exceptions", "异常")),
            Payload::CustomSection(section) => {
                self.custom_sections.add(1u32)?;
                self.name(section.name())
            }
            _ => Ok(()),
        }
    }

    fn nest(&mut self) -> Result<(), UploadError> {
        self.depth += 1;
        check(&NESTING, self.depth)
    }

    fn name(&mut self, name: &str) -> Result<(), UploadError> {
        check(&NAME_BYTES, name.len() as u64)?;
        self.name_bytes.add(name.len() as u64)
    }

    fn component_type(&mut self, ty: &ComponentType<'_>) -> Result<(), UploadError> {
        match ty {
            ComponentType::Component(declarations) => self.types.add(declarations.len() as u64),
            ComponentType::Instance(declarations) => self.types.add(declarations.len() as u64),
            // A table of handles would grow on the host, where neither fuel nor the guest's memory counts it.
            ComponentType::Resource { .. } => Err(unneeded("resources", "资源类型")),
            ComponentType::Defined(_) | ComponentType::Func(_) => Ok(()),
        }
    }

    fn canonical(&mut self, function: &CanonicalFunction) -> Result<(), UploadError> {
        match function {
            CanonicalFunction::Lift { .. } => self.lifts.add(1u32),
            // Calls between components copy and transcode on the host, where fuel does not count it.
            CanonicalFunction::Lower { .. } => Err(unneeded("calls between its own components", "组件之间的调用")),
            CanonicalFunction::ResourceNew { .. } | CanonicalFunction::ResourceDrop { .. } | CanonicalFunction::ResourceRep { .. } => {
                Err(unneeded("resources", "资源类型"))
            }
            _ => Err(unneeded("threads or asynchronous calls", "线程或异步调用")),
        }
    }
}

fn check_body(body: &FunctionBody<'_>) -> Result<(), UploadError> {
    let range = body.range();
    check(&FUNCTION_BYTES, (range.end - range.start) as u64)?;
    let groups = body.get_locals_reader().map_err(|error| invalid(&error))?;
    let mut locals = 0u64;
    for group in groups {
        let (more, _) = group.map_err(|error| invalid(&error))?;
        locals = locals.saturating_add(u64::from(more));
        check(&LOCALS, locals)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
