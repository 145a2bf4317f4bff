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
    let all = [
        &["accepts", "200", "50"][..],
        &["accepts", "2000", "1000"],
        &["invites", "10000"],
        &["races", "400"],
        &["sweep", "1000000"],
    ];
    let wanted = if arguments.is_empty() { &all[..] } else { &[arguments] };
    for arguments in wanted {
        eprintln!("  {}…", arguments.join(" "));
        print!("{}", figures(arguments).await?);
    }
    Some(())
}

async fn figures(arguments: &[&str]) -> Option<Figures> {
    let number = |text: &str| text.parse().ok();
    Some(match arguments {
        ["accepts", learners, seats] => accepts(number(learners)?, number(seats)?).await,
        ["invites", count] => invites(number(count)?).await,
        ["races", count] => races(number(count)?).await,
        ["sweep", count] => sweep(number(count)?).await,
        _ => return None,
    })
}
