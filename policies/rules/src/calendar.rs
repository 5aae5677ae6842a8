//! Working days, as the State Council arranges them.
//!
//! A year that the file does not cover is said to be unknown and never guessed: holidays move with the moon, and
//! make-up Saturdays are announced each autumn. Rejected: weekdays as an approximation, which would be wrong by up
//! to a week around the Spring Festival, exactly where deadlines are missed (decision 0032).

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_terms::{Bilingual, Digest, messages};

/// The calendar that comes with the program.
const BUILT_IN: &str = include_str!("../../packs/calendar.toml");

messages! {
    /// Why a calendar, or a count of days in it, is refused.
    pub enum CalendarError {
        Syntax { detail: String } = "calendar.syntax" {
            en: "the calendar of working days cannot be read: {detail}",
            zh: "无法读取工作日日历：{detail}",
        },
        Unknown { year: i16 } = "calendar.unknown-year" {
            en: "the working days of {year} are unknown: add the State Council's notice for {year} to the calendar file (the deadlines of rule L are counted in working days)",
            zh: "{year} 年的工作日未知：请将国务院办公厅 {year} 年放假通知补入日历文件（规则 L 的期限以工作日计算）",
        },
        Twice { year: i16 } = "calendar.year-twice" {
            en: "the calendar has the year {year} twice: keep one",
            zh: "日历中 {year} 年出现两次：请保留一处",
        },
        OtherYear { date: String, year: i16 } = "calendar.other-year" {
            en: "{date} does not lie in {year}: move it to its own year",
            zh: "{date} 不属于 {year} 年：请移至所属年份",
        },
        Order { first: String, last: String } = "calendar.order" {
            en: "a holiday runs from {first} to {last}: the first day must not be after the last, and no holiday is longer than 15 days",
            zh: "假期自 {first} 至 {last}：起始日不得晚于结束日，且不超过 15 天",
        },
        Overlap { date: String } = "calendar.overlap" {
            en: "{date} is named twice, as holiday or as make-up day: name it once",
            zh: "{date} 被重复列为节假日或调休工作日：请只列一次",
        },
        NotWeekend { date: String } = "calendar.not-weekend" {
            en: "{date} is a make-up day but not a Saturday or Sunday: check the notice",
            zh: "{date} 列为调休工作日，但不是周六或周日：请核对通知",
        },
        TooFar { start: String, days: u16 } = "calendar.too-far" {
            en: "{days} working days after {start} lie outside the calendar of the computer: check the date",
            zh: "{start} 之后 {days} 个工作日超出可表示的日期：请核对日期",
        },
    }
}

/// A holiday of one or more days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Festival {
    /// What it is called.
    pub name: Bilingual,
    /// Its first day off.
    pub first: Date,
    /// Its last day off.
    pub last: Date,
}

/// One year of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearOfDays {
    /// The year.
    pub year: i16,
    /// The notice that says so.
    pub notice: String,
    /// The day of the notice.
    pub announced: Date,
    /// Days off, weekends inside a holiday included.
    pub holidays: Vec<Festival>,
    /// Saturdays and Sundays that are worked.
    pub working_weekends: Vec<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    year: Vec<YearOfDays>,
}

/// What is known of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Days {
    off: BTreeSet<Date>,
    worked: BTreeSet<Date>,
    notice: String,
}

/// Working days of the years that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, Days>,
    digest: Digest,
}

impl Calendar {
    /// The calendar that comes with the program: 2025 and 2026.
    pub fn built_in() -> Result<Self, CalendarError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a calendar from TOML.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let file: File = toml::from_str(text).map_err(|error| CalendarError::Syntax { detail: error.to_string() })?;
        if file.format != 1 {
            return Err(CalendarError::Syntax { detail: format!("format {} (1 is known)", file.format) });
        }
        let mut years = BTreeMap::new();
        for year in file.year {
            let number = year.year;
            if years.insert(number, check_year(year)?).is_some() {
                return Err(CalendarError::Twice { year: number });
            }
        }
        Ok(Self { years, digest: Digest::of(text.as_bytes()) })
    }

    /// The digest of the file that it was read from.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The years that are known, each with its notice.
    pub fn years(&self) -> impl Iterator<Item = (i16, &str)> {
        self.years.iter().map(|(year, days)| (*year, days.notice.as_str()))
    }

    /// Whether a day is worked, or that its year is unknown.
    pub fn is_working_day(&self, day: Date) -> Result<bool, CalendarError> {
        let days = self.years.get(&day.year()).ok_or(CalendarError::Unknown { year: day.year() })?;
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(if weekend { days.worked.contains(&day) } else { !days.off.contains(&day) })
    }

    /// The last day of a term of so many working days that began on `start`.
    ///
    /// The day of the beginning does not count (Civil Code Art. 201). With 0 it is `start` itself.
    pub fn add_working_days(&self, start: Date, days: u16) -> Result<Date, CalendarError> {
        let mut day = start;
        for _ in 0..days {
            loop {
                day = day.tomorrow().map_err(|_| CalendarError::TooFar { start: start.to_string(), days })?;
                if self.is_working_day(day)? {
                    break;
                }
            }
        }
        Ok(day)
    }
}

fn check_year(year: YearOfDays) -> Result<Days, CalendarError> {
    let number = year.year;
    let inside = |day: Date| {
        if day.year() == number { Ok(()) } else { Err(CalendarError::OtherYear { date: day.to_string(), year: number }) }
    };
    let mut days = Days { off: BTreeSet::new(), worked: BTreeSet::new(), notice: year.notice };
    for holiday in &year.holidays {
        let (first, last) = (holiday.first, holiday.last);
        inside(first)?;
        inside(last)?;
        let order = || CalendarError::Order { first: first.to_string(), last: last.to_string() };
        if first > last {
            return Err(order());
        }
        for (count, day) in first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last).enumerate() {
            if count >= 15 {
                return Err(order());
            }
            if !days.off.insert(day) {
                return Err(CalendarError::Overlap { date: day.to_string() });
            }
        }
    }
    for day in year.working_weekends {
        inside(day)?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Err(CalendarError::NotWeekend { date: day.to_string() });
        }
        if days.off.contains(&day) || !days.worked.insert(day) {
            return Err(CalendarError::Overlap { date: day.to_string() });
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> Calendar {
        Calendar::built_in().expect("calendar")
    }

    /// Days of work in each year: 365 less weekends and holidays, counted in another way than by the loader.
    #[test]
    fn the_years_have_as_many_working_days_as_the_notices_give() {
        for (year, days_off, made_up) in [(2025, 28, 5), (2026, 33, 6)] {
            let built_in = BUILT_IN.split("[[year]]").find(|part| part.contains(&format!("year = {year}\n"))).expect("year");
            let file: YearOfDays = toml::from_str(built_in).expect("year");
            let span = |holiday: &Festival| holiday.last.since(holiday.first).expect("days").get_days() + 1;
            assert_eq!(file.holidays.iter().map(span).sum::<i32>(), days_off, "{year}");
            assert_eq!(file.working_weekends.len(), made_up, "{year}");
        }
        let worked = |year| {
            let all = date(year, 1, 1).series(jiff::Span::new().days(1)).take_while(|day| day.year() == year);
            all.filter(|day| calendar().is_working_day(*day).expect("known")).count()
        };
        // 2025: 261 weekdays, 18 of them off, 5 weekend days worked; 2026: 261, 19 and 6.
        assert_eq!((worked(2025), worked(2026)), (248, 248));
    }

    #[test]
    fn terms_step_over_holidays_and_count_make_up_days() {
        let add = |start, days| calendar().add_working_days(start, days).expect("known");
        // Spring Festival 2026: worked on Saturday the 14th, off from the 15th to the 23rd.
        assert_eq!(add(date(2026, 2, 13), 1), date(2026, 2, 14));
        assert_eq!(add(date(2026, 2, 14), 1), date(2026, 2, 24));
        assert_eq!(add(date(2026, 2, 13), 5), date(2026, 2, 27));
        assert_eq!(add(date(2026, 2, 13), 6), date(2026, 2, 28));
        // National Day 2026: off from the 1st to the 7th, worked on Saturday the 10th.
        assert_eq!(add(date(2026, 9, 30), 3), date(2026, 10, 10));
        assert_eq!(add(date(2026, 9, 30), 4), date(2026, 10, 12));
        // National Day 2025 is longer, because Mid-Autumn lies inside.
        assert_eq!(add(date(2025, 9, 30), 1), date(2025, 10, 9));
        // An ordinary week, and nothing.
        assert_eq!(add(date(2026, 11, 20), 5), date(2026, 11, 27));
        assert_eq!(add(date(2026, 11, 20), 0), date(2026, 11, 20));
        // A term may begin in a year that is unknown, as long as no day of it is counted there.
        assert_eq!(add(date(2024, 12, 31), 1), date(2025, 1, 2));
    }

    #[test]
    fn an_unknown_year_is_said_to_be_unknown() {
        let calendar = calendar();
        let unknown = |outcome: Result<Date, CalendarError>| match outcome {
            Err(CalendarError::Unknown { year }) => year,
            other => panic!("{other:?}"),
        };
        assert_eq!(unknown(calendar.add_working_days(date(2026, 12, 30), 5)), 2027);
        assert_eq!(calendar.add_working_days(date(2026, 12, 30), 1).expect("known"), date(2026, 12, 31));
        assert!(matches!(calendar.is_working_day(date(2027, 1, 4)), Err(CalendarError::Unknown { year: 2027 })));
        assert!(calendar.add_working_days(date(9999, 12, 31), 1).is_err());
        assert_eq!(calendar.years().map(|(year, _)| year).collect::<Vec<_>>(), [2025, 2026]);
    }

    #[test]
    fn wrong_calendars_say_what_is_wrong() {
        let year = |holidays: &str, weekends: &str| {
            let name = "name = { zh = \"x\", en = \"x\" }";
            let holidays = holidays.replace("NAME", name);
            Calendar::parse(&format!(
                "format = 1\n[[year]]\nyear = 2030\nnotice = \"n\"\nannounced = \"2029-11-01\"\nholidays = [{holidays}]\nworking_weekends = [{weekends}]"
            ))
        };
        assert!(year("{ NAME, first = \"2030-01-01\", last = \"2030-01-01\" }", "\"2030-01-05\"").is_ok());
        let code = |outcome: Result<Calendar, CalendarError>| tidegate_terms::Message::code(&outcome.expect_err("refused"));
        assert_eq!(code(year("{ NAME, first = \"2031-01-01\", last = \"2031-01-01\" }", "")), "calendar.other-year");
        assert_eq!(code(year("{ NAME, first = \"2030-01-02\", last = \"2030-01-01\" }", "")), "calendar.order");
        assert_eq!(code(year("{ NAME, first = \"2030-01-01\", last = \"2030-02-01\" }", "")), "calendar.order");
        assert_eq!(code(year("", "\"2030-01-04\"")), "calendar.not-weekend");
        assert_eq!(code(year("{ NAME, first = \"2030-01-05\", last = \"2030-01-05\" }", "\"2030-01-05\"")), "calendar.overlap");
        assert_eq!(code(year("", "\"2030-01-05\", \"2030-01-05\"")), "calendar.overlap");
        assert_eq!(code(year("{ NAME, first = \"2030-02-30\", last = \"2030-03-01\" }", "")), "calendar.syntax");
        assert_eq!(code(Calendar::parse("format = 2\nyear = []")), "calendar.syntax");
        let twice = BUILT_IN.replace("year = 2025\n", "year = 2026\n");
        assert!(Calendar::parse(&twice).is_err());
        let one = "[[year]]\nyear = 2030\nnotice = \"n\"\nannounced = \"2029-11-01\"\nholidays = []\nworking_weekends = []\n";
        assert_eq!(code(Calendar::parse(&format!("format = 1\n{one}{one}"))), "calendar.year-twice");
    }
}
