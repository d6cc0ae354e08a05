//! What a page needs of every entity of a kind in a long window, held so that a new fact replaces what its entity added and
//! nothing else is read again.

use crate::{Call, Entity, Folded, Problem};
use jiff::SignedDuration;
use mainstay_model::{Span, Timestamp};
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Moved entities that are read one by one; where more moved, reading all of them costs less.
const MOVED_MAX: usize = 500;
/// What begins so much before the window that is asked for is dropped, by reading anew.
const SURPLUS: SignedDuration = SignedDuration::from_hours(24 * 7);
/// What nobody asked for so long is given back.
const KEPT: SignedDuration = SignedDuration::from_mins(30);

/// What is needed of entities of a kind: as little as will do, since that of a quarter is held at once.
pub trait Digest<T>: Default + Send + 'static {
    /// Takes an entity in, or takes it in anew.
    fn put(&mut self, entity: &Folded<T>);

    /// Forgets an entity; it may never have been taken in.
    fn remove(&mut self, key: &str);
}

/// The digests that are held, one of a type.
#[derive(Default)]
pub(crate) struct Digests(Mutex<BTreeMap<TypeId, Held>>);

struct Held {
    digest: Box<dyn Any + Send>,
    /// Entities that matter from then on are in it.
    from: Timestamp,
    /// Entries of the ledger that it holds for.
    size: u64,
    asked: Timestamp,
}

impl Digests {
    /// Gives back what nobody asked for lately.
    pub(crate) fn tidy(&self, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, held| now.duration_since(held.asked) < KEPT);
    }
}

impl Call<'_> {
    /// Gives `use_it` the digest of all entities of a kind that can matter to the span. It may hold some that cannot.
    ///
    /// `as_of` is what was known then; such a digest is made for this call alone.
    ///
    /// # Errors
    /// The database fails, a row cannot be read, or `as_of` is no time.
    pub fn digest<T: Entity, D: Digest<T>, R>(
        &self,
        span: Span,
        as_of: Option<&str>,
        use_it: impl FnOnce(&D) -> R,
    ) -> Result<R, Problem> {
        if as_of.is_some() {
            return Ok(use_it(&self.fresh::<T, D>(span, as_of)?));
        }
        // Before anything is read: a fact that arrives meanwhile then counts as one that came later.
        let size = self.world.ledger.size()?;
        let taken = {
            let mut all = self.world.digests.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(&TypeId::of::<D>())
        };
        // Nobody waits for another: who comes meanwhile finds nothing held and reads for themselves.
        let held = match taken {
            Some(held) => self.caught_up::<T, D>(held, span, size)?,
            None => None,
        };
        let digest = match held {
            Some(held) => held,
            None => {
                self.world.moves.follow(size);
                let from_now_on = Span { from: span.from, to: Timestamp::MAX };
                let digest = Box::new(self.fresh::<T, D>(from_now_on, None)?);
                Held { digest, from: span.from, size, asked: self.now }
            }
        };
        let out = digest.digest.downcast_ref::<D>().map(use_it);
        let mut all = self.world.digests.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(TypeId::of::<D>(), digest);
        out.ok_or_else(|| Problem::ours("digest.type", "what is held is of another type".to_owned()))
    }

    fn fresh<T: Entity, D: Digest<T>>(&self, span: Span, as_of: Option<&str>) -> Result<D, Problem> {
        let mut digest = D::default();
        self.reader(as_of)?.each::<T>(span, &mut |entity| digest.put(&entity))?;
        Ok(digest)
    }

    /// Brings a digest up to `size` entries; nothing where making it anew costs less.
    fn caught_up<T: Entity, D: Digest<T>>(
        &self,
        mut held: Held,
        span: Span,
        size: u64,
    ) -> Result<Option<Held>, Problem> {
        if span.from < held.from || span.from.duration_since(held.from) > SURPLUS {
            return Ok(None);
        }
        let moved = self.world.moves.of(&self.world.ledger, T::TABLE, (held.size, size))?;
        let Some(moved) = moved.filter(|moved| moved.len() <= MOVED_MAX) else { return Ok(None) };
        let Some(digest) = held.digest.downcast_mut::<D>() else { return Ok(None) };
        let reader = self.reader(None)?;
        for key in &moved {
            match reader.one::<T>(key)? {
                Some(entity) if entity.entity.span().1.is_none_or(|end| end > held.from) => digest.put(&entity),
                _ => digest.remove(key),
            }
        }
        (held.size, held.asked) = (size, self.now);
        Ok(Some(held))
    }
}
