use super::*;
use opendp::domains::{AtomDomain, MapDomain};
use opendp::measurements::{make_gaussian_threshold, make_laplace_threshold};
use opendp::measures::{Approximate, MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{AbsoluteDistance, L0PInfDistance};
use tidegate_terms::{Manifest, Mechanism, PublicSchema};

fn layout(statistics: &str) -> Layout {
    let schema = PublicSchema::parse(
        "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2024-01-01\"\nlineage = \"l\"\nunits_max = 1000\n\
         privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
         [[tables]]\nname = \"t\"\nrows_per_unit_max = 5\n[[tables.columns]]\nname = \"x\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0",
    );
    let manifest = format!(
        "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n[[inputs]]\ntable = \"t\"\n\
         columns = [\"x\"]\n{statistics}\n[resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536"
    );
    Layout::seal(&Manifest::parse(&manifest).expect("manifest"), &schema.expect("schema")).expect("layout")
}

const COUNT: &str = "[[statistics]]\nname = \"c\"\nmeasure = \"count\"\n";
const GROUPED: &str = "[[statistics]]\nname = \"g\"\nmeasure = \"count\"\ngroups = { keys = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"], per_unit = 8 }\n";

/// OpenDP's own privacy map finds no more delta in a threshold than was charged for it.
#[test]
fn opendp_agrees_on_thresholds() {
    for (mechanism, name) in [(Mechanism::Gaussian, "gaussian"), (Mechanism::Laplace, "laplace")] {
        for (per_unit, delta) in [(1_u32, 1e-6), (4, 1e-9), (20, 1e-5)] {
            let layout = layout(&format!(
                "{COUNT}mechanism = \"{name}\"\ngroups = {{ discovered = {{ delta = {delta:e} }}, per_unit = {per_unit} }}"
            ));
            let charge = calibrate(&layout, Rho::cap(0.1)).expect("calibrate").remove(0);
            let placed = &layout.statistics()[0];
            let one = (1.0 / placed.parts[0].step) as i128;
            let threshold = (placed.threshold_of_units(&[charge.scale]).expect("threshold") / placed.parts[0].step).round() as i128;
            let domain = MapDomain::new(AtomDomain::<bool>::default(), AtomDomain::<i128>::default());
            let keys = i128::from(per_unit);
            let found = match mechanism {
                Mechanism::Gaussian => {
                    let metric = L0PInfDistance::<2, _>(AbsoluteDistance::<i128>::default());
                    let measurement = make_gaussian_threshold::<_, _, Approximate<ZeroConcentratedDivergence>>(
                        domain,
                        metric,
                        charge.scale,
                        threshold,
                        None,
                    );
                    let l2 = one * (f64::from(per_unit).sqrt().ceil() as i128);
                    measurement.and_then(|measurement| measurement.map(&(per_unit, l2, one))).expect("map").1
                }
                Mechanism::Laplace => {
                    let metric = L0PInfDistance::<1, _>(AbsoluteDistance::<i128>::default());
                    let measurement =
                        make_laplace_threshold::<_, _, Approximate<MaxDivergence>>(domain, metric, charge.scale, threshold, None);
                    measurement.and_then(|measurement| measurement.map(&(per_unit, one * keys, one))).expect("map").1
                }
            };
            assert!(
                found <= charge.delta.get() && charge.delta.get() <= delta * (1.0 + 1e-9) + 1e-18,
                "{name} {per_unit} {delta}: {found}"
            );
        }
    }
}

#[test]
fn the_split_minimises_the_sum_of_relative_errors() {
    let layout = layout(&format!("{COUNT}{GROUPED}"));
    let charges = calibrate(&layout, Rho::cap(0.1)).expect("calibrate");
    let rho: Vec<f64> = charges.iter().map(|charge| charge.rho.get()).collect();
    assert!(rho.iter().sum::<f64>() <= 0.1 && rho.iter().sum::<f64>() > 0.1 * (1.0 - 1e-6));
    // Relative errors at rho = 1 are 1 and sqrt 8.
    let errors = |first: f64| 1.0 / first.sqrt() + 8f64.sqrt() / (0.1 - first).sqrt();
    assert!(errors(rho[0]) <= errors(rho[0] * 1.05) && errors(rho[0]) <= errors(rho[0] * 0.95));
}

#[test]
fn weights_are_shares_and_the_price_never_exceeds_the_budget() {
    let layout = layout(&format!("{COUNT}weight = 0.25\n{GROUPED}weight = 0.75\n"));
    let charges = calibrate(&layout, Rho::cap(0.1)).expect("calibrate");
    assert!((charges[0].rho.get() - 0.025).abs() < 1e-6 && (charges[1].rho.get() - 0.075).abs() < 1e-6);
    assert!(calibrate(&layout, Rho::from_units(1)).is_err());
}

#[test]
fn a_first_round_is_calibrated_alone_and_takes_its_share() {
    let layout =
        layout(&format!("{COUNT}[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [0.0, 1e6]\nautomatic = {{ share = 0.2 }}\n"));
    assert_eq!(split_of_bounds_round(&layout), 0.2);
    let first = layout.bounds_round().expect("a first round");
    let charges = calibrate(&first, Rho::cap(0.02)).expect("calibrate");
    assert_eq!(charges.iter().map(|charge| (charge.statistic.as_str(), charge.part.as_str())).collect::<Vec<_>>(), [("s", "bounds")]);
}
