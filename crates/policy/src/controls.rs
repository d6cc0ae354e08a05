//! The controls of an engine, by their ids and types.
//!
//! A page of ours is read when a resource of one of its types is first judged, or somebody asks for it by name: most of a
//! thousand pages speak of what no folder at hand holds. A user's page is read at once, since its mistakes are to be told.

use crate::catalog::BuiltIn;
use crate::control::{self, Control, type_matches};
use crate::judge::folded;
use crate::secret::FILE_TYPE;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Controls in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    held: Vec<Held>,
    by_type: HashMap<Cow<'static, str>, Vec<u32>>,
    /// Those of which a type ends in `*`.
    wild: Vec<u32>,
}

/// A control, read or known to the index of the build.
#[derive(Debug)]
pub(crate) enum Held {
    /// One that was read.
    Read(Box<Control>),
    /// One of ours with its entry of the index, to be read when it is needed.
    Listed(&'static BuiltIn, OnceLock<Box<Control>>),
}

/// A rule of a control, by their indexes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied {
    /// Which control.
    pub control: u32,
    /// Which of its rules.
    pub rule: u32,
}

impl Held {
    fn control(&self) -> &Control {
        match self {
            Self::Read(control) => control,
            Self::Listed(page, read) => read.get_or_init(|| match control::read_ours(&page.file()) {
                Ok(control) => Box::new(control),
                Err(wrong) => panic!("a page of the catalog is broken, which `mainstay control test` tells: {wrong:?}"),
            }),
        }
    }

    /// The control's id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Listed(BuiltIn { index: Some(index), .. }, _) => index.id,
            other => &other.control().id,
        }
    }

    /// The file that it comes from.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Listed(page, _) => page.path,
            Self::Read(control) => &control.path,
        }
    }

    fn aliases(&self) -> impl Iterator<Item = &str> {
        let (listed, read) = match self {
            Self::Listed(BuiltIn { index: Some(index), .. }, _) => (index.aliases, &[][..]),
            other => (&[][..], &*other.control().aliases),
        };
        listed.iter().copied().chain(read.iter().map(String::as_str))
    }

    fn types(&self) -> Vec<Cow<'static, str>> {
        match self {
            Self::Listed(BuiltIn { index: Some(index), .. }, _) => {
                index.types.iter().map(|name| folded(name)).collect()
            }
            other => other.control().types.iter().map(|name| Cow::Owned(folded(name).into_owned())).collect(),
        }
    }
}

impl Controls {
    /// Controls that are sorted by their ids.
    pub(crate) fn of(held: Vec<Held>) -> Self {
        let mut out = Self { by_type: HashMap::with_capacity(2 * held.len()), ..Self::default() };
        for (index, control) in (0u32..).zip(&held) {
            for name in control.types() {
                let of_type = match name.ends_with('*') {
                    true => &mut out.wild,
                    false => out.by_type.entry(name).or_default(),
                };
                if of_type.last() != Some(&index) {
                    of_type.push(index);
                }
            }
        }
        out.held = held;
        out
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// One of them by its position.
    pub(crate) fn at(&self, index: u32) -> &Control {
        self.held[index as usize].control()
    }

    /// All of them, read.
    pub(crate) fn all(&self) -> Vec<&Control> {
        self.held.iter().map(Held::control).collect()
    }

    /// The ids of all, here and in other tools.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.held.iter().flat_map(|held| std::iter::once(held.id()).chain(held.aliases()))
    }

    /// The control with an id, or the first with an alias of that id.
    pub(crate) fn named(&self, id: &str) -> Option<&Control> {
        let own = self.held.binary_search_by(|held| held.id().cmp(id)).ok().map(|at| &self.held[at]);
        own.or_else(|| self.held.iter().find(|held| held.aliases().any(|alias| alias == id))).map(Held::control)
    }

    /// The controls that have an id, here or in another tool.
    pub(crate) fn all_named(&self, id: &str) -> Vec<&Control> {
        let named = |held: &&Held| held.id() == id || held.aliases().any(|alias| alias == id);
        self.held.iter().filter(named).map(Held::control).collect()
    }

    /// The positions of the controls that judge files instead of resources.
    pub(crate) fn of_files(&self) -> &[u32] {
        self.by_type.get(FILE_TYPE).map_or(&[], Vec::as_slice)
    }

    /// The keywords of each `secret` block of a control, without reading a page of ours for them.
    pub(crate) fn keywords(&self, index: u32) -> Vec<Vec<Cow<'static, str>>> {
        match &self.held[index as usize] {
            Held::Listed(BuiltIn { index: Some(index), .. }, _) => {
                index.keywords.iter().map(|block| block.iter().map(|word| Cow::Borrowed(*word)).collect()).collect()
            }
            held => {
                let blocks = held.control().detectors.iter();
                blocks.map(|block| block.keywords.iter().map(|word| Cow::Owned(word.clone())).collect()).collect()
            }
        }
    }

    /// The rules for a type, in the order of their controls.
    pub(crate) fn applied(&self, resource_type: &str) -> Vec<Applied> {
        let named = self.by_type.get(resource_type).into_iter().flatten();
        let mut rules: Vec<Applied> = named.filter_map(|index| self.named_rule(*index, resource_type)).collect();
        for index in &self.wild {
            let control = self.at(*index);
            let wild = control.types.iter().any(|name| name.ends_with('*') && type_matches(name, resource_type));
            let named = rules.iter().any(|known| known.control == *index);
            if let (true, false, Some(rule)) = (wild, named, control.rule_for(resource_type)) {
                rules.push(applied(*index, rule));
            }
        }
        rules.sort_by_key(|rule| rule.control);
        rules
    }

    /// The rule of a control that names the type.
    fn named_rule(&self, index: u32, resource_type: &str) -> Option<Applied> {
        let control = self.at(index);
        let name = control.types.iter().find(|name| folded(name) == resource_type)?;
        Some(applied(index, control.rule_for(name)?))
    }
}

fn applied(control: u32, rule: usize) -> Applied {
    Applied { control, rule: u32::try_from(rule).expect("a file holds fewer rules than 2^32") }
}
