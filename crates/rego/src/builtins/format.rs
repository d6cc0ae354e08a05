//! `sprintf`, as Go's `fmt` does it: verbs with flags, width and precision; what is missing, superfluous or of a wrong type is
//! said in the text, as in `%!d(string=a)`.

use super::template::write;
use super::{Answer, Function, TEXT_BYTES_MAX, elements, text};
use regorus::Value;

pub(super) const FUNCTIONS: &[(&str, u8, Function)] = &[("sprintf", 2, sprintf)];

/// Widths and precisions beyond this are refused.
const WIDTH_MAX: usize = 10_000;

/// One verb with what stands before it.
#[derive(Debug, Default, Clone)]
struct Verb {
    minus: bool,
    plus: bool,
    zero: bool,
    space: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

pub(super) fn sprintf(arguments: &[Value]) -> Answer {
    let format = text(arguments, 0)?;
    let Some(Value::Array(_)) = arguments.get(1) else { return Err("argument 2 must be an array".to_owned()) };
    let values = elements(arguments, 1)?;
    let mut values = values.iter();
    let mut out = String::new();
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if out.len() > TEXT_BYTES_MAX {
            return Err(format!("the text would have more than {TEXT_BYTES_MAX} bytes"));
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut verb = Verb::default();
        while let Some(flag) = rest.peek() {
            match flag {
                '-' => verb.minus = true,
                '+' => verb.plus = true,
                '0' => verb.zero = true,
                ' ' => verb.space = true,
                '#' => verb.sharp = true,
                _ => break,
            }
            rest.next();
        }
        let mut number = |verb_number: &mut Option<usize>, values: &mut std::slice::Iter<'_, Value>| {
            if rest.next_if_eq(&'*').is_some() {
                *verb_number =
                    values.next().and_then(|value| value.as_u32().ok()).and_then(|n| usize::try_from(n).ok());
            }
            while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                let next = verb_number.unwrap_or(0) * 10 + digit as usize;
                *verb_number = Some(next.min(WIDTH_MAX + 1));
                rest.next();
            }
            rest.next_if_eq(&'.').is_some()
        };
        if number(&mut verb.width, &mut values) {
            verb.precision = Some(0);
            number(&mut verb.precision, &mut values);
        }
        if verb.width.unwrap_or(0) > WIDTH_MAX || verb.precision.unwrap_or(0) > WIDTH_MAX {
            return Err(format!("a width is above {WIDTH_MAX}"));
        }
        match rest.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(letter) => match values.next() {
                None => out.push_str(&format!("%!{letter}(MISSING)")),
                Some(value) => verb.write(letter, value, &mut out),
            },
        }
    }
    extra(values.collect(), &mut out);
    Ok(Value::from(out))
}

fn extra(values: Vec<&Value>, out: &mut String) {
    if values.is_empty() {
        return;
    }
    let shown: Vec<String> = values.into_iter().map(|value| format!("{}={}", type_of(value), shown(value))).collect();
    out.push_str(&format!("%!(EXTRA {})", shown.join(", ")));
}

/// The type that OPA hands to Go: everything but numbers goes as a text.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_integer() => "int",
        Value::Number(_) => "float64",
        _ => "string",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) if number.is_integer() => number.format_decimal(),
        other => {
            let mut out = String::new();
            write(other, &mut out);
            out
        }
    }
}

impl Verb {
    fn write(&self, letter: char, value: &Value, out: &mut String) {
        let number = match value {
            Value::Number(number) => Some(number),
            _ => None,
        };
        let whole = number.filter(|number| number.is_integer());
        let body = match (letter, whole, number) {
            ('v', ..) => shown(value),
            ('T', ..) => type_of(value).to_owned(),
            ('d', Some(whole), _) => self.signed(whole.format_decimal()),
            ('b', Some(whole), _) => whole.format_bin(),
            ('o' | 'O', Some(whole), _) => {
                format!("{}{}", if letter == 'O' || self.sharp { "0o" } else { "" }, whole.format_octal())
            }
            ('x', Some(whole), _) => format!("{}{}", if self.sharp { "0x" } else { "" }, whole.format_hex()),
            ('X', Some(whole), _) => format!("{}{}", if self.sharp { "0X" } else { "" }, whole.format_big_hex()),
            ('c', Some(whole), _) => whole
                .as_u64()
                .and_then(|code| u32::try_from(code).ok())
                .and_then(char::from_u32)
                .unwrap_or('\u{fffd}')
                .to_string(),
            ('f' | 'F', None, Some(number)) => {
                self.signed(format!("{:.*}", self.precision.unwrap_or(6), number.as_f64().unwrap_or(f64::NAN)))
            }
            ('e' | 'E', None, Some(number)) => {
                let text = exponent(number.as_f64().unwrap_or(f64::NAN), self.precision.unwrap_or(6));
                self.signed(if letter == 'E' { text.to_uppercase() } else { text })
            }
            ('g' | 'G', None, Some(_)) => self.signed(shown(value)),
            // A number that 64 bits do not hold goes as a text.
            ('s', Some(big), _) if big.as_i64().is_none() => big.format_decimal(),
            ('s', _, None) => cut(&shown(value), self.precision),
            ('q', _, None) => serde_json::Value::String(cut(&shown(value), self.precision)).to_string(),
            ('x' | 'X', _, None) => {
                let hex = super::crypto::hex(shown(value).as_bytes());
                if letter == 'X' { hex.to_uppercase() } else { hex }
            }
            _ => format!("%!{letter}({}={})", type_of(value), shown(value)),
        };
        self.padded(&body, number.is_some(), out);
    }

    fn signed(&self, text: String) -> String {
        match (text.starts_with('-'), self.plus, self.space) {
            (false, true, _) => format!("+{text}"),
            (false, false, true) => format!(" {text}"),
            _ => text,
        }
    }

    fn padded(&self, body: &str, numeric: bool, out: &mut String) {
        let missing = self.width.unwrap_or(0).saturating_sub(body.chars().count());
        if self.minus {
            out.push_str(body);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if self.zero && numeric {
            let (sign, digits) = match body.strip_prefix(['-', '+']) {
                Some(digits) => body.split_at(body.len() - digits.len()),
                None => ("", body),
            };
            out.push_str(sign);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(body);
        }
    }
}

/// `1.5e+06`: at least two digits in the exponent, and always a sign.
fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn cut(text: &str, precision: Option<usize>) -> String {
    precision.map_or_else(|| text.to_owned(), |precision| text.chars().take(precision).collect())
}
