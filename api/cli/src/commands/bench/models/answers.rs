//! Runs each model once and puts the truth beside its numbers.

use super::without_privacy::{clusters, dispersion, least_squares, mean_and_variance, newton, quantile, scatter};
use super::{Answer, Line, Sample, coefficients, finding};
use crate::commands::bench::domain::{Bench, Dataset};
use crate::commands::bench::failed;
use crate::commands::bench::people::{Lines, NAMES, Person, Year, people};
use crate::commands::demo::material::MATERIAL_SCHEMA;
use crate::front::CliError;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_service::view::ReleaseShown;

macro_rules! dataset_file {
    ($path:literal) => {
        include_str!(concat!("../../../../../../sample-models/datasets/", $path))
    };
}

/// Dollars a visit, by year: a made-up public list.
const PRICES: &str = "year,price\n1,10\n2,11\n3,12\n4,13\n5,14\n";

/// Which truth belongs to an answer: from its statistic, key and estimate.
type Truth<'a> = Box<dyn Fn(&str, &str, &str) -> Option<f64> + 'a>;

/// One model's answer.
pub(super) fn answer(sample: &Sample) -> Result<Answer, CliError> {
    let people = people()?;
    let prices = if sample.name == "visits-cost" { [("prices", PRICES)].as_slice() } else { &[] };
    let shown = Bench::new(&datasets(sample.name)?, sample.module)?.ask_with(1.0, &[], prices, 2)?.shown;
    let lines = match sample.name {
        "visits-ols" => ols(&shown, &people)?,
        "any-visit-logistic" => logistic(&shown, &people)?,
        "spending-clusters" => spending(&shown, &people)?,
        name => estimates(&shown, &truth(name, &people)?),
    };
    let round = &shown.release.round;
    Ok(Answer { model: sample.name, rounds: round.number, rounds_reserved: round.reserved, epsilon: shown.release.price.epsilon, lines })
}

fn datasets(model: &str) -> Result<Vec<Dataset<'static>>, CliError> {
    let clinics = || Dataset {
        name: "clinics",
        schema: dataset_file!("clinics/schema.toml"),
        tables: vec![("patients", dataset_file!("clinics/patients.csv").into()), ("visits", dataset_file!("clinics/visits.csv").into())],
    };
    let insured = || Dataset {
        name: "insured",
        schema: dataset_file!("insured/schema.toml"),
        tables: vec![("members", dataset_file!("insured/members.csv").into())],
    };
    Ok(match model {
        "clinic-visits" => vec![clinics()],
        "insured-visits" => vec![clinics(), insured()],
        _ => {
            let everybody = Lines::of_the_public_file()?.file_of(|_| true)?;
            vec![Dataset { name: "rand-hie", schema: MATERIAL_SCHEMA, tables: vec![("person-years", everybody)] }]
        }
    })
}

/// All estimates for which there is a truth.
fn estimates(shown: &ReleaseShown, truth: &Truth<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for statistic in &shown.release.statistics {
        for group in &statistic.groups {
            let key = group.key.as_deref().unwrap_or_default();
            for estimate in &group.estimates {
                let Some(without_privacy) = truth(statistic.statistic.as_str(), key, &estimate.name) else { continue };
                let what = [statistic.statistic.as_str(), key, &estimate.name].into_iter().filter(|word| !word.is_empty());
                let what = what.collect::<Vec<_>>().join(", ");
                let interval = Some([estimate.lower, estimate.upper]);
                lines.push(Line { what, released: estimate.value, interval, without_privacy });
            }
        }
    }
    lines
}

fn years(people: &[Person]) -> impl Iterator<Item = &Year> {
    people.iter().flat_map(|person| &person.years)
}

fn coinsurance(rate: f64) -> &'static str {
    ["0", "25", "50", "95"][[12.5, 37.5, 72.5].iter().filter(|end| rate >= **end).count()]
}

fn truth<'a>(model: &str, people: &'a [Person]) -> Result<Truth<'a>, CliError> {
    Ok(match model {
        "visits-by-plan" => Box::new(move |_, plan, estimate| {
            let visits: Vec<f64> = people
                .iter()
                .filter(|person| person.plan.to_string() == plan)
                .flat_map(|person| &person.years)
                .map(|year| year.visits as f64)
                .collect();
            (estimate == "mean" && !visits.is_empty()).then(|| mean_and_variance(&visits)[0])
        }),
        "expensive-years" => Box::new(move |_, key, _| {
            let expensive = |person: &&Person| person.years.iter().filter(|year| year.dollars > 500.0).count().to_string() == key;
            Some(people.iter().filter(expensive).count() as f64)
        }),
        "expenditure" => Box::new(move |_, _, estimate| {
            let [mean, variance] = mean_and_variance(&years(people).map(|year| year.dollars).collect::<Vec<_>>());
            match estimate {
                "mean" => Some(mean),
                "variance" => Some(variance),
                _ => None,
            }
        }),
        "expenditure-quantiles" => Box::new(move |_, rate, estimate| {
            let probability: f64 = estimate.strip_prefix("quantile ")?.parse().ok()?;
            let mut dollars: Vec<f64> =
                years(people).filter(|year| coinsurance(year.coinsurance) == rate).map(|year| year.dollars).collect();
            Some(quantile(&mut dollars, probability))
        }),
        "total-visits" => Box::new(move |_, _, estimate| {
            let all: i64 = people.iter().map(Person::visits).sum();
            match estimate {
                "sum" => Some(all as f64),
                "mean" => Some(all as f64 / people.len() as f64),
                _ => None,
            }
        }),
        "visits-cost" => Box::new(move |_, _, _| Some(years(people).map(|year| year.visits as f64 * (9.0 + year.number)).sum())),
        "visits-dispersion" => {
            let [alpha, zeros] = dispersion(&years(people).map(|year| year.visits as f64).collect::<Vec<_>>());
            Box::new(move |statistic, _, _| Some(if statistic == "dispersion" { alpha } else { zeros }))
        }
        "clinic-visits" => clinics()?,
        "insured-visits" => insured()?,
        other => return Err(failed(format!("no truth for {other}"))),
    })
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn clinics() -> Result<Truth<'static>, CliError> {
    let date = |text: &str| text.parse::<jiff::civil::Date>().map_err(failed);
    let born: BTreeMap<&str, &str> = rows(dataset_file!("clinics/patients.csv")).map(|row| (row[0], row[1])).collect();
    let (mut patients, mut ages) = (BTreeMap::<&str, BTreeSet<&str>>::new(), Vec::new());
    for row in rows(dataset_file!("clinics/visits.csv")) {
        patients.entry(row[1]).or_default().insert(row[0]);
        let born = date(born.get(row[0]).copied().unwrap_or_default())?;
        let days = date(row[2])?.since(born).map_err(failed)?.get_days();
        ages.push(f64::from(days) / 365.25);
    }
    let [age, _] = mean_and_variance(&ages);
    Ok(Box::new(move |statistic, clinic, estimate| match statistic {
        "patients" => patients.get(clinic).map(|patients| patients.len() as f64),
        _ => (estimate == "mean").then_some(age),
    }))
}

fn insured() -> Result<Truth<'static>, CliError> {
    let schemes: BTreeMap<&str, &str> = rows(dataset_file!("insured/members.csv")).map(|row| (row[0], row[1])).collect();
    let mut costs = BTreeMap::<&str, Vec<f64>>::new();
    for row in rows(dataset_file!("clinics/visits.csv")) {
        if let Some(scheme) = schemes.get(row[0]) {
            costs.entry(scheme).or_default().push(row[3].parse().map_err(failed)?);
        }
    }
    Ok(Box::new(move |statistic, scheme, estimate| {
        let costs = costs.get(scheme)?;
        match (statistic, estimate) {
            ("visits", _) => Some(costs.len() as f64),
            (_, "mean") => Some(mean_and_variance(costs)[0]),
            _ => None,
        }
    }))
}

fn ols(shown: &ReleaseShown, people: &[Person]) -> Result<Vec<Line>, CliError> {
    let row = |person: &Person, year: &Year| (year.features, year.visits as f64, 1.0 / person.years.len() as f64);
    let truth = least_squares(&people.iter().flat_map(|person| person.years.iter().map(move |year| row(person, year))).collect::<Vec<_>>());
    let line = |((name, released), without_privacy): ((&&str, f64), f64)| {
        let error = finding(shown, &format!("standard error of {name}"))?;
        Ok(Line { what: (*name).to_owned(), released, interval: Some([released - 2.0 * error, released + 2.0 * error]), without_privacy })
    };
    NAMES.iter().zip(coefficients(shown)?).zip(truth).map(line).collect()
}

fn logistic(shown: &ReleaseShown, people: &[Person]) -> Result<Vec<Line>, CliError> {
    let truth = newton(&years(people).map(|year| (year.features, year.visits > 0)).collect::<Vec<_>>());
    let line = |((name, released), without_privacy): ((&&str, f64), f64)| Line {
        what: (*name).to_owned(),
        released,
        interval: None,
        without_privacy,
    };
    Ok(NAMES.iter().zip(coefficients(shown)?).zip(truth).map(line).collect())
}

/// More in a year counts as so many.
const DOLLARS_MAX: f64 = 10_000.0;
/// Where the module's centres begin, in dollars.
const FIRST: [[f64; 3]; 4] = [[5.0, 1.0, 0.0], [50.0, 10.0, 0.0], [200.0, 50.0, 0.0], [200.0, 50.0, 1_000.0]];

fn spending(shown: &ReleaseShown, people: &[Person]) -> Result<Vec<Line>, CliError> {
    let scaled = |dollars: f64| (dollars.ln_1p() / DOLLARS_MAX.ln_1p()).min(1.0);
    let mean =
        |person: &Person, number: usize| person.years.iter().map(|year| year.spending[number]).sum::<f64>() / person.years.len() as f64;
    let points: Vec<[f64; 3]> = people.iter().map(|person| std::array::from_fn(|number| scaled(mean(person, number)))).collect();
    let truth = clusters(&points, FIRST.iter().map(|centre| centre.map(scaled)).collect());
    let (mut lines, mut released_centres) = (Vec::new(), Vec::new());
    for (group, centre) in truth.iter().enumerate() {
        let name = |what: &str| format!("group {}, {what}", group + 1);
        let members = points.iter().filter(|point| super::without_privacy::nearest(point, &truth) == group).count() as f64;
        let mut add = |what: &str, without_privacy: f64| {
            let released = finding(shown, &name(what))?;
            lines.push(Line { what: name(what), released, interval: None, without_privacy });
            Ok::<_, CliError>(released)
        };
        add("persons", members)?;
        let mut released_centre = [0.0; 3];
        for (number, what) in ["outpatient", "drugs", "hospital"].into_iter().enumerate() {
            released_centre[number] = scaled(add(what, (centre[number] * DOLLARS_MAX.ln_1p()).exp_m1())?);
        }
        released_centres.push(released_centre);
    }
    let spread = |centres: &[[f64; 3]]| scatter(&points, centres);
    lines.push(Line {
        what: "sum of squared distances to the nearest centre".into(),
        released: spread(&released_centres),
        interval: None,
        without_privacy: spread(&truth),
    });
    Ok(lines)
}
