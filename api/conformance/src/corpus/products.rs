//! What leaves as a product: its package must not tell more than the release in it (A3, A20).

use super::offender;
use crate::attack::{Attack, Mount, Tries};
use crate::error::Broken;
use crate::module::Offender;
use crate::scene::{DATASET, OPERATOR, PEOPLE};
use crate::world::{World, text};
use tidegate_terms::Guard;

/// To whom the package goes.
const RECIPIENT: &str = "a bank";

pub(super) const ATTACKS: &[Attack] = &[Attack {
    name: "reads-a-package",
    rows: &[3, 20],
    guards: &[Guard::TrapDefault],
    given: &[],
    by_construction: None,
    tries: Tries {
        en: "breaks when it meets the target, and reads the package of the product that is made of the release",
        zh: "遇到目标人员时出错，然后阅读由发布结果制成的产品包",
    },
    scene: &PEOPLE,
    mount: Mount::Neighbours { acts: reads_a_package, moves: 1.0 },
}];

fn reads_a_package(world: &mut World) -> Result<(), Broken> {
    let name = "reads-a-package";
    world.upload_offender(name, &Offender::of(offender!("unreachable")))?;
    let said = world.run(DATASET, name, "0.5", &[])?;
    if !said.is_done() {
        return Ok(());
    }
    let run = said.json()?["run"].as_str().unwrap_or_default().to_owned();
    let key = text(&world.beside("bank.key"));
    world.ask(&["key", "new", &key])?.json()?;
    world.show(&["product", "policy", "--notice-days", "0", "--by", "authority"])?.json()?;
    let application = text(&world.write("application.toml", application(&run))?);
    let registered = world.show(&["product", "register", "--application", &application])?.json()?;
    let product = registered["product"].as_str().unwrap_or_default().to_owned();
    for step in ["accept", "review", "notice"] {
        world.show(&["product", step, &product, "--by", "registry"])?.json()?;
    }
    let code = ["--code", "DP-1", "--issuer", "registry", "--scheme", "none"];
    world.show(&[&["product", "code", &product, "--by", "registry"][..], &code].concat())?.json()?;
    let terms = world.show(&["product", "terms", &product])?.json()?["terms"].as_str().unwrap_or_default().to_owned();
    let (terms, signed) = (text(&world.write("terms", terms)?), text(&world.beside("terms.signed")));
    let acknowledgement = ["product", "acknowledgement", &product, "--terms", &terms, "--recipient", RECIPIENT];
    world.ask(&[&acknowledgement[..], &["--key", &key, "--out", &signed]].concat())?.json()?;
    world.show(&["product", "acknowledge", &signed])?.json()?;
    let (package, public) = (world.beside("package"), format!("{key}.pub"));
    let trade = ["--exchange", "an exchange", "--listing", "L-1", "--contract", "C-1"];
    let deliver = ["product", "deliver", &product, "--to", RECIPIENT, "--recipient-key", &public, "--out", &text(&package)];
    world.show(&[&deliver[..], &trade].concat())?.json()?;
    world.show_files(&package)
}

fn application(run: &str) -> String {
    let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(200));
    format!(
        "operator = \"{OPERATOR}\"\nruns = [\"{run}\"]\nform = \"数据报告\"\nuse_class = \"public_good\"\n\
         title = {{ zh = \"合计\", en = \"A total\" }}\ndescription = {{ zh = \"合计\", en = \"A total\" }}\n\
         scenario = {{ zh = \"规划\", en = \"Planning\" }}\nprice = {{ fen = 0, metering = \"产品数量\" }}\n\
         rights = {{ holding = \"bureau\", processing = \"{OPERATOR}\", operation = \"{OPERATOR}\" }}\n\
         risk_assessment = {{ reference = \"R-1\", assessor = \"assessor\", valid_until = \"{until}\" }}\n"
    )
}
