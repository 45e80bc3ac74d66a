//! Secrets at rest: a copy of a value in which each secret is opaque bytes, and back. What seals is the caller's.

use super::buffer::{LIST, MAP, Malformed, SEALED, SECRET, SET, UNKNOWN, framed, write_length};
use super::{Items, ValueBuf, ValueRef, View};
use crate::{AttributePath, Step};

/// What makes the new bytes of a secret at a path.
type Change<'f, E> = &'f mut dyn FnMut(&AttributePath, &[u8]) -> Result<Vec<u8>, E>;

impl ValueRef<'_> {
    /// Whether a secret is in it, in the clear or sealed, at any depth (also in what an unknown waits for).
    #[must_use]
    pub fn holds_secret(self) -> bool {
        match self.view() {
            View::List(items) | View::Set(items) => items.into_iter().any(ValueRef::holds_secret),
            View::Map(mut entries) => entries.any(|(_, value)| value.holds_secret()),
            View::Unknown(residual) => residual.holds_secret(),
            View::Secret(_) | View::Sealed(_) => true,
            _ => false,
        }
    }

    /// A copy where each secret is what `seal` makes of its canonical bytes.
    ///
    /// # Errors
    /// The first error of `seal`.
    pub fn seal_secrets<E>(self, seal: Change<'_, E>) -> Result<ValueBuf, E> {
        let mut bytes = Vec::with_capacity(self.as_bytes().len() + 64);
        copy::<E>(self, &AttributePath::root(), &mut bytes, &mut |path, value, bytes| {
            let View::Secret(inner) = value.view() else { return Ok(false) };
            let sealed = seal(path, inner.as_bytes())?;
            bytes.push(SEALED);
            write_length(sealed.len(), bytes);
            bytes.extend_from_slice(&sealed);
            Ok(true)
        })?;
        Ok(ValueBuf::from_checked(bytes))
    }

    /// The reverse of [`ValueRef::seal_secrets`]: `open` gives back the canonical bytes.
    ///
    /// # Errors
    /// The first error of `open`, or that what it gave is no value.
    pub fn open_secrets<E: From<Malformed>>(self, open: Change<'_, E>) -> Result<ValueBuf, E> {
        let mut bytes = Vec::with_capacity(self.as_bytes().len());
        copy::<E>(self, &AttributePath::root(), &mut bytes, &mut |path, value, bytes| {
            let View::Sealed(sealed) = value.view() else { return Ok(false) };
            let opened = ValueBuf::from_bytes(open(path, sealed)?)?;
            framed(SECRET, bytes, |bytes| bytes.extend_from_slice(opened.as_bytes()));
            Ok(true)
        })?;
        Ok(ValueBuf::from_checked(bytes))
    }
}

/// Writes another form of a value, or tells that it has none.
type Replace<'f, E> = &'f mut dyn FnMut(&AttributePath, ValueRef<'_>, &mut Vec<u8>) -> Result<bool, E>;

fn copy<E>(value: ValueRef<'_>, path: &AttributePath, bytes: &mut Vec<u8>, replace: Replace<'_, E>) -> Result<(), E> {
    if replace(path, value, bytes)? {
        return Ok(());
    }
    if !value.holds_secret() {
        bytes.extend_from_slice(value.as_bytes());
        return Ok(());
    }
    match value.view() {
        View::List(items) => copy_items(LIST, items, path, bytes, replace),
        View::Set(items) => copy_items(SET, items, path, bytes, replace),
        View::Map(entries) => frame(MAP, bytes, |bytes| {
            write_length(entries.len(), bytes);
            entries.into_iter().try_for_each(|(key, value)| {
                write_length(key.len(), bytes);
                bytes.extend_from_slice(key.as_bytes());
                copy(value, &path.then(Step::Member(key.into())), bytes, replace)
            })
        }),
        View::Unknown(residual) => frame(UNKNOWN, bytes, |bytes| copy(residual, path, bytes, replace)),
        _ => {
            bytes.extend_from_slice(value.as_bytes());
            Ok(())
        }
    }
}

fn copy_items<E>(
    tag: u8,
    items: Items<'_>,
    path: &AttributePath,
    bytes: &mut Vec<u8>,
    replace: Replace<'_, E>,
) -> Result<(), E> {
    frame(tag, bytes, |bytes| {
        write_length(items.len(), bytes);
        (0_u32..).zip(items).try_for_each(|(index, item)| copy(item, &path.then(Step::Index(index)), bytes, replace))
    })
}

fn frame<E>(tag: u8, bytes: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let mut result = Ok(());
    framed(tag, bytes, |bytes| result = content(bytes));
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Value;
    use super::*;
    use crate::{Operation, Residual};
    use std::sync::Arc;

    fn sample() -> ValueBuf {
        let hidden = Value::string("hunter2").secret();
        let waiting = Residual::Apply {
            operation: Operation::Template,
            arguments: [hidden.clone(), Value::Int(1)].into_iter().collect(),
            span: None,
        };
        ValueBuf::from(&Value::map([
            ("name", Value::string("db")),
            ("password", hidden.clone()),
            ("users", Value::list([Value::map([("token", hidden.clone())]), Value::Null])),
            ("set", Value::set([hidden.clone(), Value::Int(3)])),
            ("url", Value::Unknown(Arc::new(waiting))),
            ("whole", Value::map([("inner", hidden)]).secret()),
        ]))
    }

    #[test]
    fn sealed_values_hold_no_secret_and_come_back() {
        let value = sample();
        let mut paths = Vec::new();
        let sealed = value.view().seal_secrets(&mut |path, bytes| {
            paths.push(path.to_string());
            Ok::<_, Malformed>(bytes.iter().map(|byte| byte ^ 0xff).collect())
        });
        let sealed = sealed.unwrap();
        assert_eq!(paths, ["password", "set[1]", "url[2][0]", "users[0].token", "whole"]);
        assert!(!sealed.as_bytes().windows(7).any(|window| window == b"hunter2"));
        assert_eq!(ValueBuf::from_bytes(sealed.as_bytes().to_vec()), Ok(sealed.clone()));
        let mut open = |_: &AttributePath, bytes: &[u8]| Ok(bytes.iter().map(|byte| byte ^ 0xff).collect());
        assert_eq!(sealed.view().open_secrets::<Malformed>(&mut open), Ok(value));
    }

    #[test]
    fn what_holds_no_secret_is_copied_as_it_is() {
        let value = ValueBuf::from(&Value::map([("a", Value::list([Value::Int(1)]))]));
        let mut never = |_: &AttributePath, _: &[u8]| Err("called");
        assert_eq!(value.view().seal_secrets(&mut never), Ok(value.clone()));
    }
}
