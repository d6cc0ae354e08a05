//! One SQL text for both databases: what is written in the common subset, and the few words that differ.
//!
//! Statements are written as PostgreSQL reads them: parameters `$1`, `$2` ..., and of types only `BIGINT`, `TEXT`,
//! `DOUBLE PRECISION` and `BYTEA`. For SQLite the placeholders become `?1`, `BYTEA` becomes `BLOB`, and a
//! `BIGINT PRIMARY KEY` becomes `INTEGER PRIMARY KEY`, because only that is the row's own key there. For PostgreSQL
//! `TEXT` columns get the collation `"C"`, so that text sorts by its bytes in both.

/// The statement as SQLite reads it.
pub(crate) fn for_sqlite(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    let mut quoted = None;
    while let Some(c) = chars.next() {
        match quoted {
            Some(quote) if c == quote => quoted = None,
            None if c == '\'' || c == '"' => quoted = Some(c),
            None if c == '$' && chars.peek().is_some_and(char::is_ascii_digit) => {
                out.push('?');
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    if is_definition(&out) {
        out = out.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY").replace("BYTEA", "BLOB");
    }
    out
}

/// The statement as PostgreSQL reads it.
pub(crate) fn for_postgres(sql: &str) -> String {
    if is_definition(sql) { sql.replace(" TEXT", " TEXT COLLATE \"C\"") } else { sql.to_owned() }
}

fn is_definition(sql: &str) -> bool {
    let start = sql.trim_start();
    ["CREATE TABLE", "ALTER TABLE"]
        .iter()
        .any(|word| start.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word)))
}

/// An `INSERT ... VALUES ($1, ...)` taken apart, so that many rows can go in one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Insert {
    head: String,
    /// What each position of the group takes: a parameter of the row, from 0.
    parameters: Vec<usize>,
    tail: String,
    /// Row parameters that make up the key of `ON CONFLICT (...) DO UPDATE`, which must not repeat in one statement;
    /// empty where repeats do no harm.
    pub key: Vec<usize>,
}

impl Insert {
    /// Takes the statement apart; `None` where it is not of the simple form and must run row by row.
    pub(crate) fn parse(sql: &str) -> Option<Self> {
        let upper = sql.to_ascii_uppercase();
        if !upper.trim_start().starts_with("INSERT INTO") {
            return None;
        }
        let values = upper.find("VALUES")?;
        let open = values + upper[values..].find('(')?;
        let close = open + upper[open..].find(')')?;
        let parameters = sql[open + 1..close].split(',').map(parameter).collect::<Option<Vec<_>>>()?;
        let tail = &sql[close + 1..];
        if tail.contains('$') || tail.trim_start().starts_with(',') {
            return None;
        }
        let key = if upper[close + 1..].contains("DO UPDATE") {
            conflict_key(sql, &upper, values, close, &parameters)?
        } else {
            Vec::new()
        };
        Some(Self { head: sql[..open].to_owned(), parameters, tail: tail.to_owned(), key })
    }

    /// Parameters that one row has in the statement.
    pub(crate) fn width(&self) -> usize {
        self.parameters.len()
    }

    /// The statement for a number of rows.
    pub(crate) fn statement(&self, rows: usize) -> String {
        let mut sql = self.head.clone();
        let mut next = 1;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.parameters.len() {
                if column > 0 {
                    sql.push_str(", ");
                }
                sql.push('$');
                sql.push_str(&next.to_string());
                next += 1;
            }
            sql.push(')');
        }
        sql.push_str(&self.tail);
        sql
    }

    /// Which parameters of a row the group takes, in order.
    pub(crate) fn order(&self) -> &[usize] {
        &self.parameters
    }
}

fn parameter(text: &str) -> Option<usize> {
    text.trim().strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The row parameters that stand for the columns of `ON CONFLICT (a, b)`.
fn conflict_key(sql: &str, upper: &str, values: usize, close: usize, parameters: &[usize]) -> Option<Vec<usize>> {
    let names = |from: usize, until: usize| -> Option<Vec<String>> {
        let open = from + sql.get(from..until)?.find('(')?;
        let end = open + sql.get(open..until)?.find(')')?;
        Some(sql[open + 1..end].split(',').map(|name| name.trim().to_ascii_lowercase()).collect())
    };
    let columns = names(0, values)?;
    let conflict = close + upper[close..].find("ON CONFLICT")?;
    let key = names(conflict, sql.len())?;
    key.iter().map(|name| columns.iter().position(|c| c == name).and_then(|at| parameters.get(at).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_rewritten_except_in_quotes() {
        assert_eq!(
            for_sqlite("SELECT '$1', a FROM t WHERE b = $2 AND c = $11"),
            "SELECT '$1', a FROM t WHERE b = ?2 AND c = ?11"
        );
    }

    #[test]
    fn column_types_become_those_of_each_database() {
        let ddl = "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT NOT NULL, raw BYTEA)";
        assert_eq!(for_sqlite(ddl), "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, raw BLOB)");
        assert_eq!(
            for_postgres(ddl),
            "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT COLLATE \"C\" NOT NULL, raw BYTEA)"
        );
    }

    #[test]
    fn an_insert_is_widened_and_knows_the_key_that_may_not_repeat() {
        let insert =
            Insert::parse("INSERT INTO t (a, b) VALUES ($2, $1) ON CONFLICT (b) DO UPDATE SET a = excluded.a").unwrap();
        assert_eq!(
            insert.statement(2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (b) DO UPDATE SET a = excluded.a"
        );
        assert_eq!((insert.order(), insert.key.as_slice()), (&[1, 0][..], &[0][..]));
        assert_eq!(Insert::parse("INSERT INTO t (a) VALUES (lower($1))"), None);
        assert_eq!(Insert::parse("UPDATE t SET a = $1"), None);
    }
}
