//! Money as exact decimals with a currency; never a float.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an amount or a sum is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("{0:?} is not a decimal amount")]
    Amount(String),
    /// The text is not three upper-case letters.
    #[error("{0:?} is not an ISO 4217 currency code such as EUR")]
    Currency(String),
    /// Two currencies were added without a rate.
    #[error("cannot add {1} to {0}: convert first")]
    Mixed(Currency, Currency),
    /// The sum does not fit 28 digits.
    #[error("the amount does not fit 28 digits")]
    Overflow,
}

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code of three upper-case letters.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] for anything else.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency(code.to_owned())),
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in a currency: up to 28 significant digits, exact. As JSON the amount is a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// The amount in the currency's main unit (euros, not cents).
    #[schemars(with = "String")]
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Reads an amount such as `12.30`; an exponent (`1e-3`), as bills print small prices, is taken exactly.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] or [`MoneyError::Currency`].
    pub fn parse(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let text = amount.trim();
        let exact =
            if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
        let amount = exact.map_err(|_| MoneyError::Amount(amount.to_owned()))?;
        Ok(Self { amount, currency: Currency::new(currency)? })
    }

    /// The exact sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::Overflow`] past 28 digits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_add_exactly_where_floats_would_not() {
        let sum = Money::parse("0.1", "EUR").unwrap().plus(Money::parse("0.2", "EUR").unwrap()).unwrap();
        assert_eq!(sum.to_string(), "0.3 EUR");
        assert_eq!(Money::parse("1.5e-7", "USD").unwrap().amount.to_string(), "0.00000015");
    }

    #[test]
    fn two_currencies_never_add_up() {
        let error = Money::parse("1", "EUR").unwrap().plus(Money::parse("1", "USD").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "cannot add USD to EUR: convert first");
        assert!(Money::parse("1", "eur").is_err());
    }
}
