//! The time windows of OpenSLO: rolling ones, and those that begin on a day of the calendar.

use crate::windows::Duration;
use crate::{Calendar, Unit};
use mainstay_iac::Node;
use mainstay_iac::fields::{Document, field};

/// `duration: 4w`, or `count: 30` with `unit: Day`; where it does not roll, when it begins as well.
pub fn period(document: &mut Document<'_>, at: &Node) -> (Option<Duration>, Option<Calendar>) {
    let rolling = field(at, "isRolling").is_none() || document.truth(at, "isRolling");
    let length = if field(at, "duration").is_some() {
        let text = document.required(at, "duration");
        let text = text.trim();
        let found = of_letter(text);
        if found.is_none() && !rolling && Duration::parse(text).is_some() {
            let what = format!("no calendar says when windows of {text} begin, and so they roll");
            document.warn(at, what, "a month is written 1M");
        }
        found.map(Length::Of).or_else(|| Duration::parse(text).map(Length::Plain))
    } else {
        let count = document.number(at, "count").unwrap_or_default();
        let unit = document.required(at, "unit");
        #[expect(clippy::cast_possible_truncation, reason = "a small whole number, or refused")]
        let count = if count.fract() == 0.0 && (1.0..=COUNT_MAX).contains(&count) { count as i64 } else { 0 };
        unit_of(&unit).filter(|_| count > 0).map(|unit| Length::Of((unit, count)))
    };
    let Some(length) = length else {
        document.error(at, "the time window has no length that is known", "write `duration: 4w`, or count and unit");
        return (None, None);
    };
    let period = match length {
        Length::Plain(period) => period,
        Length::Of((unit, count)) => Duration::days(u64::try_from(count).unwrap_or(1) * days(unit)),
    };
    let calendar = match length {
        Length::Of(of) if !rolling => calendar(document, at, of),
        _ => None,
    };
    if !rolling {
        let mend = "the alerts are not touched by it, and `mainstay slo status` knows the calendar";
        document.warn(
            at,
            "rules of Prometheus know no calendar: the figure of the period is over as many days back from now",
            mend,
        );
    }
    (Some(period), calendar)
}

/// How many units a window may have.
const COUNT_MAX: f64 = 10_000.0;

/// The length of a window: of units that a calendar knows, or of hours and less.
enum Length {
    Of((Unit, i64)),
    Plain(Duration),
}

/// Days of a unit; OpenSLO leaves open how long a month is that rolls, and thirty days are what rules are for.
const fn days(unit: Unit) -> u64 {
    match unit {
        Unit::Day => 1,
        Unit::Week => 7,
        Unit::Month => 30,
        Unit::Quarter => 90,
        Unit::Year => 365,
    }
}

/// A number and one of OpenSLO's letters for what a calendar knows.
fn of_letter(text: &str) -> Option<(Unit, i64)> {
    let letters = [('d', Unit::Day), ('w', Unit::Week), ('M', Unit::Month), ('Q', Unit::Quarter), ('Y', Unit::Year)];
    let (_, unit) = letters.into_iter().find(|(letter, _)| text.ends_with(*letter))?;
    let count: i64 = text[..text.len() - 1].parse().ok()?;
    (1..=10_000).contains(&count).then_some((unit, count))
}

fn unit_of(word: &str) -> Option<Unit> {
    Some(match word.to_lowercase().trim_end_matches('s') {
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "quarter" => Unit::Quarter,
        "year" => Unit::Year,
        _ => return None,
    })
}

/// `calendar: {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}`.
fn calendar(document: &mut Document<'_>, at: &Node, (unit, count): (Unit, i64)) -> Option<Calendar> {
    let mut calendar = Calendar::usual(unit, count);
    let Some(own) = document.map(at, "calendar") else {
        let what = format!("nothing says when its windows begin: taken is the first day of a {} in UTC", unit.word());
        document.warn(at, what, "write `calendar:` with startTime and timeZone");
        return Some(calendar);
    };
    let start = document.required(own, "startTime");
    if let Ok(found) = start.trim().parse() {
        calendar.start = found;
    } else if !start.trim().is_empty() {
        let node = field(own, "startTime").unwrap_or(own);
        document.error(node, format!("{start:?} is no time of a calendar"), "write it as in 2026-01-01 00:00:00");
    }
    if let Some(zone) = document.text(own, "timeZone") {
        if let Err(error) = mainstay_model::Window::zone(zone.trim()) {
            let node = field(own, "timeZone").unwrap_or(own);
            document.error(node, error.to_string(), "name a zone such as Europe/Berlin");
        }
        zone.trim().clone_into(&mut calendar.zone);
    }
    Some(calendar)
}
