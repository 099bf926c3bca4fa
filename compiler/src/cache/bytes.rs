//! Values as bytes and back. Numbers take as few bytes as they need; places are those of one file, which is not written.
//! What comes back passes the same door as what a file says: a name that is none is nothing.

use smol_str::SmolStr;
use wlc_plan::{
    binding::{DeviceUuid, PciAddress},
    name::NodeName,
    quantity,
};

use crate::{
    fields::{Checked, value::Whole},
    model::range::Speed,
    sources::{Source, Stamp},
    span::{FileId, Span, Spanned},
};

/// More things are not made room for before they are read.
const MOST_EXPECTED: usize = 1_024;

/// A value that can be kept.
pub(crate) trait Kept: Sized {
    /// Puts its bytes behind those that are there.
    fn put(&self, bytes: &mut Vec<u8>);

    /// Takes it from the front; none where the bytes are no such value.
    fn get(from: &mut Bytes<'_>) -> Option<Self>;
}

/// Bytes that are being read.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
    file: FileId,
    source: &'a Source,
}

impl<'a> Bytes<'a> {
    /// All of these bytes as one value, whose places are in this file.
    pub(super) fn whole<T: Kept>(bytes: &'a [u8], file: FileId, source: &'a Source) -> Option<T> {
        let mut from = Self { rest: bytes, file, source };
        T::get(&mut from).filter(|_| from.rest.is_empty())
    }

    /// The value at the front of bytes, which has no places, and what is behind it.
    pub(super) fn first<T: Kept>(bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
        let nowhere = Source::default();
        let mut from = Bytes { rest: bytes, file: FileId(0), source: &nowhere };
        let value = T::get(&mut from)?;
        let read = bytes.len() - from.rest.len();
        Some((value, &bytes[read..]))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u32::get(self)?;
        std::str::from_utf8(self.take(length as usize)?).ok()
    }
}

/// Writes the fields of blocks one behind the other. All of them are named, so that a new one is not forgotten.
macro_rules! kept {
    ($($type:ident { $($field:ident),* })+) => {$(
        impl $crate::cache::Kept for $type {
            fn put(&self, bytes: &mut Vec<u8>) {
                let Self { span, extent, $($field),* } = self;
                span.put(bytes);
                extent.put(bytes);
                $($field.put(bytes);)*
            }

            fn get(from: &mut $crate::cache::Bytes<'_>) -> Option<Self> {
                let (span, extent) = ($crate::cache::Kept::get(from)?, $crate::cache::Kept::get(from)?);
                Some(Self { span, extent, $($field: $crate::cache::Kept::get(from)?),* })
            }
        }
    )+};
}
pub(crate) use kept;

impl Kept for u64 {
    fn put(&self, bytes: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        let mut number = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let (byte, rest) = from.rest.split_first()?;
            from.rest = rest;
            number |= Self::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl Kept for u32 {
    fn put(&self, bytes: &mut Vec<u8>) {
        u64::from(*self).put(bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        u64::get(from).and_then(|number| Self::try_from(number).ok())
    }
}

impl Kept for bool {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        match from.take(1)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Kept for Checked {
    fn put(&self, _: &mut Vec<u8>) {}

    fn get(_: &mut Bytes<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
        self.1.put(bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        Some((A::get(from)?, B::get(from)?))
    }
}

impl Kept for Stamp {
    fn put(&self, bytes: &mut Vec<u8>) {
        let Self { file, length, modified, changed } = self;
        file.put(bytes);
        [length, modified, changed].into_iter().for_each(|number| number.put(bytes));
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        let (file, length) = Kept::get(from)?;
        let (modified, changed) = Kept::get(from)?;
        Some(Self { file, length, modified, changed })
    }
}

impl Kept for Span {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.start.put(bytes);
        (self.end - self.start).put(bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        let (start, length) = (u32::get(from)?, u32::get(from)?);
        let end = start.checked_add(length)?;
        from.source.has(start as usize..end as usize).then_some(Self { file: from.file, start, end })
    }
}

impl<T: Kept> Kept for Spanned<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.span.put(bytes);
        self.value.put(bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        let span = Span::get(from)?;
        Some(Self { value: T::get(from)?, span })
    }
}

impl<T: Kept> Kept for Option<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.is_some().put(bytes);
        self.iter().for_each(|value| value.put(bytes));
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        match bool::get(from)? {
            true => T::get(from).map(Some),
            false => Some(None),
        }
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).put(bytes);
        self.iter().for_each(|value| value.put(bytes));
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        let length = u32::get(from)? as usize;
        let mut values = Self::with_capacity(length.min(MOST_EXPECTED));
        for _ in 0..length {
            values.push(T::get(from)?);
        }
        Some(values)
    }
}

fn put_text(text: &str, bytes: &mut Vec<u8>) {
    (text.len() as u64).put(bytes);
    bytes.extend_from_slice(text.as_bytes());
}

impl Kept for String {
    fn put(&self, bytes: &mut Vec<u8>) {
        put_text(self, bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        from.text().map(str::to_owned)
    }
}

impl Kept for SmolStr {
    fn put(&self, bytes: &mut Vec<u8>) {
        put_text(self, bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        from.text().map(Self::new)
    }
}

macro_rules! names {
    ($($type:ty),+) => {$(
        impl Kept for $type {
            fn put(&self, bytes: &mut Vec<u8>) {
                put_text(self.as_str(), bytes);
            }

            fn get(from: &mut Bytes<'_>) -> Option<Self> {
                <$type>::parse(from.text()?).ok()
            }
        }
    )+};
}

names!(NodeName, PciAddress, DeviceUuid);

macro_rules! amounts {
    ($($type:ty),+) => {$(
        impl Kept for $type {
            fn put(&self, bytes: &mut Vec<u8>) {
                self.0.put(bytes);
            }

            fn get(from: &mut Bytes<'_>) -> Option<Self> {
                u64::get(from).map(Self)
            }
        }
    )+};
}

amounts!(quantity::Cpu, quantity::Bytes, Speed);

impl<const LEAST: u32, const MOST: u32> Kept for Whole<LEAST, MOST> {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.0.put(bytes);
    }

    fn get(from: &mut Bytes<'_>) -> Option<Self> {
        u32::get(from).filter(|number| (LEAST..=MOST).contains(number)).map(Self)
    }
}
