//! Operators between two expressions.

use super::{Evaluator, Grid, Row, Rows, Value, rows};
use crate::error::{Error, Result, Span};
use crate::labels::Labels;
use crate::parse::tree::{Binary, Matching, Op, Side};
use crate::store::STALE;
use std::collections::HashMap;

/// What an operator makes of two numbers; a comparison gives 1 or 0.
pub(crate) fn arithmetic(op: Op, left: f64, right: f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    match op {
        Op::Add => left + right,
        Op::Subtract => left - right,
        Op::Multiply => left * right,
        Op::Divide => left / right,
        Op::Modulo => left % right,
        Op::Power => left.powf(right),
        Op::Atan2 => left.atan2(right),
        Op::Equal => truth(left == right),
        Op::NotEqual => truth(left != right),
        Op::Less => truth(left < right),
        Op::LessOrEqual => truth(left <= right),
        Op::Greater => truth(left > right),
        Op::GreaterOrEqual => truth(left >= right),
        // Sets are made of series, not of numbers.
        Op::Or | Op::And | Op::Unless => STALE,
    }
}

/// The series of both sides that share what is matched on.
#[derive(Default)]
struct Group {
    left: Vec<usize>,
    right: Vec<usize>,
}

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, binary: &Binary, grid: Grid, span: Span) -> Result<Value> {
        let left = self.eval(&binary.left, grid)?;
        let right = self.eval(&binary.right, grid)?;
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let pairs = left.into_iter().zip(right);
                Ok(Value::Scalar(pairs.map(|(left, right)| arithmetic(binary.op, left, right)).collect()))
            }
            (Value::Vector(rows), Value::Scalar(numbers)) => self.with_scalar(binary, rows, &numbers, Side::Left, span),
            (Value::Scalar(numbers), Value::Vector(rows)) => {
                self.with_scalar(binary, rows, &numbers, Side::Right, span)
            }
            (Value::Vector(left), Value::Vector(right)) => {
                let joint = Joint { binary, left, right, grid, span };
                if binary.op.is_set() {
                    return Ok(Value::Vector(rows::merged(joint.set(), span)?));
                }
                self.room(joint.left.len().max(joint.right.len()), grid, span)?;
                let rows = joint.matched(self)?;
                Ok(Value::Vector(rows::merged(rows, span)?))
            }
        }
    }

    /// `vector_side` is where the vector stands.
    fn with_scalar(
        &self,
        binary: &Binary,
        mut rows: Rows,
        numbers: &[f64],
        vector_side: Side,
        span: Span,
    ) -> Result<Value> {
        let op = binary.op;
        for row in &mut rows {
            for (value, number) in row.values.iter_mut().zip(numbers).filter(|(value, _)| !crate::is_stale(**value)) {
                let (left, right) = if vector_side == Side::Left { (*value, *number) } else { (*number, *value) };
                let result = arithmetic(op, left, right);
                *value = match (op.compares(), binary.bool_result) {
                    (true, false) if result == 0.0 => STALE,
                    (true, false) => *value,
                    _ => result,
                };
            }
        }
        if !op.compares() || binary.bool_result {
            rows = self.without_names(rows, span)?;
        }
        rows.retain(|row| !row.is_empty());
        Ok(Value::Vector(rows))
    }
}

/// Two vectors and what joins them.
struct Joint<'a> {
    binary: &'a Binary,
    left: Rows,
    right: Rows,
    grid: Grid,
    span: Span,
}

fn signature(labels: &Labels, matching: &Matching) -> Labels {
    if matching.on {
        return labels.filter(|name| matching.labels.iter().any(|label| label == name));
    }
    labels.filter(|name| name != crate::labels::NAME && !matching.labels.iter().any(|label| label == name))
}

impl Joint<'_> {
    /// Groups in the order in which they first appear.
    fn groups(&self) -> Vec<(Labels, Group)> {
        let mut places: HashMap<Labels, usize> = HashMap::new();
        let mut groups: Vec<(Labels, Group)> = Vec::new();
        for (is_left, rows) in [(true, &self.left), (false, &self.right)] {
            for (index, row) in rows.iter().enumerate() {
                let key = signature(&row.labels, &self.binary.matching);
                let at = *places.entry(key.clone()).or_insert_with(|| {
                    groups.push((key, Group::default()));
                    groups.len() - 1
                });
                let group = &mut groups[at].1;
                if is_left { group.left.push(index) } else { group.right.push(index) }
            }
        }
        groups
    }

    fn present(rows: &Rows, of: &[usize], moment: usize) -> bool {
        of.iter().any(|at| !crate::is_stale(rows[*at].values[moment]))
    }

    /// `and`, `or`, `unless`.
    fn set(mut self) -> Rows {
        let groups = self.groups();
        for (_, group) in &groups {
            for moment in 0..self.grid.count {
                let (left, right) =
                    (Self::present(&self.left, &group.left, moment), Self::present(&self.right, &group.right, moment));
                let clear = |rows: &mut Rows, of: &[usize]| of.iter().for_each(|at| rows[*at].values[moment] = STALE);
                match self.binary.op {
                    Op::And if !right => clear(&mut self.left, &group.left),
                    Op::Unless if right => clear(&mut self.left, &group.left),
                    Op::Or if left => clear(&mut self.right, &group.right),
                    _ => {}
                }
            }
        }
        if self.binary.op == Op::Or {
            self.left.append(&mut self.right);
        }
        self.left
    }

    fn matched(&self, evaluator: &Evaluator<'_>) -> Result<Rows> {
        let mut out = Joined { rows: Vec::new(), places: HashMap::new() };
        for (key, group) in &self.groups() {
            for moment in 0..self.grid.count {
                self.match_moment(key, group, moment, &mut out, evaluator)?;
            }
        }
        Ok(out.rows)
    }

    fn many_side(&self) -> Option<Side> {
        self.binary.matching.group.as_ref().map(|(side, _)| *side)
    }

    /// Matches the series of a group at one moment.
    fn match_moment(
        &self,
        key: &Labels,
        group: &Group,
        moment: usize,
        out: &mut Joined,
        evaluator: &Evaluator<'_>,
    ) -> Result<()> {
        let at = |rows: &Rows, of: &[usize]| -> Vec<usize> {
            of.iter().copied().filter(|at| !crate::is_stale(rows[*at].values[moment])).collect()
        };
        let (left, right) = (at(&self.left, &group.left), at(&self.right, &group.right));
        let many_right = self.many_side() == Some(Side::Right);
        let (many, one) = if many_right { (&right, &left) } else { (&left, &right) };
        if one.len() > 1 && self.has_many(many_right, moment) {
            return Err(self.duplicate(many_right, one));
        }
        let matching = &self.binary.matching;
        // With `group_right` Prometheus turns the sides round and fills by the sides that it then has.
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        // Version 2 counts partners after a comparison, later ones before it.
        let mut results = if evaluator.options.as_version_2 || one.is_empty() { 0 } else { many.len() };
        let partner = one.first().copied();
        for from_many in many {
            if partner.is_none() && fill_one.is_none() {
                break;
            }
            let joined = self.join(key, Some(*from_many), partner, fill_one, moment, out, evaluator);
            results += usize::from(joined && (evaluator.options.as_version_2 || partner.is_none()));
        }
        if many.is_empty() && fill_many.is_some() && partner.is_some() {
            self.join(key, None, partner, fill_many, moment, out, evaluator);
        }
        if results > 1 && matching.group.is_none() {
            let message = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
            return Err(Error::refused(self.span, message));
        }
        Ok(())
    }

    /// Whether anything at all stands on the "many" side at a moment; Prometheus looks for duplicates only then.
    fn has_many(&self, many_right: bool, moment: usize) -> bool {
        let matching = &self.binary.matching;
        let rows = if many_right { &self.right } else { &self.left };
        let filled = matching.fill_left.is_some() || matching.fill_right.is_some();
        filled || rows.iter().any(|row| !crate::is_stale(row.values[moment]))
    }

    fn duplicate(&self, many_right: bool, one: &[usize]) -> Error {
        let (rows, side) = if many_right { (&self.left, "left") } else { (&self.right, "right") };
        let key = signature(&rows[one[0]].labels, &self.binary.matching);
        // Named in order, so that the message does not depend on the order of the series.
        let mut names = [rows[one[0]].labels.in_braces(), rows[one[1]].labels.in_braces()];
        names.sort();
        let message = format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];many-to-many \
             matching not allowed: matching labels must be unique on one side",
            key.in_braces(),
            names[0],
            names[1]
        );
        Error::refused(self.span, message)
    }

    /// Joins a pair, of which one may be missing and have a value to stand for it; gives whether something came of it.
    #[expect(clippy::too_many_arguments, reason = "a pair, its key and its moment belong together")]
    fn join(
        &self,
        key: &Labels,
        many: Option<usize>,
        one: Option<usize>,
        fill: Option<f64>,
        moment: usize,
        out: &mut Joined,
        evaluator: &Evaluator<'_>,
    ) -> bool {
        let many_right = self.many_side() == Some(Side::Right);
        let (many_rows, one_rows) = if many_right { (&self.right, &self.left) } else { (&self.left, &self.right) };
        let value = |rows: &Rows, at: Option<usize>| at.map_or(fill.unwrap_or(STALE), |at| rows[at].values[moment]);
        let (many_value, one_value) = (value(many_rows, many), value(one_rows, one));
        let (left, right) = if many_right { (one_value, many_value) } else { (many_value, one_value) };
        let op = self.binary.op;
        let result = match (op.compares(), self.binary.bool_result, arithmetic(op, left, right)) {
            (true, false, 0.0) => return false,
            (true, false, _) => left,
            (_, _, result) => result,
        };
        let at = *out.places.entry((many, one, key.clone())).or_insert_with(|| {
            let (many, one) = (many.map(|at| &many_rows[at]), one.map(|at| &one_rows[at]));
            out.rows.push(self.row(key, many, one, evaluator));
            out.rows.len() - 1
        });
        out.rows[at].values[moment] = result;
        true
    }

    /// An empty row with the labels that a pair gives.
    fn row(&self, key: &Labels, many: Option<&Row>, one: Option<&Row>, evaluator: &Evaluator<'_>) -> Row {
        let matching = &self.binary.matching;
        let drops = !self.binary.op.compares();
        let mut labels = many.map_or_else(|| key.clone(), |row| row.labels.clone());
        if drops {
            labels = evaluator.nameless(&labels);
        }
        match &matching.group {
            None if matching.on => labels = labels.filter(|name| matching.labels.iter().any(|label| label == name)),
            None => labels = labels.filter(|name| !matching.labels.iter().any(|label| label == name)),
            Some((_, include)) if !include.is_empty() => {
                let mut builder = labels.builder();
                for label in include {
                    builder.set(label.as_str(), one.map_or("", |row| row.labels.get(label)));
                }
                labels = builder.finish();
            }
            Some(_) => {}
        }
        let dropped_late = self.binary.bool_result || many.is_some_and(|row| row.drop_name);
        if self.binary.bool_result && !evaluator.options.late_name_drop {
            labels = evaluator.nameless(&labels);
        }
        Row {
            labels,
            drop_name: dropped_late && evaluator.options.late_name_drop,
            values: vec![STALE; self.grid.count],
        }
    }
}

/// What was joined, and by which pair.
struct Joined {
    rows: Rows,
    places: HashMap<(Option<usize>, Option<usize>, Labels), usize>,
}
