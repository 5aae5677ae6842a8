//! The engine through its public interface: exact totals whatever the number of workers, a unit that kills
//! its process becomes the default, and no unit sees what another left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tidegate_accountant::{Account, AdmissionError, Caps, Charge, Cost, Price, Reservation, admit};
use tidegate_engine::{EngineError, Job, Processes, Source, Workers, execute};
use tidegate_sandbox::contract::{Contribution, Inputs, Unit, Values};
use tidegate_sandbox::{CompiledModule, Limits, Sandbox, compile};
use tidegate_shards::{ImportRequest, Projection, ShardManifest, ShardReader, UnitHash, import};
use tidegate_terms::{DeltaCost, Manifest, Mechanism, Name, ParameterValue, PublicSchema, Rho};
use tidegate_tests::domain::{place, rand_hie_schema};
use tidegate_tests::program::repository;
use tidegate_tests::truth::Truth;

const SALT: [u8; 32] = [9; 32];

/// The RAND data in shards of their own.
struct Data {
    _place: TempDir,
    directory: PathBuf,
    schema: PublicSchema,
    shards: ShardManifest,
}

impl Data {
    fn import() -> Self {
        let place = place();
        let schema = PublicSchema::parse(&rand_hie_schema()).expect("schema");
        let request = ImportRequest {
            schema: schema.clone(),
            files: vec![(name("person-years"), repository("sample-models/datasets/rand-hie/rand_hie.csv"))],
            into: place.path().join("shards"),
            unit_key: [7; 32],
            digest_salt: SALT,
        };
        let (shards, report) = import(&request, &mut |_| {}).expect("import");
        assert_eq!((report.units, report.rows), (5912, 20190));
        assert!(shards.shards.iter().all(|shard| shard.units > 100), "every shard has units");
        Self { directory: request.into, _place: place, schema, shards }
    }

    /// All units of a shard with some columns, each with its hash.
    fn units(&self, shard: usize, columns: &[&str]) -> Vec<(UnitHash, Unit)> {
        let (table, columns) = (name("person-years"), columns.iter().map(|column| name(column)).collect::<Vec<_>>());
        let projection = Projection::new(&self.schema, [(&table, columns.as_slice())]).expect("projection");
        let entry = &self.shards.shards[shard];
        let path = self.directory.join(&entry.file);
        let mut reader = ShardReader::open(&path, &self.schema, &projection, Some((&SALT, entry.digest))).expect("shard");
        let mut units = Vec::new();
        loop {
            let mut unit = Unit { tables: vec![] };
            match reader.next_unit(&mut unit).expect("unit") {
                Some(hash) => units.push((hash, unit)),
                None => return units,
            }
        }
    }
}

/// A sample model, compiled.
struct Model {
    manifest: Manifest,
    module: CompiledModule,
    parameters: Vec<ParameterValue>,
}

impl Model {
    fn sample(name: &str) -> Self {
        let read = |path: String| std::fs::read(repository(&path)).expect("sample model");
        let manifest = String::from_utf8(read(format!("sample-models/models/{name}/manifest.toml"))).expect("text");
        let manifest = Manifest::parse(&manifest).expect("manifest");
        let module = compile(&read(format!("sample-models/built/{name}.wasm"))).expect("compile");
        let parameters = manifest.parse_parameters(&[]).expect("defaults");
        Self { manifest, module, parameters }
    }

    /// The totals of a paid run by workers of this program.
    fn totals(&self, data: &Data, workers: usize, program: &Path, arguments: &[String]) -> Result<Vec<i64>, EngineError> {
        let job = Job {
            manifest: &self.manifest,
            schema: &data.schema,
            parameters: &self.parameters,
            side_tables: &[],
            module: &self.module,
            sources: vec![Source { schema: &data.schema, shards: &data.shards, directory: data.directory.clone(), digest_salt: SALT }],
        };
        let command = || {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        };
        let workers = Workers { count: workers, command: &command, processes: &Processes::new() };
        execute(&reservation(), &job, &workers).map(|totals| totals.for_the_gate().fixed.clone())
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

/// A reservation as admission makes it, over an account that this test keeps.
fn reservation() -> Reservation {
    let charge = Charge {
        statistic: name("persons"),
        part: "count".into(),
        mechanism: Mechanism::Gaussian,
        scale: 10.0,
        sensitivity: 1.0,
        cells: 1,
        rho: Rho::from_units(1),
        delta: DeltaCost::ZERO,
        first_round: 1,
        rounds: 1,
    };
    let account = Account { cap: Cost { rho: Rho::from_units(10), delta: DeltaCost::ZERO }, spent: Cost::ZERO };
    let caps = [Caps { name: name("lineage"), lineage: account, grant: account, run: account.cap.rho, period: None }];
    let admitted = admit("r1".into(), Price { charges: vec![charge] }, &caps, async |_| Ok::<_, AdmissionError>(()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(admitted).expect("admission")
}

fn worker() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_worker-that-dies"))
}

// clause: G19 permitted
#[test]
fn totals_are_equal_for_one_two_and_four_workers() {
    let data = Data::import();
    for sample in ["expensive-years", "visits-by-plan", "expenditure", "offender-keeps-state", "offender-out-of-range"] {
        let model = Model::sample(sample);
        let one = model.totals(&data, 1, &worker(), &[]).expect("run");
        assert!(one.iter().any(|total| *total != 0), "{sample}");
        for workers in [2, 4] {
            assert_eq!(model.totals(&data, workers, &worker(), &[]).expect("run"), one, "{sample}, {workers} workers");
        }
    }
    let expected = Truth::read().expensive_years(500.0);
    assert_eq!(Model::sample("expensive-years").totals(&data, 2, &worker(), &[]).expect("run"), expected);
}

/// The key of `expensive-years` into which a unit falls.
fn expensive_years(unit: &Unit) -> usize {
    let Values::Floats(amounts) = &unit.tables[0].columns[0].values else { panic!("amounts are floats") };
    amounts.iter().filter(|amount| **amount > 500.0).count()
}

#[test]
fn a_unit_that_kills_its_process_becomes_the_default_and_nobody_else_does() {
    let data = Data::import();
    let model = Model::sample("expensive-years");
    let last = data.shards.shards[5].units - 1;
    // One alone, two neighbours, the first and the last of a shard.
    for deadly in [vec![(3, 17)], vec![(2, 40), (2, 41)], vec![(5, 0), (5, last), (0, 0)]] {
        let mut expected = Truth::read().expensive_years(500.0);
        for (shard, unit) in &deadly {
            let units = data.units(*shard, &["meddol"]);
            expected[expensive_years(&units[*unit as usize].1)] -= 1;
        }
        let arguments: Vec<String> = deadly.iter().map(|(shard, unit)| format!("{shard}:{unit}")).collect();
        for workers in [1, 2] {
            let totals = model.totals(&data, workers, &worker(), &arguments).expect("a guest cannot make a run fail");
            assert_eq!(totals, expected, "{deadly:?}, {workers} workers");
        }
    }
}

#[test]
fn a_worker_that_never_starts_holds_the_run_and_defaults_nobody() {
    let data = Data::import();
    let model = Model::sample("expensive-years");
    let refused = model.totals(&data, 2, Path::new("/bin/false"), &[]);
    assert!(refused.is_err(), "a fault of the host is no default");
    let refused = model.totals(&data, 2, Path::new("/nonexistent"), &[]);
    assert!(matches!(refused, Err(EngineError::Spawn { .. })), "{refused:?}");
}

// clause: G19, J2 refused
#[test]
fn a_changed_shard_holds_the_run() {
    let data = Data::import();
    let file = data.directory.join(&data.shards.shards[1].file);
    let mut bytes = std::fs::read(&file).expect("shard");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).expect("write");
    let refused = Model::sample("expensive-years").totals(&data, 2, &worker(), &[]);
    assert!(matches!(refused, Err(EngineError::HostFault { .. })), "{refused:?}");
}

/// Small datasets of made-up people: a line for each, `id,value`.
fn import_lines(lines: &[(u32, f64)], table: &str, unit_key: [u8; 32]) -> (TempDir, PublicSchema, ShardManifest) {
    let schema = format!(
        "title = {{ zh = \"\", en = \"\" }}\nsource = \"\"\nacquired = \"2026-01-01\"\nlineage = \"l\"\nunits_max = 20000\n\
         privacy_unit = {{ kind = \"person\", column = \"id\", identifier = \"integer\" }}\n[[tables]]\nname = \"{table}\"\n\
         rows_per_unit_max = 3\n[[tables.columns]]\nname = \"value\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 100.0\n"
    );
    let schema = PublicSchema::parse(&schema).expect("schema");
    let place = place();
    let text: String = lines.iter().map(|(id, value)| format!("{id},{value}\n")).collect();
    let file = place.path().join("lines.csv");
    std::fs::write(&file, format!("id,value\n{text}")).expect("write");
    let into = place.path().join("shards");
    let request = ImportRequest { schema: schema.clone(), files: vec![(name(table), file)], into, unit_key, digest_salt: SALT };
    let (shards, _) = import(&request, &mut |_| {}).expect("import");
    (place, schema, shards)
}

/// A module that answers one dense cell: the sum of the first column of its last table.
const SUMS_LAST: &str = include_str!("sums-last-table.wat");

fn totals_over(manifest: &str, datasets: &[&(TempDir, PublicSchema, ShardManifest)], workers: usize, deadly: &[String]) -> Vec<i64> {
    let manifest = Manifest::parse(manifest).expect("manifest");
    let module = compile(&wat::parse_str(SUMS_LAST).expect("wat")).expect("compile");
    let mut schema = datasets[0].1.clone();
    schema.tables.extend(datasets.iter().skip(1).flat_map(|(_, other, _)| other.tables.iter().cloned()));
    let sources =
        datasets.iter().map(|(place, schema, shards)| Source { schema, shards, directory: place.path().join("shards"), digest_salt: SALT });
    let job = Job { manifest: &manifest, schema: &schema, parameters: &[], side_tables: &[], module: &module, sources: sources.collect() };
    let command = || {
        let mut command = Command::new(worker());
        command.args(deadly);
        command
    };
    let workers = Workers { count: workers, command: &command, processes: &Processes::new() };
    execute(&reservation(), &job, &workers).expect("run").for_the_gate().fixed.clone()
}

const JOINS: &str = "contract = 1\nname = \"j\"\nversion = \"1\"\ntitle = { zh = \"\", en = \"\" }\npurpose = \"p\"\n\
    [[inputs]]\ntable = \"a\"\ncolumns = [\"value\"]\n[[inputs]]\ntable = \"b\"\ncolumns = [\"value\"]\njoined = true\n\
    [[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [0.0, 100.0]\ngrid = 1.0\n\
    [resources]\nfuel_per_unit = 100000\nmemory_bytes = 131072";

/// A join sees who is in both, whatever the number of shards on each side; a unit on one side alone changes nothing, and one
/// that joins on either side changes the totals by its own contribution alone (its neighbours' pairs in the audit).
#[test]
fn a_join_adds_exactly_the_units_of_both_sides() {
    let left: Vec<(u32, f64)> = (0..3_000).map(|id| (id, 1.0)).collect();
    let right: Vec<(u32, f64)> = (1_000..5_000).map(|id| (id, f64::from(id % 7))).collect();
    let both: i64 = (1_000..3_000).map(|id: i64| id % 7).sum();
    let (a, b) = (import_lines(&left, "a", [7; 32]), import_lines(&right, "b", [7; 32]));
    for workers in [1, 2, 4] {
        assert_eq!(totals_over(JOINS, &[&a, &b], workers, &[]), [both], "{workers} workers");
    }
    // Neighbours: one unit more on one side only, one unit more that the other side has already.
    let alone = import_lines(&[left.as_slice(), &[(9_000, 50.0)]].concat(), "a", [7; 32]);
    assert_eq!(totals_over(JOINS, &[&alone, &b], 2, &[]), [both]);
    let alone = import_lines(&[right.as_slice(), &[(9_000, 50.0)]].concat(), "b", [7; 32]);
    assert_eq!(totals_over(JOINS, &[&a, &alone], 2, &[]), [both]);
    let joined = import_lines(&[left.as_slice(), &[(4_000, 1.0)]].concat(), "a", [7; 32]);
    assert_eq!(totals_over(JOINS, &[&joined, &b], 2, &[]), [both + 4_000 % 7]);
    let joined = import_lines(&[right.as_slice(), &[(5, 90.0), (5, 100.0)]].concat(), "b", [7; 32]);
    let change = totals_over(JOINS, &[&a, &joined], 2, &[])[0] - both;
    assert!((0..=100).contains(&change), "a unit changes no more than its bound: {change}");
}

/// Sample and aggregate: every unit is in one block, a new unit changes its own block alone (attack A11), and a block that
/// kills its process counts as the default.
#[test]
fn a_block_holds_its_own_units_and_dies_alone() {
    let manifest = |count: u32| {
        format!(
            "contract = 1\nname = \"b\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n\
             [[inputs]]\ntable = \"a\"\ncolumns = [\"value\"]\n[[statistics]]\nname = \"s\"\nmeasure = \"block_mean\"\n\
             bounds = [0.0, 100000.0]\n[blocks]\ncount = {count}\n[resources]\nfuel_per_unit = 10000000\nmemory_bytes = 1048576"
        )
    };
    let people: Vec<(u32, f64)> = (0..3_000).map(|id| (id, 1.0)).collect();
    let a = import_lines(&people, "a", [7; 32]);
    let step = |totals: &[i64], blocks: u32| totals[0] as f64 / f64::from(blocks);
    let mut of_one = None;
    for blocks in [7, 8, 50] {
        let one = totals_over(&manifest(blocks), &[&a], 1, &[]);
        assert_eq!(one, totals_over(&manifest(blocks), &[&a], 4, &[]), "{blocks} blocks");
        // All units together, each once: the same total whatever the number of blocks, up to a grid step for each.
        let total = one[0];
        let first = *of_one.get_or_insert(total);
        assert!((total - first).unsigned_abs() <= u64::from(blocks) + 7, "{blocks}: {total} {first}");
        let more = import_lines(&[people.as_slice(), &[(70_000, 100.0)]].concat(), "a", [7; 32]);
        let with = totals_over(&manifest(blocks), &[&more], 2, &[]);
        let change = with[0] - total;
        assert!(change > 0 && (step(&[change], 1) * 3_000.0 / first as f64 - 100.0).abs() < 1.0, "one unit more, worth 100 of the others");
        let dead = totals_over(&manifest(blocks), &[&a], 2, &[format!("{}:3", u32::MAX)]);
        let lost = total - dead[0];
        assert!(lost > 0 && lost < total / i64::from(blocks) * 2, "{blocks}: one block's result is gone: {lost} of {total}");
    }
}

/// Cells of an answer, bit by bit.
fn bits(answer: &[Contribution]) -> Vec<Vec<(u32, u64)>> {
    let cells = |contribution: &Contribution| match contribution {
        Contribution::Dense(values) => values.iter().enumerate().map(|(index, value)| (index as u32, value.to_bits())).collect(),
        Contribution::Sparse(cells) => cells.iter().map(|cell| (cell.index, cell.value.to_bits())).collect(),
        Contribution::Keyed(_) => panic!("no sample discovers keys here"),
    };
    answer.iter().map(cells).collect()
}

/// Attack A1: globals, static memory, grown memory and slots of the pool. What a unit contributes is the same to
/// the last bit whatever units came before it, also when those trapped or looped.
#[test]
fn a_contribution_does_not_depend_on_the_units_before() {
    let data = Data::import();
    for (sample, columns) in
        [("offender-keeps-state", ["plan"].as_slice()), ("offender-out-of-range", &["plan"]), ("offender-loops", &["income", "xage"])]
    {
        let model = Model::sample(sample);
        let limits = Limits { fuel: 100_000, memory_bytes: model.manifest.resources.memory_bytes, answer_bytes: 1 << 17 };
        let units: Vec<_> = (0..2).flat_map(|shard| data.units(shard, columns)).collect();
        let forwards = Sandbox::new(&model.module, Inputs::new(&model.parameters, Vec::new()), limits, false).expect("sandbox");
        let answers: BTreeMap<_, _> = units.iter().map(|(hash, unit)| (*hash, forwards.contribute(unit).ok())).collect();
        let backwards = Sandbox::new(&model.module, Inputs::new(&model.parameters, Vec::new()), limits, false).expect("sandbox");
        for (hash, unit) in units.iter().rev() {
            let (before, after) = (answers[hash].as_deref().map(bits), backwards.contribute(unit).ok().as_deref().map(bits));
            assert_eq!(before, after, "{sample}");
        }
        if sample == "offender-keeps-state" {
            let one = vec![vec![(0, 1f64.to_bits())]; 3];
            assert!(answers.values().all(|answer| answer.as_deref().map(bits).as_ref() == Some(&one)), "each call is the first");
        }
    }
}
