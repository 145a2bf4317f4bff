//! `cargo run -p model` checks the small bounds, and `--large` the large ones.

#![expect(clippy::print_stdout, reason = "a command prints its result")]

use model::bounds::{LARGE, SMALL};
use model::{check, line, threads};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (large, names) = match arguments.as_slice() {
        ["--large", names @ ..] => (true, names),
        names => (false, names),
    };
    let all: &[_] = if large { &LARGE } else { &SMALL };
    let chosen = all.iter().filter(|bounds| names.is_empty() || names.contains(&bounds.name));
    let mut holds = true;
    for bounds in chosen {
        let checked = check(*bounds, threads());
        println!("{}", line(bounds, &checked));
        for found in &checked.broken {
            println!("  broken: {}\n  after {:#?}", found.property, found.way);
        }
        holds &= checked.broken.is_empty();
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
