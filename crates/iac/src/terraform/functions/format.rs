//! `format`: verbs, flags, width and precision.

use super::encoding;
use super::text::fits;
use crate::terraform::eval::Fault;
use crate::terraform::val::Val;
use crate::{PartialText, Unknown};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use unicode_segmentation::UnicodeSegmentation;

/// From which power of ten on Go writes a number with an exponent where no form is asked for.
const GO_EXPONENT_MIN: i64 = 6;

/// How wide one value may be asked to be.
const WIDTH_MAX: usize = 10_000;

#[derive(Default)]
struct Verb {
    plus: bool,
    minus: bool,
    blank: bool,
    zero: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    argument: Option<usize>,
    letter: char,
}

impl Verb {
    /// Whether it writes a text as it is.
    fn is_plain(&self) -> bool {
        matches!(self.letter, 's' | 'v') && !self.sharp && self.width.is_none() && self.precision.is_none()
    }
}

/// Fills a template with values; what is unknown leaves a gap.
pub(super) fn format(template: &str, values: &[Val]) -> Result<PartialText, Fault> {
    let mut text = PartialText::default();
    let mut rest = template;
    let mut next = 0;
    let mut explicit = false;
    while let Some(place) = rest.find('%') {
        text.push_str(&rest[..place]);
        rest = &rest[place + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            text.push_str("%");
            rest = after;
            continue;
        }
        let verb = parse(&mut rest)?;
        if let Some(argument) = verb.argument {
            next = argument;
            explicit = true;
        }
        let value =
            values.get(next).ok_or_else(|| Fault::new(format!("there is no argument for the {}. verb", next + 1)))?;
        next += 1;
        match value.unknown_within() {
            None => text.push_str(&pad(&verb, written(&verb, value)?)),
            Some(unknown) if value.is_unknown() && verb.is_plain() => text.push_gap(unknown),
            Some(unknown) => text.push_gap(&Unknown::referring(unknown.why.clone(), unknown.refers.clone())),
        }
        fits(text.len())?;
    }
    if next < values.len() && !explicit {
        return Err(Fault::new(format!("{} arguments are too many for the template", values.len())));
    }
    text.push_str(rest);
    Ok(text)
}

fn parse(rest: &mut &str) -> Result<Verb, Fault> {
    let mut verb = Verb::default();
    let end = || Fault::new("a verb is not complete");
    loop {
        let character = rest.chars().next().ok_or_else(end)?;
        match character {
            '+' => verb.plus = true,
            '-' => verb.minus = true,
            ' ' => verb.blank = true,
            '#' => verb.sharp = true,
            '0' if verb.width.is_none() => verb.zero = true,
            '1'..='9' | '.' => {
                let from = usize::from(character == '.');
                let digits: String = rest[from..].chars().take_while(char::is_ascii_digit).collect();
                let number = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) };
                if number > WIDTH_MAX {
                    return Err(Fault::new(format!("a width above {WIDTH_MAX} is not computed")));
                }
                if from == 1 {
                    verb.precision = Some(number)
                } else {
                    verb.width = Some(number)
                }
                *rest = &rest[from + digits.len()..];
                continue;
            }
            '[' => {
                let close = rest.find(']').ok_or_else(end)?;
                let number: usize =
                    rest[1..close].parse().map_err(|_| Fault::new("an argument is named by its number"))?;
                verb.argument = Some(number.checked_sub(1).ok_or_else(|| Fault::new("arguments count from 1"))?);
                *rest = &rest[close + 1..];
                continue;
            }
            letter => {
                verb.letter = letter;
                *rest = &rest[letter.len_utf8()..];
                return Ok(verb);
            }
        }
        *rest = &rest[character.len_utf8()..];
    }
}

fn written(verb: &Verb, value: &Val) -> Result<String, Fault> {
    let number = || {
        value.to_number().ok_or_else(|| Fault::new(format!("%{} needs a number, not {}", verb.letter, value.kind())))
    };
    Ok(match verb.letter {
        'v' if verb.sharp => encoding::json(value)?,
        'v' => match value.to_text() {
            Some(_) if matches!(value, Val::Number(_)) => {
                let number = number()?;
                signed(verb, number, shortest(number))
            }
            Some(text) => cut(verb, &text),
            None => encoding::json(value)?,
        },
        's' => {
            let text = value.to_text().ok_or_else(|| Fault::new(format!("%s needs a string, not {}", value.kind())))?;
            cut(verb, &text)
        }
        'q' => {
            let text = value.to_text().ok_or_else(|| Fault::new(format!("%q needs a string, not {}", value.kind())))?;
            encoding::json(&Val::String(text))?
        }
        't' => value
            .to_bool()
            .ok_or_else(|| Fault::new(format!("%t needs true or false, not {}", value.kind())))?
            .to_string(),
        'd' => {
            let number = number()?;
            if !number.is_integer() {
                return Err(Fault::new(format!("%d needs a whole number, not {number}")));
            }
            signed(verb, number, number.abs().normalize().to_string())
        }
        'f' | 'F' => {
            let number = number()?;
            let precision = u32::try_from(verb.precision.unwrap_or(6)).unwrap_or(28);
            let rounded =
                number.round_dp_with_strategy(precision.min(28), rust_decimal::RoundingStrategy::MidpointNearestEven);
            signed(verb, number, format!("{:.*}", precision as usize, rounded.abs()))
        }
        'b' | 'o' | 'x' | 'X' => radix(verb, value)?,
        'e' | 'E' | 'g' | 'G' => {
            let number = number()?;
            let double = number.to_f64().unwrap_or(0.0);
            signed(verb, number, scientific(verb, double.abs(), number))
        }
        other => return Err(Fault::new(format!("there is no verb %{other}"))),
    })
}

fn cut(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(precision) => text.graphemes(true).take(precision).collect(),
        None => text.to_owned(),
    }
}

fn signed(verb: &Verb, number: Decimal, digits: String) -> String {
    let sign = match () {
        () if number.is_sign_negative() && !number.is_zero() => "-",
        () if verb.plus => "+",
        () if verb.blank => " ",
        () => "",
    };
    let zeros = match verb.width {
        Some(width) if verb.zero && !verb.minus => width.saturating_sub(sign.len() + digits.len()),
        _ => 0,
    };
    format!("{sign}{}{digits}", "0".repeat(zeros))
}

fn radix(verb: &Verb, value: &Val) -> Result<String, Fault> {
    let number =
        value.to_number().filter(Decimal::is_integer).and_then(|number| number.to_i128().map(|whole| (number, whole)));
    let (number, whole) = number.ok_or_else(|| Fault::new(format!("%{} needs a whole number", verb.letter)))?;
    let whole = whole.unsigned_abs();
    let digits = match verb.letter {
        'b' => format!("{whole:b}"),
        'o' => format!("{whole:o}"),
        'x' => format!("{whole:x}"),
        _ => format!("{whole:X}"),
    };
    Ok(signed(verb, number, digits))
}

/// The digits of a number as `%v` prints them: with an exponent from a million on and below a ten-thousandth, unless it has
/// as many digits as that.
fn shortest(number: Decimal) -> String {
    let plain = number.abs().normalize();
    let digits = plain.mantissa().unsigned_abs().to_string();
    let digits = digits.trim_end_matches('0');
    let whole =
        i64::try_from(plain.mantissa().unsigned_abs().to_string().len()).unwrap_or(0) - i64::from(plain.scale());
    let exponent = whole - 1;
    if plain.is_zero() || (-4..GO_EXPONENT_MIN).contains(&exponent) {
        return plain.to_string();
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// `%e` and `%g` as C and Go print them.
fn scientific(verb: &Verb, double: f64, number: Decimal) -> String {
    let exponent_of =
        |text: &str| text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    let spelled = |text: String| {
        let exponent = exponent_of(&text);
        let mantissa = text.split('e').next().unwrap_or_default().to_owned();
        format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    };
    let text = if matches!(verb.letter, 'e' | 'E') {
        spelled(format!("{double:.*e}", verb.precision.unwrap_or(6)))
    } else {
        let shortest = format!("{double:e}");
        let exponent = exponent_of(&shortest);
        if (-4..21).contains(&exponent) { number.abs().normalize().to_string() } else { spelled(shortest) }
    };
    if verb.letter.is_uppercase() { text.to_uppercase() } else { text }
}

fn pad(verb: &Verb, text: String) -> String {
    let count = text.graphemes(true).count();
    match verb.width {
        Some(width) if width > count => {
            let blanks = " ".repeat(width - count);
            if verb.minus { text + &blanks } else { blanks + &text }
        }
        _ => text,
    }
}
