//! Numbers: whole ones of four bases, and those with a point or an exponent.

use super::Reader;
use crate::syntax::Scalar;

/// No number of the language has as many digits; more are left to the kdl crate.
const DIGITS: usize = 30;

impl Reader<'_> {
    /// Whether what stands here can be nothing but a number.
    pub(super) fn is_number(&self) -> bool {
        let sign = usize::from(matches!(self.peek(0), Some(b'-' | b'+')));
        self.peek(sign).is_some_and(|byte| byte.is_ascii_digit())
    }

    pub(super) fn number(&mut self) -> Option<Scalar> {
        let start = self.at;
        let is_negative = self.peek(0) == Some(b'-');
        self.at += usize::from(matches!(self.peek(0), Some(b'-' | b'+')));
        let radix = match (self.peek(0), self.peek(1)) {
            (Some(b'0'), Some(b'x' | b'X')) => 16,
            (Some(b'0'), Some(b'o' | b'O')) => 8,
            (Some(b'0'), Some(b'b' | b'B')) => 2,
            _ => 10,
        };
        self.at += if radix == 10 { 0 } else { 2 };
        let whole = self.digits(radix)?;
        if radix == 10 && self.rest_of_decimal()? {
            return Some(Scalar::Decimal(self.text[start..self.at].replace('_', "")));
        }
        Some(Scalar::Integer(if is_negative { -whole } else { whole }))
    }

    /// A digit, then digits and `_`.
    fn digits(&mut self, radix: u32) -> Option<i128> {
        let digit = |byte: u8| char::from(byte).to_digit(radix);
        self.peek(0).and_then(digit)?;
        let start = self.at;
        let (mut small, mut large) = (0u64, None);
        while let Some(byte) = self.peek(0) {
            match digit(byte) {
                Some(digit) => {
                    let next = small.checked_mul(radix.into()).and_then(|next| next.checked_add(digit.into()));
                    match next {
                        Some(next) => small = next,
                        None => large = Some(()),
                    }
                }
                None if byte == b'_' => {}
                None => break,
            }
            self.at += 1;
        }
        if large.is_none() {
            return Some(small.into());
        }
        let written = self.text[start..self.at].replace('_', "");
        if written.len() > DIGITS {
            return None;
        }
        i128::from_str_radix(&written, radix).ok()
    }

    /// `.5`, `e9` or both. Whether there was one.
    fn rest_of_decimal(&mut self) -> Option<bool> {
        let start = self.at;
        if self.peek(0) == Some(b'.') {
            self.at += 1;
            self.digits(10)?;
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(0), Some(b'-' | b'+')));
            self.digits(10)?;
        }
        Some(self.at > start)
    }
}
