//! `load`: the long part of the load tests, with a table of figures. `load sweep 200000` and so on does one of them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command tells what it does")]

use std::process::ExitCode;

use tests::load::{Figures, accepts, invites, races, sweep};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    println!("| what | figure |\n| --- | --- |");
    let Some(()) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await else {
        eprintln!("load [accepts LEARNERS SEATS | invites N | races N | sweep N]");
        return ExitCode::from(2);
    };
    ExitCode::SUCCESS
}

async fn run(arguments: &[&str]) -> Option<()> {
    let say = |figures: Figures| print!("{figures}");
    let number = |text: &str| text.parse::<usize>().ok();
    match arguments {
        [] => {
            say(accepts(200, 50).await);
            say(accepts(2_000, 1_000).await);
            say(invites(10_000).await);
            say(races(400).await);
            say(sweep(1_000_000).await);
        }
        ["accepts", learners, seats] => say(accepts(number(learners)?, number(seats)?).await),
        ["invites", count] => say(invites(number(count)?).await),
        ["races", count] => say(races(number(count)?).await),
        ["sweep", count] => say(sweep(number(count)?).await),
        _ => return None,
    }
    Some(())
}
