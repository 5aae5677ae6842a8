//! The rules in force: the pack of the place, working days, limits of levels.

use crate::Refused;
use crate::operations::settings::{CALENDAR, LEVELS, PLACE, SettingRecord, StoredPack};
use jiff::civil::Date;
use tidegate_rules::{Calendar, LevelMatrix, Pack, Standing, built_in_packs};
use tidegate_service::ServiceError;
use tidegate_store::Books;
use tidegate_terms::messages;

messages! {
    /// Why rules are not in force.
    pub enum RulesError {
        UnknownPack { pack: String } = "rules.unknown" {
            en: "there is no rule pack `{pack}`: name one that `GET /v1/settings` shows, or load its file first",
            zh: "没有规则包“{pack}”：请指定 `GET /v1/settings` 所列规则包，或先载入其文件",
        },
    }
}

/// The place whose pack is in force until the authority says otherwise.
const FIRST_PLACE: &str = "sys";

/// The rules in force. A change makes a new value; calls that have begun go on under the one they began with.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    packs: Vec<Pack>,
    place: usize,
    calendar: Calendar,
    levels: LevelMatrix,
}

impl Rules {
    /// Those that come with the program.
    pub fn built_in() -> Result<Self, Refused> {
        let packs = built_in_packs()?;
        let place = packs.iter().position(|pack| pack.rules().id.as_str() == FIRST_PLACE).unwrap_or(0);
        Ok(Self { packs, place, calendar: Calendar::built_in()?, levels: LevelMatrix::built_in()? })
    }

    /// Those of a domain: what was loaded there stands over what comes with the program.
    pub(crate) async fn of(books: &Books) -> Result<Self, Refused> {
        let mut rules = Self::built_in()?;
        for row in books.all_governed("pack", None, "", u32::MAX).await.map_err(ServiceError::from)? {
            let stored: StoredPack = serde_json::from_str(&row.content).map_err(tidegate_store::StoreError::from)?;
            rules.take(Pack::parse(stored.text.as_bytes())?);
        }
        for row in books.all_governed("setting", None, "", u32::MAX).await.map_err(ServiceError::from)? {
            let stored: SettingRecord = serde_json::from_str(&row.content).map_err(tidegate_store::StoreError::from)?;
            match stored.setting.as_str() {
                CALENDAR => rules.calendar = Calendar::parse(&stored.text)?,
                LEVELS => rules.levels = LevelMatrix::parse(&stored.text)?,
                PLACE => rules.choose(&stored.text)?,
                _ => {}
            }
        }
        Ok(rules)
    }

    fn take(&mut self, pack: Pack) {
        match self.packs.iter_mut().find(|known| known.rules().id == pack.rules().id) {
            Some(known) => *known = pack,
            None => self.packs.push(pack),
        }
    }

    /// Puts the pack of a place in force.
    pub(crate) fn choose(&mut self, place: &str) -> Result<(), Refused> {
        let found = self.packs.iter().position(|pack| pack.rules().id.as_str() == place);
        self.place = found.ok_or_else(|| RulesError::UnknownPack { pack: place.chars().take(64).collect() })?;
        Ok(())
    }

    /// The pack of the place.
    pub fn pack(&self) -> &Pack {
        &self.packs[self.place]
    }

    /// All packs that are known.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// Working days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Limits of levels.
    pub fn levels(&self) -> &LevelMatrix {
        &self.levels
    }

    /// How the pack stands on a day; `None` where it refuses.
    pub fn standing(&self, today: Date) -> Option<Standing> {
        self.pack().standing(today).ok()
    }
}
