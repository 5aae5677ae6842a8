//! Manifests that ask for what cannot be priced or measured: each refused by `model check` by name and with
//! what to do. And what a run says about clamping, where that was paid for.

use std::fs;
use tidegate_tests::domain::{Domain, IMMEDIATELY, text};
use tidegate_tests::program::repository;
use tidegate_tests::unchanged::listing;

const HEAD: &str = "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = { zh = \"测试\", en = \"Test\" }\npurpose = \"health-planning\"\n\
    [resources]\nfuel_per_unit = 20000\nmemory_bytes = 1048576\n[[inputs]]\ntable = \"person-years\"\ncolumns = [\"plan\", \"mdvis\"]\n";

#[test]
fn what_cannot_be_measured_is_refused_by_name() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.plan,person-years.mdvis", "4");
    let component = fs::read(repository("sample-models/built/expensive-years.wasm")).expect("component");
    let one = |measure: &str| format!("[[statistics]]\nname = \"a\"\n{measure}\n");
    let two = |first: &str, second: &str| format!("{}[[statistics]]\nname = \"b\"\n{second}\n", one(first));
    let vector = |rest: &str| one(&format!("measure = \"vector_sum\"\n{rest}"));
    let quantiles = |rest: &str| one(&format!("measure = \"quantiles\"\n{rest}"));
    let count = "measure = \"count\"";
    let cases = [
        // Keys: twice, and in another normal form.
        (one(&format!("{count}\ngroups = {{ keys = [\"x\", \"x\"] }}")), "manifest.key-twice"),
        (one(&format!("{count}\ngroups = {{ keys = [\"e\u{301}\", \"y\"] }}")), "manifest.key-form"),
        (one(&format!("{count}\ngroups = {{ keys = [\" x\", \"y\"] }}")), "manifest.key-form"),
        // Norms, dimensions, candidates, probabilities.
        (vector("dimension = 3\nnorm = \"l2\"\nbound = 0.0"), "manifest.norm-bound"),
        (vector("dimension = 3\nnorm = \"l1\"\nbound = nan"), "manifest.norm-bound"),
        (vector("dimension = 0\nnorm = \"l2\"\nbound = 1.0"), "manifest.dimension"),
        (vector("dimension = 2000000\nnorm = \"l2\"\nbound = 1.0"), "manifest.dimension"),
        (quantiles("candidates = [1.0, 3.0, 2.0]\nprobabilities = [0.5]"), "manifest.candidates"),
        (quantiles("candidates = [1.0, 1.0]\nprobabilities = [0.5]"), "manifest.candidates"),
        (quantiles("candidates = [1.0, 2.0]\nprobabilities = [0.5, 1.0]"), "manifest.probabilities"),
        (quantiles("candidates = [1.0, 2.0]\nprobabilities = []"), "manifest.probabilities"),
        // Weights: not for all, or not adding up.
        (two(&format!("{count}\nweight = 0.5"), count), "manifest.weights"),
        (two(&format!("{count}\nweight = 0.5"), &format!("{count}\nweight = 0.6")), "manifest.weights"),
        // Rounds without end, rounds of nothing; blocks.
        (format!("{}[rounds]\nmax = 0\n", one(count)), "manifest.rounds"),
        (format!("{}[rounds]\nmax = 1000000\n", one(count)), "manifest.rounds"),
        (format!("{}[rounds]\nmax = 2\nstate_max = 2000000\n", one(count)), "manifest.rounds"),
        (format!("{}[blocks]\ncount = 1\n", one("measure = \"block_mean\"\nbounds = [0.0, 1.0]")), "manifest.rounds"),
        (format!("{}[blocks]\ncount = 10\n", one(count)), "manifest.block-measure"),
        (one("measure = \"block_mean\"\nbounds = [0.0, 1.0]"), "manifest.block-measure"),
        // Automatic bounds that take everything; discovered keys where they mean nothing; a hierarchy of nobody.
        (one("measure = \"sum\"\nbounds = [0.0, 9.0]\nautomatic = { share = 1.0 }"), "manifest.automatic"),
        (
            one("measure = \"variance\"\nbounds = [0.0, 9.0]\nvalues_per_unit = 1\ngroups = { discovered = {} }"),
            "manifest.discovered-measure",
        ),
        (one(&format!("{count}\ngroups = {{ keys = [\"x\"] }}\nhierarchy = {{ parent = \"nobody\" }}")), "manifest.hierarchy-parent"),
        (one("measure = \"median\""), "manifest.syntax"),
    ];
    let before = listing(domain.directory());
    for (place, (statistics, code)) in cases.iter().enumerate() {
        let model = domain.model_of(&format!("m{place}"), &component, &format!("{HEAD}{statistics}"));
        let refusal = domain.ask(&["model", "check", text(&model)]).refused(code);
        assert!(refusal.en.len() > 30, "{code}: {}", refusal.en);
    }
    assert_eq!(listing(domain.directory()), before, "refusals leave nothing behind");
}

/// More cells than any run may release: known only beside the dataset's categories and declared units.
#[test]
fn too_many_cells_are_refused_before_anything_is_charged() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.plan,person-years.mdvis", "4");
    let component = fs::read(repository("sample-models/built/expensive-years.wasm")).expect("component");
    let wide = "[[statistics]]\nname = \"a\"\nmeasure = \"quantiles\"\ncandidates = { lower = 0.0, upper = 1.0, steps = 4000 }\n\
        probabilities = [0.5]\ngroups = { keys = [KEYS], per_unit = 1 }\n";
    let keys: Vec<String> = (0..400).map(|key| format!("\"k{key}\"")).collect();
    domain.upload(&domain.model_of("wide", &component, &format!("{HEAD}{}", wide.replace("KEYS", &keys.join(","))))).json();
    domain.run("m", "1", &[]).refused("manifest.too-many-cells");
    assert_eq!(domain.account()["spent"], 0.0);
}

/// At tight bounds most of a sum is lost to the clamp, whatever its noise: a run that paid for the number of clamped units
/// says so and advises.
#[test]
fn a_release_advises_on_bounds_where_that_was_paid_for() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.mdvis", "8");
    let manifest = fs::read_to_string(repository("sample-models/models/total-visits/manifest.toml")).expect("manifest");
    let declared = |name: &str, upper: &str| {
        let text = manifest
            .replace("name = \"total-visits\"", &format!("name = \"{name}\""))
            .replace("automatic = { share = 0.1 }", "clamped_share = true");
        text.replace("1830.0", upper)
    };
    let component = fs::read(repository("sample-models/built/total-visits.wasm")).expect("component");
    let advice = |name: &str, upper: &str| {
        domain.upload(&domain.model_of(name, &component, &declared(name, upper))).json();
        let release = domain.run(name, "2", &[]).json();
        let sum = &release["statistics"][0];
        (sum["advice"].clone(), sum["overall"]["estimates"][0]["value"].as_f64().expect("number of clamped units"))
    };
    let (tight, clamped) = advice("tight", "5.0");
    assert_eq!(tight, "widen");
    assert!(clamped > 1_000.0, "{clamped}");
    let (wide, clamped) = advice("wide", "1830.0");
    assert_eq!(wide, "tighten");
    assert!(clamped < 200.0, "{clamped}");
}
