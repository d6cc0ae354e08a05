//! `cargo xtask new control|connector|kpi NAME`: starts one, in the form that its neighbours have. What it writes compiles
//! and reads, and its own example fails until somebody fills it in, so that nothing unfinished passes for finished.

use crate::shell::{Outcome, files, read, root, write};
use std::path::Path;

/// Starts one.
pub fn run(kind: &str, name: &str) -> Outcome<()> {
    match kind {
        "control" => control(name),
        "connector" => connector(name),
        "kpi" => kpi(name),
        _ => Err(format!("start a {kind:?}; there are control, connector and kpi")),
    }
}

/// Writes a file that must not be there yet.
fn start(path: &str, text: &str) -> Outcome<()> {
    if root().join(path).exists() {
        return Err(format!("start {path}: it is there already"));
    }
    write(&root().join(path), text)?;
    println!("wrote {path}");
    Ok(())
}

/// Duty and name of `duty/name`, both checked.
fn duty_and_name<'a>(name: &'a str, example: &str) -> Outcome<(&'a str, &'a str)> {
    let refused = || format!("start {name:?}: write duty and name, such as {example}");
    let (duty, name) = name.split_once('/').ok_or_else(refused)?;
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(fits)
    };
    if !root().join("duties").join(duty).is_dir() || !plain(name) {
        return Err(refused());
    }
    Ok((duty, name))
}

fn control(name: &str) -> Outcome<()> {
    // Nearly every control is the guard's.
    let name = if name.contains('/') { name.to_owned() } else { format!("guard/{name}") };
    let (duty, id) = duty_and_name(&name, "aws.sqs-queue-encrypted or guard/aws.sqs-queue-encrypted")?;
    let path = format!("catalog/{duty}/controls/{id}.md");
    start(&path, &CONTROL.replace("ID", id))?;
    println!(
        "next: name the real type and attribute, write why and fix, and make the fail example break the rule; then\n      \
         cargo run -- control test catalog/{duty}/controls\n      it fails now, because the fail example is as good as the pass example"
    );
    Ok(())
}

const CONTROL: &str = include_str!("../templates/control.md");

fn connector(name: &str) -> Outcome<()> {
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(|c| c.is_ascii_lowercase()) {
        return Err(format!("start {name:?}: a connector is named by one word in lower case, such as gitlab"));
    }
    let folder = format!("crates/connectors/src/{name}");
    start(&format!("{folder}/mod.rs"), &CONNECTOR.replace("NAME", name))?;
    start(&format!("{folder}/read.rs"), &CONNECTOR_READ.replace("NAME", name))?;
    start(&format!("{folder}/fixtures/{name}.json"), "{ \"write\": \"a document of three records or more here\" }\n")?;
    println!(
        "next: in crates/connectors/src/lib.rs, among the other modules, add\n      pub mod {name};\n\
         in crates/connectors/src/connectors.rs add {name} to the names of `use crate::{{..}}`, and to the list\n      \
         Connector {{\n          name: \"{name}\",\n          \
         summary: \"what it reads, in a line\",\n          read: {name}::read,\n          \
         collect: |outside, request, sink| collect::each({name}::read, outside, request, sink),\n      }},\n\
         then replace the fixture by a document as the system prints it, written by yourself, and change names and fields\n\
         in read.rs until this passes:\n      cargo test -p mainstay-connectors"
    );
    Ok(())
}

const CONNECTOR: &str = include_str!("../templates/connector_mod.rs.txt");

const CONNECTOR_READ: &str = include_str!("../templates/connector_read.rs.txt");

fn kpi(name: &str) -> Outcome<()> {
    let (duty, id) = duty_and_name(name, "watch/alerts-per-shift")?;
    let path = format!("catalog/{duty}/kpis/{id}.md");
    let number = next_number(&root().join("catalog"))?;
    let text = KPI.replace("ID", id).replace("DUTY", duty).replace("NUMBER", &number.to_string());
    start(&path, &text)?;
    println!(
        "next: write the definition and the worked examples by hand, then compute it in duties/{duty}/src/kpi.rs, list it \
         in the duty's `kpis()` under {id:?},\n      and test each worked example; until then the scorecard shows no data"
    );
    Ok(())
}

/// The first number behind those of the catalog's pages.
fn next_number(catalog: &Path) -> Outcome<u32> {
    let mut last = 19;
    for path in files(catalog).iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        let text = read(path)?;
        let number = text.lines().find_map(|line| line.strip_prefix("number: ")?.trim().parse().ok());
        last = last.max(number.unwrap_or(0));
    }
    Ok(last + 1)
}

const KPI: &str = include_str!("../templates/kpi.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_not_fit_the_catalog_are_refused_with_an_example() {
        for name in ["sqs-encrypted", "nowhere/aws.x", "guard/AWS", "guard/../x", "guard/"] {
            assert!(duty_and_name(name, "guard/aws.x").unwrap_err().contains("guard/aws.x"), "{name}");
        }
        assert_eq!(duty_and_name("guard/aws.x-1", "").unwrap(), ("guard", "aws.x-1"));
    }

    #[test]
    fn a_new_kpi_is_numbered_behind_the_nineteen() {
        assert!(next_number(&root().join("catalog")).unwrap() >= 20);
    }
}
