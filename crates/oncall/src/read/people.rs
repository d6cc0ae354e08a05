//! People, and those whom schedules name.

use super::fields::{File, field};
use super::schedule::hours;
use super::words;
use crate::{Contact, People, Person, PersonAt, Skipped};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mainstay_iac::{Node, Value};
use mainstay_model::Place;
use std::collections::BTreeMap;

/// The people of all files. Where no file lists any, everybody is taken to be there.
#[derive(Default)]
pub struct Known {
    people: Vec<Person>,
    numbers: BTreeMap<String, PersonAt>,
    places: BTreeMap<String, Place>,
    is_listed: bool,
}

impl Known {
    /// Takes in the people of a document.
    pub fn learn(&mut self, file: &mut File<'_>, node: &Node) {
        if field(node, "people").is_none() {
            return;
        }
        self.is_listed = true;
        for item in file.list(node, "people") {
            if !file.is_map(item, "a person") {
                continue;
            }
            file.only(item, &["id", "name", "email", "zone", "until", "contact", "quiet"]);
            let Some(id) = file.required(item, "id") else { continue };
            let zone = field(item, "zone").and_then(|_| zone(file, item));
            let until = moment(file, item, "until", zone.as_ref().unwrap_or(&TimeZone::UTC), Skipped::Shifted);
            let name = file.text(item, "name").unwrap_or_else(|| id.clone());
            let email = file.text(item, "email");
            let contact = file.list(item, "contact").iter().filter_map(|one| contact(file, one)).collect();
            let quiet = hours(file, item, "quiet");
            if let Some(first) = self.places.get(&id) {
                file.error(item, format!("{id} stands already at {first}"), "give one of them another id");
                continue;
            }
            self.places.insert(id.clone(), file.place(item));
            self.add(Person { id, name, email, zone, until, contact, quiet, is_known: true });
        }
    }

    fn add(&mut self, person: Person) -> PersonAt {
        let at = PersonAt(u32::try_from(self.people.len()).unwrap_or(u32::MAX));
        self.numbers.insert(person.id.clone(), at);
        self.people.push(person);
        at
    }

    /// Somebody whom a schedule names. Who is not known is warned of, and their shifts are empty.
    pub fn person(&mut self, file: &mut File<'_>, node: &Node) -> Option<PersonAt> {
        let id = file.text_of(node, "a person")?;
        if self.is_listed && !self.numbers.get(&id).is_some_and(|at| self.people[at.0 as usize].is_known) {
            let mend = "list them under `people:`, or name somebody else; until then nobody is on duty in their place";
            file.warn(node, "oncall.unknown-person", format!("nobody of the id {id} is known"), mend);
        }
        Some(self.numbers.get(&id).copied().unwrap_or_else(|| {
            let is_known = !self.is_listed;
            self.add(Person { is_known, ..Person::unknown(&id) })
        }))
    }

    /// One person, or a list of people who are on duty together.
    pub fn group(&mut self, file: &mut File<'_>, node: &Node) -> People {
        let mut out: Vec<PersonAt> = Vec::new();
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for person in items {
            match self.person(file, person) {
                Some(at) if out.contains(&at) => {
                    file.warn(person, "oncall.twice", "is named twice in one turn", "name them once");
                }
                at => out.extend(at),
            }
        }
        out.into()
    }

    /// All of them.
    pub fn people(self) -> Vec<Person> {
        self.people
    }
}

/// One way to somebody: the id of a channel, or a mapping.
fn contact(file: &mut File<'_>, node: &Node) -> Option<Contact> {
    if let Value::String(_) = node.value {
        let channel = file.text_of(node, "a channel")?;
        return Some(Contact { channel, to: None, after: SignedDuration::ZERO });
    }
    if !file.is_map(node, "a contact") {
        return None;
    }
    file.only(node, &["channel", "to", "after"]);
    let after = match file.text(node, "after").as_deref().map(words::delay) {
        None => SignedDuration::ZERO,
        Some(Ok(after)) => after,
        Some(Err(what)) => {
            file.error(field(node, "after").unwrap_or(node), what, "write it as in 5m, 90s or 1h");
            return None;
        }
    };
    Some(Contact { channel: file.required(node, "channel")?, to: file.text(node, "to"), after })
}

/// The zone of a map, where it has one.
pub fn zone(file: &mut File<'_>, node: &Node) -> Option<TimeZone> {
    let text = file.text(node, "zone")?;
    // A name of the IANA database: an abbreviation or a POSIX string would not follow the laws of a place.
    match TimeZone::get(&text) {
        Ok(zone) => Some(zone),
        Err(_) => {
            let mend = "write a name of the IANA database, such as Europe/Berlin or UTC";
            file.error(field(node, "zone").unwrap_or(node), format!("{text:?} is no time zone"), mend);
            None
        }
    }
}

/// A time of a map, where it has one.
pub fn moment(
    file: &mut File<'_>,
    node: &Node,
    key: &str,
    zone: &TimeZone,
    skipped: Skipped,
) -> Option<jiff::Timestamp> {
    let text = file.text(node, key)?;
    match words::moment(&text, zone, skipped) {
        Ok(at) => Some(at),
        Err(what) => {
            let mend =
                "write it as in 2026-11-01T09:00, in the schedule's zone, or with an offset as in 2026-11-01T09:00Z";
            file.error(field(node, key).unwrap_or(node), what, mend);
            None
        }
    }
}
