//! Tokens to a tree. Everything that can be known when a control is loaded is checked here: words, functions and how
//! many arguments they take, regular expressions, types of related resources.

use super::function::Function;
use super::lex::{RuleError, Spot, Token, tokens};
use super::tree::{Comparison, Id, Kind, Meta, Quantifier, Root, Rule, SLOTS_MAX, Slot};
use regex::RegexBuilder;
use std::collections::HashMap;
use std::sync::Arc;

/// How deep expressions nest, at most.
const DEPTH_MAX: u32 = 64;

/// How many bytes a compiled regular expression takes, at most.
const REGEX_BYTES_MAX: usize = 1 << 20;

const WORDS: [&str; 22] = [
    "let",
    "when",
    "require",
    "and",
    "or",
    "not",
    "in",
    "any",
    "all",
    "none",
    "count",
    "filter",
    "implies",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "true",
    "false",
    "null",
    "self",
    "if",
];

/// Reads a rule whose text begins at `line` of its file.
pub(crate) fn rule(source: &str, line: u32) -> Result<Rule, RuleError> {
    let mut parser = Parser {
        tokens: tokens(source, line)?,
        next: 0,
        expressions: Vec::new(),
        lets: HashMap::new(),
        scope: Vec::new(),
        depth: 0,
    };
    let (mut when, mut require) = (Vec::new(), Vec::new());
    loop {
        let spot = parser.spot();
        if parser.peek() == &Token::End {
            break;
        } else if parser.word("let") {
            parser.binding()?;
        } else if parser.word("when") {
            when.push(parser.expression()?);
        } else if parser.word("require") || require.is_empty() {
            require.push(parser.expression()?);
        } else {
            return Err(RuleError::new(
                spot,
                format!("{} after the end of an expression", parser.found()),
                "join conditions with `and` or `or`, or begin each with `require`",
            ));
        }
    }
    if require.is_empty() {
        return Err(RuleError::new(
            parser.spot(),
            "the rule demands nothing",
            "add a condition that must hold, such as `encrypted == true`",
        ));
    }
    Ok(Rule { expressions: parser.expressions, when, require })
}

struct Parser {
    tokens: Vec<(Token, Spot)>,
    next: usize,
    expressions: Vec<Kind>,
    lets: HashMap<Arc<str>, Id>,
    /// Names of the variables of the quantifiers around, outermost first.
    scope: Vec<Arc<str>>,
    depth: u32,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].0
    }

    fn spot(&self) -> Spot {
        self.tokens[self.next].1
    }

    fn advance(&mut self) {
        // The last token is the end, which is never left behind.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let hit = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if hit {
            self.advance();
        }
        hit
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = matches!(self.peek(), Token::Name(found) if &**found == word);
        if hit {
            self.advance();
        }
        hit
    }

    fn found(&self) -> String {
        match self.peek() {
            Token::Name(name) => format!("`{name}`"),
            Token::Meta(name) => format!("`${name}`"),
            Token::Text(text) => format!("the text \"{text}\""),
            Token::Number(number) => format!("`{number}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end of the rule".to_owned(),
        }
    }

    fn expect(&mut self, symbol: &str, after: &str) -> Result<(), RuleError> {
        if self.symbol(symbol) {
            return Ok(());
        }
        Err(RuleError::new(
            self.spot(),
            format!("{} where `{symbol}` belongs", self.found()),
            format!("write `{symbol}` after {after}"),
        ))
    }

    fn name(&mut self, what: &str) -> Result<Arc<str>, RuleError> {
        match self.peek().clone() {
            Token::Name(name) if !WORDS.contains(&&*name) => {
                self.advance();
                Ok(name)
            }
            _ => Err(RuleError::new(
                self.spot(),
                format!("{} where {what} belongs", self.found()),
                "use a name that is no word of the language",
            )),
        }
    }

    fn push(&mut self, kind: Kind) -> Id {
        self.expressions.push(kind);
        Id::try_from(self.expressions.len() - 1).expect("a rule has fewer tokens than 2^32")
    }

    fn binding(&mut self) -> Result<(), RuleError> {
        let name = self.name("the name of a `let`")?;
        self.expect("=", "the name of a `let`")?;
        let value = self.expression()?;
        self.lets.insert(name, value);
        Ok(())
    }

    fn expression(&mut self) -> Result<Id, RuleError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(RuleError::new(
                self.spot(),
                format!("nested deeper than {DEPTH_MAX} levels"),
                "name parts with `let`",
            ));
        }
        let left = self.or()?;
        let out = if self.word("implies") {
            let right = self.expression()?;
            self.push(Kind::Implies(left, right))
        } else {
            left
        };
        self.depth -= 1;
        Ok(out)
    }

    fn or(&mut self) -> Result<Id, RuleError> {
        let mut parts = vec![self.and()?];
        while self.word("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts[0] } else { self.push(Kind::Or(parts.into())) })
    }

    fn and(&mut self) -> Result<Id, RuleError> {
        let mut parts = vec![self.negation()?];
        while self.word("and") {
            parts.push(self.negation()?);
        }
        Ok(if parts.len() == 1 { parts[0] } else { self.push(Kind::And(parts.into())) })
    }

    fn negation(&mut self) -> Result<Id, RuleError> {
        let spot = self.spot();
        if self.word("not") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(RuleError::new(
                    spot,
                    format!("nested deeper than {DEPTH_MAX} levels"),
                    "name parts with `let`",
                ));
            }
            let inner = self.negation()?;
            self.depth -= 1;
            return Ok(self.push(Kind::Not(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Id, RuleError> {
        let left = self.default()?;
        if self.word("matches") {
            let regex = self.regex()?;
            return Ok(self.push(Kind::Matches(left, regex)));
        }
        let negated = matches!(self.peek(), Token::Name(word) if &**word == "not")
            && matches!(&self.tokens.get(self.next + 1), Some((Token::Name(word), _)) if &**word == "in");
        if negated {
            self.advance();
        }
        let Some(how) = self.comparison_sign() else { return Ok(left) };
        let right = self.default()?;
        let compared = self.push(Kind::Compare(how, left, right));
        Ok(if negated { self.push(Kind::Not(compared)) } else { compared })
    }

    fn comparison_sign(&mut self) -> Option<Comparison> {
        let how = match self.peek() {
            Token::Symbol("==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::Unequal,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            Token::Name(word) => match &**word {
                "in" => Comparison::In,
                "contains" => Comparison::Contains,
                "starts_with" => Comparison::StartsWith,
                "ends_with" => Comparison::EndsWith,
                _ => return None,
            },
            _ => return None,
        };
        self.advance();
        Some(how)
    }

    fn regex(&mut self) -> Result<regex::Regex, RuleError> {
        let spot = self.spot();
        let Token::Text(pattern) = self.peek().clone() else {
            return Err(RuleError::new(
                spot,
                format!("{} where a pattern belongs", self.found()),
                "write the regular expression in double quotes after `matches`",
            ));
        };
        self.advance();
        RegexBuilder::new(&pattern).size_limit(REGEX_BYTES_MAX).build().map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
            RuleError::new(
                spot,
                format!("\"{pattern}\" is not a regular expression: {reason}"),
                "see docs.rs/regex for the syntax; look-around and back-references do not exist",
            )
        })
    }

    fn default(&mut self) -> Result<Id, RuleError> {
        let mut left = self.postfix()?;
        loop {
            if !self.symbol("??") {
                return Ok(left);
            }
            let right = self.postfix()?;
            left = self.push(Kind::Default(left, right));
        }
    }

    fn postfix(&mut self) -> Result<Id, RuleError> {
        let mut left = self.primary()?;
        // After `[*]` a field is taken of each item.
        let mut spread = false;
        loop {
            if self.symbol("[*]") {
                left = self.push(Kind::Splat(left));
                spread = true;
            } else if self.symbol(".") {
                let field = match self.peek().clone() {
                    Token::Name(name) => name,
                    Token::Number(number) => Arc::from(number.to_string()),
                    _ => {
                        return Err(RuleError::new(
                            self.spot(),
                            format!("{} where a field belongs", self.found()),
                            "write a name after the point",
                        ));
                    }
                };
                self.advance();
                left = self.field(left, field, spread);
            } else if self.symbol("[") {
                let index = self.expression()?;
                self.expect("]", "an index")?;
                let text = match &self.expressions[index as usize] {
                    Kind::Text(text) => Some(text.clone()),
                    _ => None,
                };
                left = match text {
                    Some(field) => self.field(left, field, spread),
                    None => self.push(Kind::Index(left, index)),
                };
            } else {
                return Ok(left);
            }
        }
    }

    fn field(&mut self, left: Id, field: Arc<str>, spread: bool) -> Id {
        if spread {
            return self.push(Kind::Each(left, field));
        }
        if let Kind::Path { root, fields } = &self.expressions[left as usize]
            && !matches!(root, Root::Meta(_))
        {
            let (root, fields) = (*root, fields.iter().cloned().chain([field]).collect());
            return self.push(Kind::Path { root, fields });
        }
        self.push(Kind::Field(left, field))
    }

    fn primary(&mut self) -> Result<Id, RuleError> {
        let spot = self.spot();
        let token = self.peek().clone();
        match token {
            Token::Text(text) => {
                self.advance();
                Ok(self.push(Kind::Text(text)))
            }
            Token::Number(number) => {
                self.advance();
                Ok(self.push(Kind::Number(number)))
            }
            Token::Meta(name) => {
                let Some((_, meta)) = Meta::ALL.iter().find(|(known, _)| *known == &*name) else {
                    let known: Vec<_> = Meta::ALL.iter().map(|(name, _)| format!("${name}")).collect();
                    return Err(RuleError::new(
                        spot,
                        format!("`${name}` is not known"),
                        format!("use one of {}", known.join(", ")),
                    ));
                };
                self.advance();
                Ok(self.push(Kind::Path { root: Root::Meta(*meta), fields: Box::default() }))
            }
            Token::Symbol("-") => {
                self.advance();
                let Token::Number(number) = self.peek().clone() else {
                    return Err(RuleError::new(spot, "`-` without a number", "only numbers can be negative"));
                };
                self.advance();
                Ok(self.push(Kind::Number(-number)))
            }
            Token::Symbol("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")", "the expression in parentheses")?;
                Ok(inner)
            }
            Token::Symbol("[") => {
                self.advance();
                let items = self.items("]")?;
                Ok(self.push(Kind::List(items.into())))
            }
            Token::Name(name) => {
                self.advance();
                self.named(spot, &name)
            }
            _ => Err(RuleError::new(
                spot,
                format!("{} where a value belongs", self.found()),
                "write an attribute, a value, a function or a quantifier",
            )),
        }
    }

    fn named(&mut self, spot: Spot, name: &Arc<str>) -> Result<Id, RuleError> {
        // Without a variable after it, the name of a quantifier is an attribute like any other.
        let variable_follows = matches!(self.peek(), Token::Name(next) if !WORDS.contains(&&**next));
        let how = match &**name {
            "true" => return Ok(self.push(Kind::Bool(true))),
            "false" => return Ok(self.push(Kind::Bool(false))),
            "null" => return Ok(self.push(Kind::Null)),
            "self" => return Ok(self.push(Kind::Path { root: Root::Resource, fields: Box::default() })),
            "any" if variable_follows => Some(Quantifier::Any),
            "all" if variable_follows => Some(Quantifier::All),
            "none" if variable_follows => Some(Quantifier::None),
            "count" if variable_follows => Some(Quantifier::Count),
            "filter" if variable_follows => Some(Quantifier::Filter),
            "any" | "all" | "none" | "count" | "filter" => None,
            word if WORDS.contains(&word) => {
                return Err(RuleError::new(
                    spot,
                    format!("`{word}` where a value belongs"),
                    format!("an attribute of that name is written self[\"{word}\"]"),
                ));
            }
            _ => None,
        };
        if let Some(how) = how {
            return self.quantified(spot, how);
        }
        if self.symbol("(") {
            return self.call(spot, name);
        }
        if let Some(slot) = self.scope.iter().rposition(|known| known == name) {
            return Ok(self.push(Kind::Path { root: Root::Variable(slot_of(slot)), fields: Box::default() }));
        }
        if let Some(bound) = self.lets.get(name) {
            return Ok(*bound);
        }
        Ok(self.push(Kind::Path { root: Root::Resource, fields: Box::new([name.clone()]) }))
    }

    fn quantified(&mut self, spot: Spot, how: Quantifier) -> Result<Id, RuleError> {
        let first = self.name("a variable")?;
        let second = if self.symbol(",") { Some(self.name("a second variable")?) } else { None };
        if !self.word("in") {
            return Err(RuleError::new(
                self.spot(),
                format!("{} where `in` belongs", self.found()),
                "write it as `any x in list: condition`",
            ));
        }
        let list = self.default()?;
        self.expect(":", "the list of a quantifier")?;
        let outer = self.scope.len();
        let names = second.map_or_else(|| vec![first.clone()], |second| vec![first.clone(), second]);
        if outer + names.len() > SLOTS_MAX {
            return Err(RuleError::new(spot, format!("more than {SLOTS_MAX} variables at once"), "split the rule"));
        }
        let key = (names.len() == 2).then(|| slot_of(outer));
        let item = slot_of(outer + names.len() - 1);
        self.scope.extend(names);
        let body = self.expression()?;
        self.scope.truncate(outer);
        Ok(self.push(Kind::Quantified { how, key, item, list, body }))
    }

    fn call(&mut self, spot: Spot, name: &str) -> Result<Id, RuleError> {
        let Some(signature) = Function::named(name) else {
            let near = super::function::FUNCTIONS
                .iter()
                .map(|known| known.name)
                .min_by_key(|known| distance(known, name))
                .unwrap_or_default();
            return Err(RuleError::new(
                spot,
                format!("there is no function `{name}`"),
                format!("did you mean `{near}`?"),
            ));
        };
        let arguments = self.items(")")?;
        if arguments.len() < signature.least || arguments.len() > signature.most {
            return Err(RuleError::new(spot, format!("`{name}` with {} arguments", arguments.len()), signature.usage));
        }
        Ok(self.push(Kind::Call(signature.function, arguments.into())))
    }

    fn items(&mut self, end: &str) -> Result<Vec<Id>, RuleError> {
        let mut items = Vec::new();
        loop {
            if self.symbol(end) {
                return Ok(items);
            }
            items.push(self.expression()?);
            if !self.symbol(",") {
                self.expect(end, "the last item")?;
                return Ok(items);
            }
        }
    }
}

fn slot_of(position: usize) -> Slot {
    Slot::try_from(position).expect("the number of variables is bounded by SLOTS_MAX")
}

/// How many single-character edits lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
