//! Rules and settings: packs of places, the calendar of working days, limits of levels. Files are loaded as they are and
//! kept in every version; what is in force stands in every decision.

use crate::offers::Offers;
use crate::{Desk, Done, Kept, Refused, Rules, Thing};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_http::api::Nothing;
use tidegate_rules::{Calendar, LevelMatrix, Pack, Standing};

pub(crate) const CALENDAR: &str = "calendar";
pub(crate) const LEVELS: &str = "levels";
pub(crate) const PLACE: &str = "place";
/// How many days before its end a pack is warned of.
const WARN_DAYS: i32 = 180;
/// The month from which the next year's calendar is missed: the notice comes in November.
const CALENDAR_MONTH: i8 = 11;

/// The file of a rule pack, as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPack {
    /// TOML.
    pub text: String,
}

impl Kept for StoredPack {
    const KIND: Kind = Kind::Settings;
    const NAME: &'static str = "pack";

    fn state(&self) -> &'static str {
        "in_force"
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// Another setting: the calendar, the limits of levels, or which place's pack is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingRecord {
    /// Which.
    pub setting: String,
    /// The file, or the identifier of the pack.
    pub text: String,
}

impl Kept for SettingRecord {
    const KIND: Kind = Kind::Settings;
    const NAME: &'static str = "setting";

    fn state(&self) -> &'static str {
        "in_force"
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// A file to be loaded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileInput {
    /// The file's text, TOML.
    #[schemars(length(min = 1, max = 500_000))]
    pub text: String,
}

/// Which place's pack is to be in force.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceInput {
    /// The identifier of the pack.
    #[schemars(length(min = 1, max = 64))]
    pub pack: String,
}

/// A rule pack as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackView {
    /// Its identifier.
    pub pack: String,
    /// The title of the text, in Chinese.
    pub title: String,
    /// Its place, in English.
    pub place: String,
    /// SHA-256 of its file.
    pub digest: String,
    /// Its first day.
    pub effective: String,
    /// Its last day, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
    /// Whether it may be decided under today.
    pub in_force: bool,
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsView {
    /// The pack under which is decided.
    pub pack: String,
    /// All packs that are known.
    pub packs: Vec<PackView>,
    /// SHA-256 of the calendar's file.
    pub calendar: String,
    /// The years whose working days are known.
    pub years: Vec<i16>,
    /// SHA-256 of the file of levels.
    pub levels: String,
    /// The names of levels, from the least to the most protected. No text of a place names them: they are configuration.
    pub level_names: Vec<String>,
    /// What ends soon or is missing, in English and Chinese.
    pub warnings: Vec<WarningView>,
}

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WarningView {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

fn example() -> SettingsView {
    SettingsView {
        pack: "sys".into(),
        packs: vec![PackView {
            pack: "sys".into(),
            title: "双鸭山市公共数据管理暂行办法".into(),
            place: "Shuangyashan".into(),
            digest: "0".repeat(64),
            effective: "2026-02-11".into(),
            last_day: Some("2028-02-10".into()),
            in_force: true,
        }],
        calendar: "0".repeat(64),
        years: vec![2025, 2026],
        levels: "0".repeat(64),
        level_names: vec!["l1".into(), "l2".into()],
        warnings: vec![],
    }
}

operation! {
    ShowSettings = "settings.show" in "settings";
    Get "/v1/settings" [];
    summary "Show the rules in force", "查看现行规则";
    says "Packs with their days and digests, the calendar, levels, and what ends soon.", "规则包及其有效期与摘要、工作日日历、级别，以及即将到期的内容。";
    takes Nothing, example Nothing {};
    gives SettingsView, example example();
    by show;
}

operation! {
    LoadPack = "settings.load_pack" in "settings";
    Post "/v1/settings/packs" [keyed, body 600_000];
    summary "Load a rule pack", "载入规则包";
    says "A new place, or a new text of a known one. Decisions from here on are made under it where its place is in force.", "新增地区或更新已有规则；该地区生效时，后续决定依此作出。";
    takes FileInput, example FileInput { text: "format = 1".into() };
    gives SettingsView, example example();
    by load_pack;
}

operation! {
    ChoosePlace = "settings.choose_place" in "settings";
    Put "/v1/settings/place" [keyed];
    summary "Put the pack of a place in force", "启用某地规则包";
    says "The pack under which is decided from here on.", "自此依据该规则包作出决定。";
    takes PlaceInput, example PlaceInput { pack: "sys".into() };
    gives SettingsView, example example();
    by choose_place;
}

operation! {
    LoadCalendar = "settings.load_calendar" in "settings";
    Put "/v1/settings/calendar" [keyed, body 600_000];
    summary "Load a calendar of working days", "载入工作日日历";
    says "The file replaces the one before; an unknown year stays unknown.", "文件整体替换原日历；未列年份视为未知。";
    takes FileInput, example FileInput { text: "format = 1".into() };
    gives SettingsView, example example();
    by load_calendar;
}

operation! {
    SetLevels = "settings.set_levels" in "settings";
    Put "/v1/settings/levels" [keyed, body 600_000];
    summary "Set the limits of levels", "设置级别限制";
    says "The file replaces the one before. Policies that are set already keep their limits.", "文件整体替换原设置；已设置的策略保持其限制。";
    takes FileInput, example FileInput { text: "format = 1".into() };
    gives SettingsView, example example();
    by set_levels;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<ShowSettings>().with::<LoadPack>().with::<ChoosePlace>().with::<LoadCalendar>().with::<SetLevels>()
}

/// What ends soon or is missing on a day.
pub(crate) fn warnings(rules: &Rules, today: Date) -> Vec<WarningView> {
    let mut found = Vec::new();
    let place = &rules.pack().rules().city;
    match rules.pack().standing(today) {
        Ok(Standing::InForce { days_left: Some(left) }) if left <= WARN_DAYS => found.push(WarningView {
            en: format!("the rules of {} end in {left} days: ask for the text that follows them", place.en),
            zh: format!("{}规则将于 {left} 天后到期：请关注后续规定", place.zh),
        }),
        Ok(Standing::ExpiredWithWarning { last_day }) => found.push(WarningView {
            en: format!("the rules of {} ended on {last_day}; decisions under them are made with a warning", place.en),
            zh: format!("{}规则已于 {last_day} 到期；依此作出的决定均附警示", place.zh),
        }),
        Ok(_) => {}
        Err(error) => {
            use tidegate_terms::{Language, Message as _};
            found.push(WarningView { en: error.say(Language::English), zh: error.say(Language::Chinese) });
        }
    }
    let known: Vec<i16> = rules.calendar().years().map(|(year, _)| year).collect();
    let missed = if today.month() >= CALENDAR_MONTH { today.year() + 1 } else { today.year() };
    if !known.contains(&missed) {
        found.push(WarningView {
            en: format!("the working days of {missed} are unknown: load a calendar with the State Council's notice"),
            zh: format!("{missed} 年的工作日未知：请载入含国务院放假通知的日历"),
        });
    }
    found
}

fn view(rules: &Rules, today: Date) -> SettingsView {
    let pack = |pack: &Pack| PackView {
        pack: pack.rules().id.to_string(),
        title: pack.rules().name.zh.clone(),
        place: pack.rules().city.en.clone(),
        digest: pack.digest().to_string(),
        effective: pack.rules().validity.effective.to_string(),
        last_day: pack.rules().validity.last_day.map(|day| day.to_string()),
        in_force: pack.standing(today).is_ok(),
    };
    SettingsView {
        pack: rules.pack().rules().id.to_string(),
        packs: rules.packs().iter().map(pack).collect(),
        calendar: rules.calendar().digest().to_string(),
        years: rules.calendar().years().map(|(year, _)| year).collect(),
        levels: rules.levels().digest().to_string(),
        level_names: rules.levels().levels().iter().map(|limits| limits.name.to_string()).collect(),
        warnings: warnings(rules, today),
    }
}

async fn show(desk: &mut Desk, _: Nothing) -> Result<Done<SettingsView>, Refused> {
    desk.allow(Action::ReadSettings, &Thing::alone(Kind::Settings, "all", "in_force")).await?;
    Ok(Done::from(view(desk.rules(), desk.today())))
}

async fn load_pack(desk: &mut Desk, input: FileInput) -> Result<Done<SettingsView>, Refused> {
    let pack = Pack::parse(input.text.as_bytes())?;
    keep(desk, Action::LoadRulePack, pack.rules().id.as_str(), &StoredPack { text: input.text }).await
}

async fn choose_place(desk: &mut Desk, input: PlaceInput) -> Result<Done<SettingsView>, Refused> {
    desk.rules().clone().choose(&input.pack)?;
    set(desk, Action::LoadRulePack, PLACE, input.pack).await
}

async fn load_calendar(desk: &mut Desk, input: FileInput) -> Result<Done<SettingsView>, Refused> {
    Calendar::parse(&input.text)?;
    set(desk, Action::LoadCalendar, CALENDAR, input.text).await
}

async fn set_levels(desk: &mut Desk, input: FileInput) -> Result<Done<SettingsView>, Refused> {
    LevelMatrix::parse(&input.text)?;
    set(desk, Action::SetLevels, LEVELS, input.text).await
}

async fn set(desk: &mut Desk, action: Action, setting: &str, text: String) -> Result<Done<SettingsView>, Refused> {
    keep(desk, action, setting, &SettingRecord { setting: setting.to_owned(), text }).await
}

async fn keep<R: Kept>(desk: &mut Desk, action: Action, id: &str, record: &R) -> Result<Done<SettingsView>, Refused> {
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(action, &Thing::made(id, record), facts)?;
    let version = act.put(id, record).await?;
    act.commit(decided).await?;
    desk.office().read_rules().await?;
    Ok(Done::from(view(&desk.office().rules(), desk.today())).version(version))
}
