//! Imports end to end: a small obvious model beside the real thing, and each way in which a file can be bad.

use super::*;
use crate::identity::Identifiers;
use crate::{Projection, ShardError, ShardReader, UnitHash};
use polars::prelude::{Column, DataFrame, DataType, NamedFrom as _, ParquetWriter, Series};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use tempfile::TempDir;
use tidegate_sandbox::contract::{Unit, Values};
use tidegate_terms::{IdentifierKind, Message as _};

const KEY: [u8; 32] = [7; 32];
const SALT: [u8; 32] = [9; 32];

const SCHEMA: &str = r#"
    title = { zh = "测试", en = "Test" }
    source = "made up"
    acquired = "2024-01-01"
    lineage = "people"
    units_max = 1000
    privacy_unit = { kind = "person", column = "id", identifier = "integer" }
    [[tables]]
    name = "visits"
    rows_per_unit_max = 4
    excess_rows = "keep_first"
    [[tables.columns]]
    name = "age"
    type = "integer"
    minimum = 0
    maximum = 120
    [[tables.columns]]
    name = "cost"
    type = "float"
    minimum = 0.0
    maximum = 500.0
    nullable = true
    outside = "clamp"
    [[tables.columns]]
    name = "district"
    type = "category"
    categories = ["north", "south", "other"]
    outside = { other = "other" }
    [[tables]]
    name = "notes"
    rows_per_unit_max = 3
    [[tables.columns]]
    name = "text"
    source = "remark"
    type = "text"
    bytes_max = 12
    nullable = true
    outside = "missing"
    [[tables.columns]]
    name = "day"
    type = "date"
    minimum = "2020-01-01"
    maximum = "2024-12-31"
    missing = "drop_row"
    outside = "drop_row"
    [[tables.columns]]
    name = "urgent"
    type = "boolean"
"#;

const VISITS: &str = "id,age,cost,district\n1,30,1.5,north\n2,40,,west\n";
const NOTES: &str = "id,remark,day,urgent\n1,ok,2024-02-29,true\n";

struct Place {
    dir: TempDir,
    schema: PublicSchema,
}

type Imported = Result<(ShardManifest, ImportReport), ImportError>;

impl Place {
    fn new(schema: &str) -> Self {
        Self { dir: TempDir::new().expect("temporary directory"), schema: PublicSchema::parse(schema).expect("schema") }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }

    fn import(&self, files: &[(&str, PathBuf)], into: &str) -> Imported {
        let files = files.iter().map(|(table, path)| (Name::parse(table).expect("name"), path.clone())).collect();
        let into = self.dir.path().join(into);
        let request = ImportRequest { schema: self.schema.clone(), files, into, unit_key: KEY, digest_salt: SALT };
        let request: ImportRequest = serde_json::from_str(&serde_json::to_string(&request).expect("JSON")).expect("JSON");
        import(&request, &mut |_| ())
    }

    fn import_texts(&self, visits: &str, notes: &str, into: &str) -> Imported {
        let files = [("visits", self.file("visits.csv", visits)), ("notes", self.file("notes.csv", notes))];
        self.import(&files, into)
    }

    fn read(&self, into: &str, manifest: &ShardManifest, projection: &Projection) -> BTreeMap<UnitHash, Unit> {
        let mut units = BTreeMap::new();
        for entry in &manifest.shards {
            let path = self.dir.path().join(into).join(&entry.file);
            let mut reader = ShardReader::open(&path, &self.schema, projection, Some((&SALT, entry.digest))).expect("shard");
            assert_eq!((reader.unit_count(), reader.row_count(), reader.index()), (entry.units, entry.rows, entry.index));
            let mut unit = Unit { tables: Vec::new() };
            while let Some(hash) = reader.next_unit(&mut unit).expect("unit") {
                assert!(units.insert(hash, unit.clone()).is_none(), "a unit stands twice");
            }
        }
        units
    }

    fn read_all(&self, into: &str, manifest: &ShardManifest) -> BTreeMap<UnitHash, Unit> {
        self.read(into, manifest, &Projection::all(&self.schema))
    }

    fn staging_is_gone(&self) -> bool {
        let entries = std::fs::read_dir(self.dir.path()).expect("directory");
        entries.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with(".importing"))
    }
}

fn hash(id: i128) -> UnitHash {
    Identifiers::new(IdentifierKind::Integer, &KEY).of_integer(id).expect("identifier")
}

/// A cell as text, `None` where it is missing: enough to compare.
fn cells(unit: &Unit, table: usize) -> Vec<Vec<Option<String>>> {
    let table = &unit.tables[table];
    let cell = |column: &tidegate_sandbox::contract::Column, row: usize| {
        if column.missing.as_ref().is_some_and(|missing| missing[row]) {
            return None;
        }
        Some(match &column.values {
            Values::Integers(values) => values[row].to_string(),
            Values::Floats(values) => values[row].to_string(),
            Values::Texts(values) => values[row].clone(),
            Values::Booleans(values) => values[row].to_string(),
            Values::Dates(values) => tidegate_terms::date_text(values[row]).expect("date"),
            Values::Categories(values) => values[row].to_string(),
        })
    };
    (0..table.row_count as usize).map(|row| table.columns.iter().map(|column| cell(column, row)).collect()).collect()
}

fn row(cells: &[&str]) -> Vec<Option<String>> {
    cells.iter().map(|cell| (*cell != "-").then(|| (*cell).to_owned())).collect()
}

/// A generator for tests, nothing else.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

/// A row as it stands in the file, and as it must come out (`None`: dropped).
struct Sample {
    id: u64,
    line: String,
    out: Option<Vec<Option<String>>>,
}

fn identifier(dice: &mut Dice, id: u64) -> String {
    match dice.roll(4) {
        0 => format!("\" 00{id}\""),
        1 => format!("+{id}"),
        _ => id.to_string(),
    }
}

fn visit(dice: &mut Dice, units: u64) -> Sample {
    let id = dice.roll(units);
    let age = dice.roll(121).to_string();
    let (cost, cost_out) = match dice.roll(6) {
        0 => (String::new(), "-".to_owned()),
        1 => ("900".to_owned(), "500".to_owned()),
        2 => ("-1e9".to_owned(), "0".to_owned()),
        3 => ("-0.0".to_owned(), "0".to_owned()),
        _ => {
            let cost = format!("{}.5", dice.roll(400));
            (cost.clone(), cost)
        }
    };
    let district = dice.pick(&["north", "south", "west", "\" north \"", "\"so\"\"uth\""]);
    let district_out = match district.trim_matches(['"', ' ']) {
        "north" => "0",
        "south" => "1",
        _ => "2",
    };
    let line = format!("{},{district},{age},{cost}", identifier(dice, id));
    Sample { id, line, out: Some(row(&[&age, &cost_out, district_out])) }
}

fn note(dice: &mut Dice, units: u64) -> Sample {
    let id = dice.roll(units);
    let (text, text_out) = match dice.roll(5) {
        0 => ("\"a\nb, \"\"c\"\"\"", "a\nb, \"c\""),
        1 => ("e\u{301}", "\u{e9}"),
        2 => ("much too long a text", "-"),
        3 => ("", "-"),
        _ => ("你好", "你好"),
    };
    let day = dice.pick(&["2024-02-29", "2020-01-01", "2023-02-29", "1999-01-01", ""]);
    let urgent = dice.pick(&["true", "False", "1", "0"]);
    let urgent_out = if ["true", "1"].contains(&urgent) { "true" } else { "false" };
    let line = format!("{text},{},{day},{urgent}", identifier(dice, id));
    let kept = ["2024-02-29", "2020-01-01"].contains(&day);
    Sample { id, line, out: kept.then(|| row(&[text_out, day, urgent_out])) }
}

fn file(header: &str, samples: &[Sample]) -> String {
    samples.iter().fold(format!("{header}\n"), |mut text, sample| {
        let _ = writeln!(text, "{}", sample.line);
        text
    })
}

type Model = BTreeMap<UnitHash, [Vec<Vec<Option<String>>>; 2]>;

fn model(visits: &[Sample], notes: &[Sample], visits_max: usize) -> Model {
    let mut model = Model::new();
    for (table, samples) in [visits, notes].into_iter().enumerate() {
        for sample in samples {
            if let Some(out) = &sample.out {
                model.entry(hash(sample.id.into())).or_default()[table].push(out.clone());
            }
        }
    }
    model.values_mut().for_each(|tables| tables[0].truncate(visits_max));
    model
}

#[test]
fn an_import_agrees_with_a_plain_grouping() {
    for seed in 0..12 {
        let mut place = Place::new(SCHEMA);
        place.schema.tables[1].rows_per_unit_max = 1000;
        let mut dice = Dice(seed);
        let units = 1 + dice.roll(60);
        let visits: Vec<Sample> = (0..dice.roll(400)).map(|_| visit(&mut dice, units)).collect();
        let notes: Vec<Sample> = (0..dice.roll(200)).map(|_| note(&mut dice, units)).collect();
        let texts = (file("id,district,age,cost", &visits), file("remark,id,day,urgent", &notes));
        let (manifest, report) = place.import_texts(&texts.0, &texts.1, "v1").expect("import");
        let units: Model = place.read_all("v1", &manifest).iter().map(|(hash, unit)| (*hash, [cells(unit, 0), cells(unit, 1)])).collect();
        let expected = model(&visits, &notes, 4);
        assert!(units == expected, "seed {seed}");
        assert_eq!(report.units, expected.len() as u64);
        let rows: usize = expected.values().map(|tables| tables[0].len() + tables[1].len()).sum();
        assert_eq!((report.rows, manifest.rows()), (rows as u64, rows as u64));
        for (table, samples) in report.tables.iter().zip([&visits, &notes]) {
            let dropped = table.rows_dropped_excess + table.rows_dropped_missing + table.rows_dropped_outside;
            assert_eq!((table.rows_read, table.rows_kept), (samples.len() as u64, samples.len() as u64 - dropped));
        }
        assert!(place.staging_is_gone());
    }
}

#[test]
fn units_do_not_depend_on_the_order_of_others_and_a_new_one_moves_none() {
    let place = Place::new(SCHEMA);
    let lines: Vec<String> = (0..300).map(|index| format!("{},{},1,north", index % 100, index / 100)).collect();
    let text = |lines: &[String]| format!("id,age,cost,district\n{}\n", lines.join("\n"));
    let notes = "id,remark,day,urgent\n";
    let (first, _) = place.import_texts(&text(&lines), notes, "first").expect("import");
    // Other units in between and in another order; within a unit the order stays.
    let mut moved: Vec<String> = lines.clone();
    moved.sort_by_key(|line| line.split(',').next().map(|id| id.chars().rev().collect::<String>()));
    let (second, _) = place.import_texts(&text(&moved), notes, "second").expect("import");
    assert_eq!(first, second, "not a byte differs");
    moved.insert(17, "100,50,1,south".to_owned());
    let (third, _) = place.import_texts(&text(&moved), notes, "third").expect("import");
    let changed: Vec<u32> = first.shards.iter().zip(&third.shards).filter(|(a, b)| a != b).map(|(a, _)| a.index).collect();
    assert_eq!(changed, [hash(100).shard(first.shard_count)]);
    let mut units = place.read_all("third", &third);
    assert!(units.remove(&hash(100)).is_some());
    assert!(units == place.read_all("first", &first));
}

#[test]
fn parquet_and_csv_of_the_same_rows_give_the_same_shards() {
    let place = Place::new(SCHEMA);
    let rows = 5000_i64;
    let mut csv = "id,age,cost,district,more\n".to_owned();
    for index in 0..rows {
        let cost = if index % 3 == 0 { String::new() } else { format!("{}", index % 700) };
        let _ = writeln!(csv, "00{},{},{cost},{},x", index % 990, index % 100, ["north", "west"][(index % 2) as usize]);
    }
    let notes = place.file("notes.csv", NOTES);
    let (from_csv, report) = place.import(&[("visits", place.file("visits.csv", &csv)), ("notes", notes.clone())], "csv").expect("import");
    assert_eq!(report.tables[0].columns_unknown, ["more"]);
    assert_eq!(report.tables[0].columns[1].missing, 1667);
    let column = |name: &str, series: Series| Column::from(series.with_name(name.into()));
    let costs: Vec<Option<f64>> = (0..rows).map(|index| (index % 3 != 0).then_some((index % 700) as f64)).collect();
    let ages: Vec<i32> = (0..rows).map(|index| (index % 100) as i32).collect();
    let districts: Vec<&str> = (0..rows).map(|index| ["north", "west"][(index % 2) as usize]).collect();
    for (name, ids) in [
        ("numbers", Series::new("".into(), (0..rows).map(|index| index % 990).collect::<Vec<_>>())),
        ("texts", Series::new("".into(), (0..rows).map(|index| format!(" {} ", index % 990)).collect::<Vec<_>>())),
    ] {
        let columns = vec![
            column("district", Series::new("".into(), &districts)),
            column("cost", Series::new("".into(), &costs)),
            column("id", ids),
            column("age", Series::new("".into(), &ages)),
        ];
        let mut frame = DataFrame::new(rows as usize, columns).expect("frame");
        let path = place.dir.path().join(format!("{name}.parquet"));
        let writer = ParquetWriter::new(std::fs::File::create(&path).expect("file")).with_row_group_size(Some(1700));
        writer.finish(&mut frame).expect("parquet");
        let (from_parquet, _) = place.import(&[("visits", path), ("notes", notes.clone())], name).expect("import");
        assert_eq!(from_parquet, from_csv, "{name}");
    }
}

#[test]
fn parquet_types_that_do_not_fit_and_damaged_files_are_refused() {
    let place = Place::new(SCHEMA);
    let notes = place.file("notes.csv", NOTES);
    let write = |name: &str, columns: Vec<Column>| {
        let path = place.dir.path().join(name);
        let mut frame = DataFrame::new(2, columns).expect("frame");
        ParquetWriter::new(std::fs::File::create(&path).expect("file")).finish(&mut frame).expect("parquet");
        path
    };
    let ids = || Column::new("id".into(), [1_i64, 2]);
    let ages = || Column::new("age".into(), [1_i64, 2]);
    let costs = || Column::new("cost".into(), [Some(1.0), None]);
    let districts = || Column::new("district".into(), ["north", "south"]);
    let good = write("good.parquet", vec![ids(), ages(), costs(), districts()]);
    place.import(&[("visits", good.clone()), ("notes", notes.clone())], "good").expect("good");
    let days = Column::new("age".into(), [1_i32, 2]).cast(&DataType::Date).expect("dates");
    let lists = Series::new("".into(), [Series::new("".into(), [1_i64]), Series::new("".into(), [2_i64])]);
    let cases = [
        (write("date.parquet", vec![ids(), days, costs(), districts()]), "import.parquet-type"),
        (write("list.parquet", vec![ids(), Column::new("age".into(), lists), costs(), districts()]), "import.parquet-type"),
        (write("float.parquet", vec![Column::new("id".into(), [1.0, 2.0]), ages(), costs(), districts()]), "import.parquet-type"),
        (
            write("bytes.parquet", vec![ids(), ages(), costs(), Column::new("district".into(), [b"a".as_slice(), b"b"])]),
            "import.parquet-type",
        ),
        (write("absent.parquet", vec![ids(), ages(), costs()]), "import.column-absent"),
        (write("no-id.parquet", vec![ages(), costs(), districts()]), "import.identifier-absent"),
        (place.file("text.parquet", VISITS), "import.parquet-unreadable"),
    ];
    for (index, (path, code)) in cases.into_iter().enumerate() {
        let error = place.import(&[("visits", path), ("notes", notes.clone())], &format!("bad{index}")).expect_err(code);
        assert_eq!(error.code(), code, "{error}");
    }
    // Cut off anywhere: an error, and nothing half-written.
    let bytes = std::fs::read(&good).expect("read");
    for length in (0..bytes.len()).step_by(7) {
        let path = place.file("cut.parquet", &bytes[..length]);
        let error = place.import(&[("visits", path), ("notes", notes.clone())], "cut").expect_err("cut off");
        assert!(["import.parquet-unreadable", "import.file-empty"].contains(&error.code().as_str()), "{error}");
    }
    assert!(place.staging_is_gone());
}

#[test]
fn each_bad_input_has_its_own_error_and_leaves_nothing() {
    let place = Place::new(SCHEMA);
    let texts = [
        ("", "import.file-empty"),
        ("1,30,1.5,north\n", "import.no-header"),
        ("id;age;cost;district\n1;30;1.5;north\n", "import.no-header"),
        ("id,age,cost\n1,30,1.5\n", "import.column-absent"),
        ("age,cost,district\n30,1.5,north\n", "import.identifier-absent"),
        ("id,age,cost,district,age\n1,30,1.5,north,3\n", "import.header-twice"),
        ("id,age,cost,district\n1,30,1.5\n", "import.ragged"),
        ("id,age,cost,district\n1,30,1.5,\"north\n", "import.unclosed-quote"),
        ("id,age,cost,district\n1,300,1.5,north\n", "import.outside"),
        ("id,age,cost,district\n1,thirty,1.5,north\n", "import.outside"),
        ("id,age,cost,district\n1,30.5,1.5,north\n", "import.outside"),
        ("id,age,cost,district\n1,,1.5,north\n", "import.missing"),
        ("id,age,cost,district\n1,30,1.5,\n", "import.missing"),
        ("id,age,cost,district\n,30,1.5,north\n", "import.identifier"),
        ("id,age,cost,district\nx,30,1.5,north\n", "import.identifier"),
    ];
    for (text, code) in texts {
        let error = place.import_texts(text, NOTES, "bad").expect_err(code);
        assert_eq!(error.code(), code, "{error}");
    }
    let (visits, notes) = (place.file("visits.csv", VISITS), ("notes", place.file("notes.csv", NOTES)));
    let files: [(Vec<(&str, PathBuf)>, &str); 6] = [
        (vec![("visits", place.dir.path().join("absent.csv")), notes.clone()], "import.file-not-found"),
        (vec![("visits", place.file("visits.xlsx", VISITS)), notes.clone()], "import.file-kind"),
        (vec![("visits", place.dir.path().to_owned()), notes.clone()], "import.file-read"),
        (vec![("visits", visits.clone()), ("visits", visits.clone()), notes.clone()], "import.table-twice"),
        (vec![("visits", visits.clone()), ("bills", visits.clone()), notes.clone()], "import.table-unknown"),
        (vec![("visits", visits)], "import.table-absent"),
    ];
    for (files, code) in files {
        let error = place.import(&files, "bad").expect_err(code);
        assert_eq!(error.code(), code, "{error}");
    }
    assert!(place.staging_is_gone() && !place.dir.path().join("bad").exists());
    place.import_texts(VISITS, NOTES, "good").expect("good");
    assert_eq!(place.import_texts(VISITS, NOTES, "good").expect_err("exists").code(), "import.destination-exists");
    assert_eq!(place.import_texts(VISITS, NOTES, "no/parent").expect_err("no parent").code(), "import.write");
}

// clause: I7 refused
#[test]
fn refusals_count_everything_at_once() {
    let place = Place::new(SCHEMA);
    let visits = "id,age,cost,district\n1,30,1,north\n1,300,1,north\n,1,1,north\n2,-1,1,\n";
    let error = place.import_texts(visits, NOTES, "bad").expect_err("refused");
    let said = error.to_string();
    for part in [
        "2 values outside [0, 120], first at line 3",
        "1 rows without a usable identifier, first at line 4",
        "1 missing values, first at line 5",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let ImportError::Refused(Refusals { report, .. }) = error else { panic!("refused") };
    assert_eq!((report.tables[0].rows_read, report.tables[0].columns[0].outside.refused), (4, 2));
}

#[test]
fn excess_rows_follow_their_rule_and_look_at_one_unit_only() {
    let notes = |count: usize| format!("id,remark,day,urgent\n{}3,z,2024-01-01,0\n", "5,a,2024-01-01,1\n".repeat(count));
    let mut place = Place::new(SCHEMA);
    let error = place.import_texts(VISITS, &notes(5), "refused").expect_err("refused");
    assert!(error.to_string().contains("1 units have more than the declared 3 rows (most: 5)"), "{error}");
    place.schema.tables[1].excess_rows = ExcessRows::DropUnit;
    let (manifest, report) = place.import_texts(VISITS, &notes(5), "dropped").expect("import");
    let units = place.read_all("dropped", &manifest);
    assert!(!units.contains_key(&hash(5)) && units.contains_key(&hash(3)));
    assert_eq!((report.tables[1].rows_dropped_excess, report.tables[1].units_with_excess), (5, 1));
    assert_eq!(report.tables[1].rows_per_unit, crate::Histogram { buckets: vec![1, 0, 1], largest: 5 });
    place.schema.tables[1].excess_rows = ExcessRows::KeepFirst;
    let (manifest, report) = place.import_texts(VISITS, &notes(5), "kept").expect("import");
    assert_eq!(place.read_all("kept", &manifest)[&hash(5)].tables[1].row_count, 3);
    assert_eq!((report.tables[1].rows_dropped_excess, report.tables[1].duplicates), (2, 2));
}

#[test]
fn more_units_than_declared_are_refused() {
    let place = Place::new(&SCHEMA.replace("units_max = 1000", "units_max = 3"));
    let text = |units: u32| (0..units).fold("id,age,cost,district\n".to_owned(), |text, unit| text + &format!("{unit},1,1,north\n"));
    place.import_texts(&text(3), "id,remark,day,urgent\n0,a,2024-01-01,1\n", "three").expect("import");
    let error = place.import_texts(&text(3), "id,remark,day,urgent\n7,a,2024-01-01,1\n", "four").expect_err("refused");
    assert_eq!(error.code(), "import.units-max");
    assert!(place.staging_is_gone());
}

#[test]
fn rows_without_identifier_are_dropped_where_the_schema_says_so() {
    let text = SCHEMA.replace("identifier = \"integer\"", "identifier = \"integer\", missing = \"drop_row\"");
    let place = Place::new(&text);
    let (_, report) = place.import_texts("id,age,cost,district\n,1,1,north\nx,900,1,north\n4,1,1,north\n", NOTES, "v1").expect("import");
    let table = &report.tables[0];
    assert_eq!((table.identifiers_missing, table.rows_kept, report.units), (2, 1, 2));
}

#[test]
fn an_empty_table_and_an_empty_dataset_are_datasets() {
    let place = Place::new(SCHEMA);
    let (manifest, report) = place.import_texts("id,age,cost,district", "id,remark,day,urgent\r\n", "v1").expect("import");
    assert_eq!((manifest.shards.len(), report.units), (8, 0));
    assert!(place.read_all("v1", &manifest).is_empty());
}

#[test]
fn projections_decode_what_they_name_in_their_order() {
    let place = Place::new(SCHEMA);
    let (manifest, _) = place.import_texts(VISITS, NOTES, "v1").expect("import");
    let name = |text: &str| Name::parse(text).expect("name");
    let wanted = [(name("notes"), vec![name("urgent"), name("text")]), (name("visits"), vec![name("district")])];
    let inputs = || wanted.iter().map(|(table, columns)| (table, columns.as_slice()));
    let projection = Projection::new(&place.schema, inputs()).expect("projection");
    let units = place.read("v1", &manifest, &projection);
    let one = &units[&hash(1)];
    assert_eq!((cells(one, 0), cells(one, 1)), (vec![row(&["true", "ok"])], vec![row(&["0"])]));
    assert_eq!(cells(&units[&hash(2)], 0).len(), 0);
    assert_eq!(cells(&units[&hash(2)], 1), [row(&["2"])]);
    for wrong in [vec![(name("bills"), vec![])], vec![(name("notes"), vec![name("age")])], vec![wanted[0].clone(), wanted[0].clone()]] {
        let inputs = wrong.iter().map(|(table, columns)| (table, columns.as_slice()));
        assert!(matches!(Projection::new(&place.schema, inputs), Err(ShardError::Projection)));
    }
}

#[test]
fn units_can_be_passed_over() {
    let place = Place::new(SCHEMA);
    let visits = (0..200).fold("id,age,cost,district\n".to_owned(), |text, unit| text + &format!("{unit},1,1,north\n"));
    let (manifest, _) = place.import_texts(&visits, "id,remark,day,urgent\n", "v1").expect("import");
    let entry = &manifest.shards[3];
    let open = || {
        ShardReader::open(&place.dir.path().join("v1").join(&entry.file), &place.schema, &Projection::all(&place.schema), None)
            .expect("open")
    };
    let mut unit = Unit { tables: Vec::new() };
    let (mut all, mut reader) = (Vec::new(), open());
    while let Some(hash) = reader.next_unit(&mut unit).expect("unit") {
        all.push(hash);
    }
    for skipped in 0..all.len() + 2 {
        let mut reader = open();
        assert_eq!(reader.skip_units(skipped as u64).expect("skip"), skipped.min(all.len()) as u64);
        assert_eq!(reader.next_unit(&mut unit).expect("unit"), all.get(skipped).copied());
    }
}

// clause: J2 refused
#[test]
fn damaged_shards_give_errors_and_never_panic() {
    let place = Place::new(SCHEMA);
    let (manifest, _) = place.import_texts(VISITS, NOTES, "v1").expect("import");
    let entry = &manifest.shards[hash(1).shard(8) as usize];
    let bytes = std::fs::read(place.dir.path().join("v1").join(&entry.file)).expect("read");
    let all = Projection::all(&place.schema);
    let read = |bytes: Vec<u8>, schema: &PublicSchema, expected| -> Result<u64, ShardError> {
        let mut reader = ShardReader::from_bytes(bytes, schema, &all, expected)?;
        let mut unit = Unit { tables: Vec::new() };
        let mut units = 0;
        while reader.next_unit(&mut unit)?.is_some() {
            units += 1;
        }
        Ok(units)
    };
    assert_eq!(read(bytes.clone(), &place.schema, Some((&SALT, entry.digest))).expect("whole"), entry.units);
    assert!(matches!(read(bytes.clone(), &place.schema, Some((&KEY, entry.digest))), Err(ShardError::Digest)));
    let mut other = place.schema.clone();
    other.units_max += 1;
    assert!(matches!(read(bytes.clone(), &other, None), Err(ShardError::Schema)));
    for length in 0..bytes.len() {
        assert!(read(bytes[..length].to_vec(), &place.schema, None).is_err(), "cut at {length}");
    }
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            assert!(matches!(read(changed.clone(), &place.schema, Some((&SALT, entry.digest))), Err(ShardError::Digest)));
            let _ = read(changed, &place.schema, None);
        }
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(read(longer, &place.schema, None).is_err());
}

#[test]
fn abandoned_imports_are_removed_and_running_ones_left_alone() {
    let place = Place::new(SCHEMA);
    let abandoned = place.dir.path().join(".importing-old");
    std::fs::create_dir(&abandoned).expect("directory");
    std::fs::write(abandoned.join("lock"), "").expect("lock");
    std::fs::write(abandoned.join("00000.rows"), "rows").expect("rows");
    let running = Staging::begin(&place.dir.path().join("new")).expect("staging");
    assert_eq!(discard_abandoned(place.dir.path()).expect("discard"), 1);
    assert!(!abandoned.exists() && running.dir.exists());
    assert_eq!(place.import_texts(VISITS, NOTES, "new").expect_err("busy").code(), "import.destination-busy");
    std::fs::create_dir(&abandoned).expect("directory");
    place.import_texts(VISITS, NOTES, "old").expect("an abandoned import is replaced");
}
