//! What became of an attack.

use crate::attack::Attack;
use crate::error::Broken;
use crate::view::View;
use serde::Serialize;
use tidegate_terms::Message as _;

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It failed, and this is what refused it.
    Refused(String),
    /// It did what it tried.
    Through(String),
}

impl Outcome {
    /// Through if something that must not happen did.
    pub fn through_if(happened: bool, what: impl Into<String>, refused_by: impl Into<String>) -> Self {
        if happened { Self::Through(what.into()) } else { Self::Refused(refused_by.into()) }
    }
}

/// Whether an attack was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It made no difference, or it was refused.
    Held,
    /// A person's presence made a difference that somebody can see.
    Leaked,
    /// It did what it tried.
    Through,
    /// It could not be mounted, and says nothing.
    Broken,
}

/// An attack with its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Its name.
    pub attack: &'static str,
    /// The rows that it stands for, such as `A1`.
    pub rows: Vec<String>,
    /// The guards that hold it.
    pub guards: Vec<&'static str>,
    /// What it tries.
    pub tries: crate::attack::Tries,
    /// What became of it.
    pub verdict: Verdict,
    /// What refused it, or the first difference. In the words of the program's answers.
    pub detail: String,
}

impl Judged {
    fn new(attack: &Attack, verdict: Verdict, detail: String) -> Self {
        Self {
            attack: attack.name,
            rows: attack.rows.iter().map(|row| format!("A{row}")).collect(),
            guards: attack.guards.iter().map(|guard| guard.name()).collect(),
            tries: attack.tries,
            verdict,
            detail,
        }
    }

    /// From two views, with the target and without. `exact` says whether released numbers are compared.
    pub(crate) fn neighbours(attack: &Attack, with: Result<View, Broken>, without: Result<View, Broken>, exact: bool) -> Self {
        match (with, without) {
            (Err(error), _) | (_, Err(error)) => Self::broken(attack, &error),
            (Ok(with), Ok(without)) => match with.difference(&without, attack.mount.moves().filter(|_| exact)) {
                Some(difference) => Self::new(attack, Verdict::Leaked, difference),
                None => Self::new(attack, Verdict::Held, String::new()),
            },
        }
    }

    /// From what an attempt came to.
    pub(crate) fn attempt(attack: &Attack, outcome: Result<Outcome, Broken>) -> Self {
        match outcome {
            Ok(Outcome::Refused(by)) => Self::new(attack, Verdict::Held, by),
            Ok(Outcome::Through(what)) => Self::new(attack, Verdict::Through, what),
            Err(error) => Self::broken(attack, &error),
        }
    }

    pub(crate) fn broken(attack: &Attack, error: &Broken) -> Self {
        Self::new(attack, Verdict::Broken, format!("{}: {error}", error.code()))
    }

    /// Whether it succeeded.
    pub fn succeeded(&self) -> bool {
        matches!(self.verdict, Verdict::Leaked | Verdict::Through)
    }
}
