//! Everything that a world showed during one attack, to whatever role, masked and in order.

use crate::error::Broken;
use crate::mask::{Mask, Noised};
use crate::world::World;
use std::fs;
use std::path::Path;

/// What was seen: named pieces of text, and the noised numbers.
pub(crate) struct View {
    pieces: Vec<(String, String)>,
    noised: Vec<Noised>,
}

impl View {
    /// Of the attack that has just ended.
    pub(crate) fn of(world: &World) -> Result<Self, Broken> {
        let mut mask = Mask::new(world.place());
        let mut pieces = Vec::new();
        for (index, said) in world.shown().iter().enumerate() {
            let call = format!("call {} ({})", index + 1, said.call());
            let json = said.arguments.iter().any(|argument| argument == "--json");
            pieces.push((format!("{call}, arguments"), mask.words(&said.arguments.join(" "))));
            pieces.push((format!("{call}, exit code"), format!("{:?}", said.code)));
            let mut text = |text: &str| if json { mask.text(text) } else { mask.numberless(text) };
            pieces.push((format!("{call}, output"), text(&said.out)));
            pieces.push((format!("{call}, errors"), text(&said.err)));
        }
        for (name, words) in world.files() {
            // A chart, and a page with one, have as many lines as the noised numbers want.
            let drawn = [".svg", ".html"].iter().any(|end| name.ends_with(end));
            let words = if drawn { String::new() } else { mask.numberless(words) };
            pieces.push((format!("file {}", mask.words(name)), words));
        }
        log_files(&world.log(), &mut pieces);
        entries(world, &mut mask, &mut pieces)?;
        pieces.extend(world.facts().iter().cloned());
        Ok(Self { pieces, noised: mask.noised })
    }

    /// The first difference to another view. `moves` is how far a noised number may move, where noise is off.
    pub(crate) fn difference(&self, other: &Self, moves: Option<f64>) -> Option<String> {
        for ((name, here), (other_name, there)) in self.pieces.iter().zip(&other.pieces) {
            if name != other_name {
                return Some(format!("{name} against {other_name}"));
            }
            if here != there {
                return Some(format!("{name}: {}", first_line(here, there)));
            }
        }
        if self.pieces.len() != other.pieces.len() {
            return Some(format!("{} pieces against {}", self.pieces.len(), other.pieces.len()));
        }
        moves.and_then(|moves| self.movement(other, moves))
    }

    /// Where one person moved the released numbers of an answer by more than the sealed bounds allow, together.
    fn movement(&self, other: &Self, moves: f64) -> Option<String> {
        if self.noised.len() != other.noised.len() {
            return Some(format!("{} released numbers against {}", self.noised.len(), other.noised.len()));
        }
        let (mut text, mut moved) = (0, 0.0);
        for (here, there) in self.noised.iter().zip(&other.noised).filter(|(here, _)| here.is_estimate()) {
            if here.text != text {
                (text, moved) = (here.text, 0.0);
            }
            moved += (here.number - there.number).abs();
            // Estimates are sums of grid steps as floating point: exact to many more digits than this. A sum that is not a
            // number is none that was declared.
            let room = moves + 1e-6 * (1.0 + here.number.abs().max(there.number.abs()));
            if moved.is_nan() || moved > room {
                let Noised { path, number, .. } = here;
                let without = there.number;
                return Some(format!("{path} is {number} with the target and {without} without; one person may move an answer by {moves}"));
            }
        }
        None
    }
}

/// The first lines that differ, side by side.
fn first_line(here: &str, there: &str) -> String {
    let (mut here, mut there) = (here.lines(), there.lines());
    loop {
        match (here.next(), there.next()) {
            (None, None) => return String::new(),
            (one, other) if one != other => {
                let short = |line: Option<&str>| {
                    line.map_or("nothing".to_owned(), |line| format!("`{}`", line.trim().chars().take(160).collect::<String>()))
                };
                return format!("{} with the target, {} without", short(one), short(other));
            }
            _ => {}
        }
    }
}

/// Names and sizes of the published log's files; digests in names do not occur there.
fn log_files(log: &Path, pieces: &mut Vec<(String, String)>) {
    let (mut found, mut open) = (Vec::new(), vec![log.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(data) = entry.metadata() {
                let name = path.strip_prefix(log).unwrap_or(&path).display().to_string();
                found.push(format!("{name} {}", data.len()));
            }
        }
    }
    found.sort();
    pieces.push(("names and sizes of the log's files".into(), found.join("\n")));
}

/// The entries that the attack left in the log, each with its size.
fn entries(world: &World, mask: &mut Mask, pieces: &mut Vec<(String, String)>) -> Result<(), Broken> {
    let mut found = Vec::new();
    let read = tidegate_log::read_history(&world.log(), None, |position, bytes, _| {
        if position >= world.log_before() {
            found.push(format!("{position}, {} bytes: {}", bytes.len(), String::from_utf8_lossy(bytes)));
        }
    });
    read.map_err(|_| Broken::Answer { call: "reading the log".into() })?;
    pieces.push(("entries of the log".into(), found.iter().map(|entry| mask.words(entry)).collect::<Vec<_>>().join("\n")));
    Ok(())
}
