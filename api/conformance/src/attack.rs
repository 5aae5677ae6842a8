//! An attack: what it tries, which rows of the list it stands for, and which guards hold it.

use crate::error::Broken;
use crate::module::Offender;
use crate::scene::Scene;
use crate::verdict::Outcome;
use crate::world::World;
use tidegate_terms::Guard;

/// What an attack tries, in a sentence.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Tries {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

/// How an attack is mounted.
#[derive(Clone, Copy)]
pub enum Mount {
    /// An offender is uploaded and run in two worlds that differ by one person.
    Module(Offender),
    /// The same acts in two worlds that differ by one person.
    Neighbours {
        /// What is done; every call is recorded with all that it shows.
        acts: fn(&mut World) -> Result<(), Broken>,
        /// How far the released numbers of one answer may move together for one person, where noise is off: the sealed
        /// bounds allow no more.
        moves: f64,
    },
    /// Something is tried in one world.
    Attempt(fn(&mut World) -> Result<Outcome, Broken>),
}

impl Mount {
    /// How far released numbers may move for one person; nothing where worlds are not compared.
    pub(crate) fn moves(&self) -> Option<f64> {
        match self {
            Self::Module(offender) => Some(offender.moves),
            Self::Neighbours { moves, .. } => Some(*moves),
            Self::Attempt(_) => None,
        }
    }
}

/// The beginning of an attack that a table completes: mounted on the people, by an offender.
pub(crate) const fn by_offender(
    name: &'static str,
    rows: &'static [u8],
    guards: &'static [Guard],
    tries: Tries,
    offender: Offender,
) -> Attack {
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene: &crate::scene::PEOPLE, mount: Mount::Module(offender) }
}

/// One attack of the corpus.
#[derive(Clone, Copy)]
pub struct Attack {
    /// A stable name, lower-case words with hyphens.
    pub name: &'static str,
    /// The rows of the list of attacks (`A1` ...) that it stands for.
    pub rows: &'static [u8],
    /// What holds it: without these guards, all of them down together, it succeeds.
    pub guards: &'static [Guard],
    /// Guards that are down wherever they can be, so that it reaches the one that holds it.
    pub given: &'static [Guard],
    /// Why no guard can be taken away to let it succeed; absent where one can.
    pub by_construction: Option<&'static str>,
    /// What it tries.
    pub tries: Tries,
    /// The world in which it is mounted.
    pub scene: &'static Scene,
    /// How.
    pub mount: Mount,
}

impl Attack {
    /// Whether it says something only where noise is drawn: where noise holds it, or what noise is drawn from.
    pub(crate) fn needs_noise(&self) -> bool {
        self.guards.iter().any(|guard| matches!(guard, Guard::Noise | Guard::FreshNoise))
    }

    /// Whether a word of `--only` means it: its name, or a row such as `A17`.
    pub fn is_meant(&self, word: &str) -> bool {
        let row = word.strip_prefix(['A', 'a']).and_then(|number| number.parse().ok());
        self.name == word || row.is_some_and(|row: u8| self.rows.contains(&row))
    }
}
