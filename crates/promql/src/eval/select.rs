//! What selectors find: the newest sample before each moment, or the samples of a window.

use super::window::{Slider, Track, Window};
use super::{Evaluator, Grid, Points, Row, Rows, repeated};
use crate::error::{Error, Result, Span};
use crate::functions::Over;
use crate::labels::Labels;
use crate::parse::tree::{Expr, Extended, Extent, Kind, Selector, Subquery};
use crate::store::{STALE, Sample, Series};
use std::borrow::Cow;

/// Series as a window slides over them.
pub(crate) struct Tracks<'a> {
    pub(crate) tracks: Vec<Owned<'a>>,
    /// The moments at which windows end.
    pub(crate) ends: Grid,
    /// Whether all windows are the same one.
    pub(crate) fixed: bool,
    pub(crate) range: i64,
}

/// One series, borrowed from the store where nothing is to be left out.
pub(crate) struct Owned<'a> {
    pub(crate) labels: Labels,
    pub(crate) drop_name: bool,
    times: Cow<'a, [i64]>,
    values: Cow<'a, [f64]>,
}

impl Owned<'_> {
    /// Whether it has no samples.
    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl<'a> Evaluator<'a> {
    fn series(&self, selector: &Selector, span: Span) -> Result<Vec<&'a Series>> {
        let store = self.store;
        let found: Vec<&Series> = store.select(&selector.matchers).into_iter().map(|at| &store.series()[at]).collect();
        match found.iter().find_map(|series| series.foreign) {
            Some(why) => Err(Error::unsupported(span, why)),
            None => Ok(found),
        }
    }

    /// The newest sample before each moment, or its time.
    pub(crate) fn select(&mut self, selector: &Selector, grid: Grid, times: bool, span: Span) -> Result<Rows> {
        if selector.extended.is_some() {
            return Err(Error::unsupported(span, "anchored and smoothed selectors"));
        }
        let (moments, fixed) = self.shifted(&selector.shift, grid, span)?;
        let found = self.series(selector, span)?;
        self.room(found.len(), grid, span)?;
        let mut rows = Vec::with_capacity(found.len());
        for series in found {
            let mut next = series.times.partition_point(|time| *time < moments.start);
            let before = next;
            let mut values = Vec::with_capacity(moments.count);
            for now in moments.times() {
                while series.times.get(next).is_some_and(|time| *time <= now) {
                    next += 1;
                }
                values.push(self.newest(series, next, now, times));
            }
            self.read(next - before + 1, span)?;
            let row = Row::new(series.labels.clone(), values);
            if !row.is_empty() {
                rows.push(row);
            }
        }
        Ok(if fixed { repeated(rows, grid) } else { rows })
    }

    fn newest(&self, series: &Series, next: usize, now: i64, time: bool) -> f64 {
        let Some(at) = next.checked_sub(1) else { return STALE };
        let oldest = now.saturating_sub(self.options.lookback_ms);
        let (sampled, value) = (series.times[at], series.values[at]);
        let too_old = sampled < oldest || (sampled == oldest && !self.options.as_version_2);
        if too_old || crate::is_stale(value) {
            return STALE;
        }
        if time { super::seconds(sampled) } else { value }
    }

    /// The series of a range selector or subquery, for windows that end at the moments of a grid.
    pub(crate) fn tracks(&mut self, expr: &Expr, grid: Grid) -> Result<Tracks<'a>> {
        let bare = expr.bare();
        match &bare.kind {
            Kind::Range(selector, range) => {
                let (ends, fixed) = self.shifted(&selector.shift, grid, bare.span)?;
                let range = self.positive_extent(range, bare.span)?;
                if let Some(extended) = selector.extended {
                    return Err(unsupported_extended(extended, bare.span));
                }
                let found = self.series(selector, bare.span)?;
                let (first, last) = (ends.start.saturating_sub(range), ends.end());
                let tracks = found.into_iter().map(|series| track(series, first, last)).collect();
                Ok(Tracks { tracks, ends, fixed, range })
            }
            Kind::Subquery(subquery) => self.subquery_tracks(subquery, grid, bare.span),
            _ => Err(Error::refused(bare.span, "a range vector is expected")),
        }
    }

    fn subquery_tracks(&mut self, subquery: &Subquery, grid: Grid, span: Span) -> Result<Tracks<'a>> {
        let (ends, fixed) = self.shifted(&subquery.shift, grid, span)?;
        let range = self.positive_extent(&subquery.range, span)?;
        let step = match &subquery.step {
            Some(step) => self.positive_extent(step, span)?,
            None => self.options.subquery_step_ms,
        };
        // Moments of subqueries are multiples of their step, so that they do not move with the query.
        let border = ends.start.saturating_sub(range);
        let mut start = border.div_euclid(step) * step;
        if start < border || (start == border && !self.options.as_version_2) {
            start = start.saturating_add(step);
        }
        let last = ends.end();
        if start > last {
            return Ok(Tracks { tracks: Vec::new(), ends, fixed, range });
        }
        let inner = Grid::range(start, last, step).map_err(|error| Error { span, ..error })?;
        let rows = self.rows(&subquery.expr, inner)?;
        self.read(rows.len().saturating_mul(inner.count), span)?;
        let tracks = rows.into_iter().map(|row| {
            let present = inner.times().zip(&row.values).filter(|(_, value)| !crate::is_stale(**value));
            let (times, values): (Vec<i64>, Vec<f64>) = present.unzip();
            Owned { labels: row.labels, drop_name: row.drop_name, times: times.into(), values: values.into() }
        });
        Ok(Tracks { tracks: tracks.collect(), ends, fixed, range })
    }

    /// Slides a window over series.
    pub(crate) fn slide(
        &mut self,
        found: &Tracks<'_>,
        over: Over,
        parameters: &[Vec<f64>],
        grid: Grid,
        span: Span,
    ) -> Result<Rows> {
        self.room(found.tracks.len(), grid, span)?;
        let closed = self.options.as_version_2;
        let mut rows = Vec::with_capacity(found.tracks.len());
        for track in &found.tracks {
            let windows = windows(track, found, grid, closed);
            let reads = windows.iter().map(|window| window.to - window.from).sum();
            let view = Track { times: &track.times, values: &track.values };
            let mut slider = Slider::new(view, over, reads, self.options);
            let mut values = vec![STALE; grid.count];
            for (index, window) in windows.into_iter().enumerate().filter(|(_, window)| window.from < window.to) {
                // A window that `@` holds still gives the same number each time, unless the moment is part of it.
                if found.fixed && index > 0 && over != Over::PredictLinear && parameters.is_empty() {
                    values[index] = values[0];
                    continue;
                }
                slider.set_parameters([0, 1].map(|at| parameters.get(at).map_or(0.0, |column| column[index])));
                values[index] = slider.value(window).unwrap_or(STALE);
            }
            let reads = slider.reads;
            self.read(reads, span)?;
            let row = Row { labels: track.labels.clone(), drop_name: track.drop_name, values };
            if !row.is_empty() {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The samples of a range selector itself.
    pub(crate) fn samples_of(
        &mut self,
        selector: &Selector,
        range: &Extent,
        at: i64,
        span: Span,
    ) -> Result<Vec<Points>> {
        let expr = Expr { kind: Kind::Range(selector.clone(), range.clone()), span, height: 1 };
        let tracks = self.tracks(&expr, Grid::instant(at))?;
        self.points(&tracks, span)
    }

    /// The samples of a subquery itself.
    pub(crate) fn samples_of_subquery(&mut self, subquery: &Subquery, at: i64, span: Span) -> Result<Vec<Points>> {
        let tracks = self.subquery_tracks(subquery, Grid::instant(at), span)?;
        self.points(&tracks, span)
    }

    fn points(&mut self, found: &Tracks<'_>, span: Span) -> Result<Vec<Points>> {
        let mut all = Vec::new();
        for track in &found.tracks {
            for window in windows(track, found, Grid::instant(found.ends.start), self.options.as_version_2) {
                let pairs = track.times.iter().zip(&*track.values).take(window.to).skip(window.from);
                let samples: Vec<Sample> = pairs.map(|(time, value)| Sample { time: *time, value: *value }).collect();
                self.read(samples.len(), span)?;
                let labels = if track.drop_name { self.nameless(&track.labels) } else { track.labels.clone() };
                if !samples.is_empty() {
                    all.push(Points { labels, samples });
                }
            }
        }
        Ok(all)
    }
}

fn unsupported_extended(_: Extended, span: Span) -> Error {
    Error::unsupported(span, "anchored and smoothed selectors")
}

/// A series between two moments, without the samples that say it ended.
fn track(series: &Series, first: i64, last: i64) -> Owned<'_> {
    let from = series.times.partition_point(|time| *time < first);
    let to = series.times.partition_point(|time| *time <= last).max(from);
    let (times, values) = (&series.times[from..to], &series.values[from..to]);
    let labels = series.labels.clone();
    if !series.has_stale() {
        return Owned { labels, drop_name: false, times: times.into(), values: values.into() };
    }
    let alive = times.iter().zip(values).filter(|(_, value)| !crate::is_stale(**value));
    let (times, values): (Vec<i64>, Vec<f64>) = alive.map(|(time, value)| (*time, *value)).unzip();
    Owned { labels, drop_name: false, times: times.into(), values: values.into() }
}

/// The windows over a series, one for each moment of a grid.
fn windows(track: &Owned<'_>, found: &Tracks<'_>, grid: Grid, closed: bool) -> Vec<Window> {
    let (mut from, mut to) = (0, 0);
    let window = |index: usize| {
        let end = found.ends.time(if found.fixed { 0 } else { index });
        let start = end.saturating_sub(found.range);
        let inside = |time: i64| if closed { time >= start } else { time > start };
        while track.times.get(to).is_some_and(|time| *time <= end) {
            to += 1;
        }
        while from < to && !inside(track.times[from]) {
            from += 1;
        }
        Window { from, to, start, end, now: grid.time(index) }
    };
    (0..grid.count).map(window).collect()
}
