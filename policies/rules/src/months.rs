//! Months that are counted as people count them: the same day of a later month, or its last day.

use jiff::civil::Date;

/// The same day so many months later; the last day of that month where it has no such day (30 November and three
/// months are the end of February). `None` beyond the year 9999.
pub fn add_months(start: Date, months: u16) -> Option<Date> {
    let ahead = start.month() as i32 - 1 + i32::from(months);
    let year = i16::try_from(i32::from(start.year()) + ahead / 12).ok()?;
    let month = i8::try_from(ahead % 12 + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, start.day().min(first.days_in_month())).ok()
}

/// The last day of February of a year. `None` outside the years 1 to 9999.
pub fn last_of_february(year: i16) -> Option<Date> {
    let first = Date::new(year, 2, 1).ok().filter(|_| year >= 1)?;
    Date::new(year, 2, first.days_in_month()).ok()
}

/// When the report on a year is due: by the end of a month of the next year (Qibu Art. 43: end of February).
pub fn annual_report_due(year: i16, month: i8) -> Option<Date> {
    let first = Date::new(year.checked_add(1)?, month, 1).ok()?;
    Date::new(first.year(), month, first.days_in_month()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    // clause: F9 permitted
    #[test]
    fn three_months_end_on_the_last_day_where_there_is_no_such_day() {
        for (start, end) in [
            (date(2026, 8, 22), date(2026, 11, 22)),
            (date(2026, 11, 30), date(2027, 2, 28)),
            (date(2027, 11, 30), date(2028, 2, 29)),
            (date(2026, 12, 31), date(2027, 3, 31)),
            (date(2026, 10, 1), date(2027, 1, 1)),
            (date(2026, 5, 31), date(2026, 8, 31)),
        ] {
            assert_eq!(add_months(start, 3), Some(end), "{start}");
        }
        assert_eq!(add_months(date(2026, 2, 11), 24), Some(date(2028, 2, 11)));
        assert_eq!(add_months(date(2024, 2, 29), 12), Some(date(2025, 2, 28)));
        assert_eq!(add_months(date(9999, 12, 1), 1), None);
    }

    // clause: K3 permitted
    #[test]
    fn february_ends_when_it_ends() {
        assert_eq!(last_of_february(2027), Some(date(2027, 2, 28)));
        assert_eq!(last_of_february(2028), Some(date(2028, 2, 29)));
        assert_eq!(last_of_february(2100), Some(date(2100, 2, 28)));
        assert_eq!(last_of_february(2000), Some(date(2000, 2, 29)));
        assert_eq!(annual_report_due(2027, 2), Some(date(2028, 2, 29)));
        assert_eq!(annual_report_due(2026, 3), Some(date(2027, 3, 31)));
        assert_eq!(annual_report_due(i16::MAX, 2), None);
    }
}
