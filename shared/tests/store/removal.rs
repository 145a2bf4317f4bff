//! No condition is there for nothing: each comparison is taken out of each expression that the store sends, on the wire,
//! and a check of that write has to find it. The expressions are learnt from the wire as well, so that what is added to
//! one is covered by that.
//!
//! Taken out of a list of conditions that all have to hold, one becomes true, and the write is done more often. One of
//! several of which any will do is also made false, and the write is done less often.

use super::conditions::CHECKS;
use super::drawn::Trial;
use super::meanwhile::STORIES;
use super::wire::{Condition, Rewriting};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Drawn states in which conditions are met; and those in which a check has to notice that something is missing: most are
/// found in a few, but for one of six conditions five others have to hold.
const MEET: u32 = 60;
const FIND: u32 = 2_000;

/// Places in the store's source that give a write its condition; the checks of `conditions.rs` come by each.
const SITES: usize = 23;

/// A part of an expression, and what its absence comes to.
#[derive(Clone, PartialEq, Debug)]
struct Part {
    place: Range<usize>,
    /// In parentheses of its own.
    is_group: bool,
    absent: bool,
}

/// The parts of a condition expression, read by recursive descent. It knows the operators that the store uses, and panics
/// at others.
struct Parts<'a> {
    text: &'a str,
    at: usize,
    /// Within an odd number of `NOT`s.
    negated: bool,
    found: Vec<Part>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Vec<Part> {
        let mut parts = Parts { text, at: 0, negated: false, found: Vec::new() };
        parts.any();
        assert_eq!(parts.at, text.len(), "not understood: {}", &text[parts.at..]);
        parts.found
    }

    /// The next word or sign, if it is this one, is passed.
    fn pass(&mut self, wanted: &str) -> bool {
        let rest = self.text[self.at..].trim_start();
        let is_word = |c: char| c.is_ascii_alphanumeric() || "#:_".contains(c);
        let found = match rest.chars().next() {
            Some(c) if is_word(c) => &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())],
            Some(c) if "<>=".contains(c) => &rest[..rest.find(|c| !"<>=".contains(c)).unwrap_or(rest.len())],
            Some(c) => &rest[..c.len_utf8()],
            None => "",
        };
        let is_wanted = match wanted {
            "a word" => found.starts_with(is_word),
            "a comparison" => ["=", "<>", "<", "<=", ">", ">="].contains(&found),
            wanted => found == wanted,
        };
        if is_wanted {
            self.at = self.text.len() - rest.len() + found.len();
        }
        is_wanted
    }

    fn must_pass(&mut self, wanted: &str) {
        assert!(self.pass(wanted), "no {wanted} at: {}", &self.text[self.at..]);
    }

    /// Where the next part begins.
    fn start(&self) -> usize {
        self.text.len() - self.text[self.at..].trim_start().len()
    }

    fn any(&mut self) {
        let mut ways = Vec::new();
        loop {
            let start = self.start();
            let is_group = self.all();
            ways.push((start..self.at, is_group));
            if !self.pass("OR") {
                break;
            }
        }
        // Under a NOT a way that is missing is what makes the write be done more often: see below.
        if ways.len() > 1 && !self.negated {
            self.found.extend(ways.into_iter().map(|(place, is_group)| Part {
                place,
                is_group,
                absent: false,
            }));
        }
    }

    /// True when it was one in parentheses.
    fn all(&mut self) -> bool {
        let mut is_group = self.one();
        while self.pass("AND") {
            self.one();
            is_group = false;
        }
        is_group
    }

    fn one(&mut self) -> bool {
        if self.pass("NOT") {
            self.negated = !self.negated;
            self.one();
            self.negated = !self.negated;
            return false;
        }
        if self.pass("(") {
            self.any();
            self.must_pass(")");
            return true;
        }
        let start = self.start();
        self.must_pass("a word");
        if self.pass("(") {
            self.list();
        } else if self.pass("IN") {
            self.must_pass("(");
            self.list();
        } else if self.pass("BETWEEN") {
            self.must_pass("a word");
            self.must_pass("AND");
            self.must_pass("a word");
        } else {
            self.must_pass("a comparison");
            self.must_pass("a word");
        }
        self.found.push(Part { place: start..self.at, is_group: false, absent: !self.negated });
        false
    }

    fn list(&mut self) {
        self.must_pass("a word");
        while self.pass(",") {
            self.must_pass("a word");
        }
        self.must_pass(")");
    }
}

/// The expression without this part. What the part names is still named: DynamoDB refuses values that are not, as it does
/// parentheses without need.
fn without(expression: &str, part: &Part) -> String {
    let text = &expression[part.place.clone()];
    let text = if part.is_group { text.to_owned() } else { format!("({text})") };
    let connective = if part.absent { "OR" } else { "AND" };
    let (before, after) = (&expression[..part.place.start], &expression[part.place.end..]);
    format!("{before}({text} {connective} NOT {text}){after}")
}

/// The same condition, put as if each of its parts had been taken out.
fn in_other_words(expression: &str) -> String {
    let mut parts: Vec<_> = Parts::of(expression).into_iter().filter(|part| part.absent).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.place.start));
    parts.into_iter().fold(expression.to_owned(), |expression, part| {
        let text = &expression[part.place.clone()];
        format!(
            "{}(({text}) AND NOT (NOT ({text}))){}",
            &expression[..part.place.start],
            &expression[part.place.end..]
        )
    })
}

/// What may find that a part is missing: a check or a story.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Finder {
    Story(usize),
    Check(usize),
}

impl Finder {
    fn all() -> impl Iterator<Item = Self> {
        (0..STORIES.len()).map(Self::Story).chain((0..CHECKS.len()).map(Self::Check))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Story(number) => STORIES[number].name,
            Self::Check(number) => CHECKS[number].name,
        }
    }

    /// What it finds, if something is not as it should be.
    fn run(self, trial: &Trial) -> Result<(), String> {
        let found = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Story(number) => {
                (STORIES[number].tell)(trial);
                Ok(())
            }
            Self::Check(number) => (CHECKS[number].run)(trial),
        }));
        trial.world.wire.calm();
        found.unwrap_or_else(|_| Err("a panic".to_owned()))
    }
}

/// What is found here is found by a panic now and then: those of these threads are not worth a trace.
const QUIET: &str = "removal";

fn silence() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(QUIET) {
            otherwise(info);
        }
    }));
}

/// Works on all of these at once, as many as there are processors, each thread with a table of its own.
fn at_once<T: Send, R: Send>(
    cases: u32,
    jobs: impl IntoIterator<Item = T>,
    work: impl Fn(&Trial, T) -> Result<R, String> + Sync,
) -> Vec<R> {
    let jobs: Mutex<VecDeque<(usize, T)>> = Mutex::new(jobs.into_iter().enumerate().collect());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let worker = std::thread::Builder::new().name(QUIET.to_owned());
            let worker = worker.spawn_scoped(scope, || {
                let trial = Trial::new(cases, false);
                loop {
                    let Some((number, job)) = jobs.lock().unwrap().pop_front() else { return };
                    let result = work(&trial, job);
                    done.lock().unwrap().insert(number, result);
                }
            });
            worker.unwrap();
        }
    });
    done.into_inner()
        .unwrap()
        .into_values()
        .map(|result| result.unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[test]
fn each_part_of_each_condition_is_needed() {
    // Which conditions does each of them meet? Put in other words they have to mean the same: what is found below is found
    // because of what is missing, and not because the expression was rewritten.
    silence();
    let met = at_once(MEET, Finder::all(), |trial, finder| {
        let wire = &trial.world.wire;
        wire.conditions();
        wire.rewrite(Rewriting::All(in_other_words));
        let found = finder.run(trial);
        wire.rewrite(Rewriting::None);
        found.map_err(|error| format!("{}, in other words: {error}, {:?}", finder.name(), wire.misread()))?;
        Ok((finder, wire.conditions()))
    });
    let mut finders: BTreeMap<Condition, Vec<Finder>> = BTreeMap::new();
    for (finder, conditions) in met {
        for condition in conditions {
            finders.entry(condition).or_default().push(finder);
        }
    }

    let parts = finders.iter().flat_map(|(condition, finders)| {
        Parts::of(&condition.expression).into_iter().map(move |part| (condition, part, finders))
    });
    let rows = at_once(FIND, parts.collect::<Vec<_>>(), |trial, (condition, part, finders)| {
        let (wire, instead) = (&trial.world.wire, without(&condition.expression, &part));
        wire.rewrite(Rewriting::One(condition.clone(), instead.clone()));
        let found_by = finders.iter().find(|finder| finder.run(trial).is_err());
        wire.rewrite(Rewriting::None);
        if let Some(error) = wire.misread() {
            return Err(format!("{instead}: {error}"));
        }
        let of = finders.iter().find(|finder| matches!(finder, Finder::Check(_)));
        let of = of.ok_or_else(|| format!("no check of {condition:?}"))?.name();
        Ok((of, condition, part, found_by.map(|finder| finder.name())))
    });

    println!("{} parts of conditions, each of them taken out:", rows.len());
    println!("| write | condition | without | becomes | found by |\n| --- | --- | --- | --- | --- |");
    for (of, condition, part, found_by) in &rows {
        let Condition { write, expression } = condition;
        let (text, absent, found_by) =
            (&expression[part.place.clone()], part.absent, found_by.unwrap_or("NOTHING"));
        println!("| {of}: {write} | `{expression}` | `{text}` | {absent} | {found_by} |");
    }
    let missed: Vec<_> = rows.iter().filter(|(.., found_by)| found_by.is_none()).collect();
    assert!(missed.is_empty(), "nothing finds that these are missing: {missed:#?}");
}

/// What no check sends, nothing is taken out of.
#[test]
fn each_condition_in_the_source_has_a_check() {
    let store = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let sources =
        std::fs::read_dir(store).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let sites: usize = sources.map(|source| source.matches(".condition_expression(").count()).sum();
    assert_eq!(sites, SITES, "give the new condition a check in conditions.rs, or a story in meanwhile.rs");
}

#[test]
fn parts_of_an_expression() {
    let parts = |text: &'static str| {
        let parts = Parts::of(text).into_iter();
        parts.map(|part| (&text[part.place], part.absent)).collect::<Vec<_>>()
    };
    assert_eq!(parts("attribute_exists(pk)"), [("attribute_exists(pk)", true)]);
    assert_eq!(parts("a = :a AND #b IN (:b, :c)"), [("a = :a", true), ("#b IN (:b, :c)", true)]);
    assert_eq!(parts("a BETWEEN :b AND :c AND d <> :d"), [("a BETWEEN :b AND :c", true), ("d <> :d", true)]);
    assert_eq!(
        parts("a < :a OR (b > :b AND c = :c)"),
        [
            ("a < :a", true),
            ("b > :b", true),
            ("c = :c", true),
            ("a < :a", false),
            ("(b > :b AND c = :c)", false)
        ]
    );
    assert_eq!(
        parts("NOT (contains(a, :a) OR contains(b, :a))"),
        [("contains(a, :a)", false), ("contains(b, :a)", false)]
    );
    let part = Part { place: 0..6, is_group: false, absent: true };
    assert_eq!(without("a = :a AND b = :b", &part), "((a = :a) OR NOT (a = :a)) AND b = :b");
    assert_eq!(
        without("a = :a AND b = :b", &Part { absent: false, ..part }),
        "((a = :a) AND NOT (a = :a)) AND b = :b"
    );
}
