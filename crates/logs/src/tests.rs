//! What a reader of a log would notice.

use crate::{Limits, Miner};

/// The templates of some lines, most frequent first, with the number of their lines.
fn mine<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Vec<(String, u64)> {
    let mut miner = Miner::new(Limits::default());
    for line in lines {
        miner.learn(line.as_ref());
    }
    miner.templates().into_iter().map(|template| (template.text, template.lines)).collect()
}

#[track_caller]
fn check(lines: &[&str], expected: &[&str]) {
    let mut found: Vec<String> = mine(lines).into_iter().map(|(text, _)| text).collect();
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn numbers_addresses_and_paths_are_variable() {
    check(
        &[
            "job 17 done in 3 ms, wrote /var/lib/shop/17.dat",
            "job 18 done in 1.5 sec, wrote /srv/a",
            "peer 10.0.0.7:443 gone",
            "peer db.shop.example:5432 gone",
        ],
        &["job <*> done in <*>, wrote <*>", "peer <*> gone"],
    );
}

#[test]
fn a_list_is_one_value_however_long() {
    check(
        &["voters: node-1 ok, node-2 ok, node-3 ok", "voters: node-4 ok, node-5 ok", "sizes 1, 2, 3, 4", "sizes 5"],
        &["sizes <*>", "voters: <*> ok"],
    );
}

#[test]
fn what_stands_behind_equals_is_variable_and_an_empty_value_is_none() {
    check(
        &["open user=ann host= tty=ssh", "open user=bob host= tty=ssh", "open user=cy host= tty=ssh reason=late"],
        &["open user=<*> host= tty=<*>", "open user=<*> host= tty=<*> reason=<*>"],
    );
}

#[test]
fn the_truth_of_something_tells_events_apart() {
    check(&["ready=true after 3 s", "ready=false after 4 s"], &["ready=true after <*> s", "ready=false after <*> s"]);
}

#[test]
fn quotations_are_values_but_requests_are_told_by_their_method() {
    check(
        &[
            "renamed \"old name\" to 'new one'",
            "renamed \"x\" to 'y'",
            "didn't start, can't bind",
            "\"GET /a/b HTTP/1.1\" 200",
            "\"GET /c/d HTTP/1.1\" 404",
            "\"PUT /c/d HTTP/1.1\" 200",
        ],
        &["renamed <*> to <*>", "didn't start, can't bind", "\"GET <*>\" <*>", "\"PUT <*>\" <*>"],
    );
}

#[test]
fn a_word_is_variable_once_enough_others_stood_in_its_place() {
    let names = ["ann", "bob", "cleo", "dan", "eve", "finn"];
    let lines = names.iter().map(|name| format!("invalid user {name} refused"));
    assert_eq!(mine(lines), [("invalid user <*> refused".to_owned(), 6)]);
    check(
        &["service shop was started", "service shop was stopped"],
        &["service shop was started", "service shop was stopped"],
    );
}

#[test]
fn two_words_that_vary_at_once_are_variable() {
    let lines = (0..26_u8).map(|at| {
        let word = |shift: u8| (0..4).map(|step| char::from(b'a' + (at + shift + step) % 26)).collect::<String>();
        format!("lease of {} passed on to {} now", word(0), word(9))
    });
    assert_eq!(mine(lines), [("lease of <*> passed on to <*> now".to_owned(), 26)]);
}

#[test]
fn a_later_line_restates_earlier_ones() {
    let mut miner = Miner::new(Limits::default());
    let names = ["ann", "bob", "cleo", "dan", "eve", "finn"];
    let ids: Vec<_> = names.iter().map(|name| miner.learn(&format!("invalid user {name} refused"))).collect();
    assert_ne!(ids[0], ids[5], "the first line could not know");
    let now: Vec<_> = ids.iter().map(|id| miner.current(*id)).collect();
    assert!(now.iter().all(|id| *id == now[5]), "{now:?}");
    let template = miner.template(ids[0]).unwrap();
    assert_eq!((template.lines, template.first, template.last), (6, 0, 5));
}

#[test]
fn names_of_templates_do_not_depend_on_what_came_before() {
    let mut one = Miner::new(Limits::default());
    let mut other = Miner::new(Limits::default());
    other.learn("something else entirely");
    assert_eq!(one.learn("disk 7 is full"), other.learn("disk 8 is full"));
}

#[test]
fn memory_is_bounded_and_frequent_templates_survive() {
    let limits = Limits { skeletons_max: 100 };
    let mut miner = Miner::new(limits);
    let letters = |mut n: u32| {
        let mut word = String::new();
        while word.len() < 6 {
            word.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
            n = n / 26 + 7;
        }
        word
    };
    for n in 0..5_000_u32 {
        // Every third word and the length differ, so that nothing can be made one.
        let words: Vec<String> = (0..=n % 17).map(|k| letters(n.wrapping_mul(31).wrapping_add(k * 977))).collect();
        miner.learn(&words.join(" "));
        miner.learn("heartbeat of the node");
    }
    let templates = miner.templates();
    assert!(templates.len() <= limits.skeletons_max, "{}", templates.len());
    assert_eq!((templates[0].text.as_str(), templates[0].lines), ("heartbeat of the node", 5_000));
}

#[test]
fn no_line_is_too_odd() {
    let long = "x ".repeat(100_000);
    let deep = "a={".repeat(5_000);
    let lines = [
        "",
        " ",
        "\u{0}\u{1}",
        "===",
        "'",
        "\"",
        "\\",
        "=\"",
        "é=ü{",
        "<>",
        "a=(",
        "🙂 🙂=🙂",
        long.as_str(),
        deep.as_str(),
    ];
    assert!(mine(lines).iter().map(|(_, lines)| lines).sum::<u64>() == lines.len() as u64);
}
