//! The engine through its public interface: exact totals whatever the number of workers, a unit that kills
//! its process becomes the default, and no unit sees what another left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use tidegate_accountant::{Account, AdmissionError, Caps, Charge, Cost, Price, Reservation, admit};
use tidegate_engine::{EngineError, Job, Source, Workers, execute};
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
        let workers = Workers { count: workers, command: &command, stop: &AtomicBool::new(false) };
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
