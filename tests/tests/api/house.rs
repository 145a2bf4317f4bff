//! Rules that documents must keep.

use std::path::Path;

fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

/// Every attack in `SECURITY.md` names tests, and each test is in the named file.
#[test]
fn the_tests_that_security_md_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (_, table) = document.split_once("## Attacks and their tests").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let (mut found, mut missing) = (0, Vec::new());
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(2) {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let before = found;
        for group in cell.split("; ") {
            let (file, names) = group.split_once(": ").unwrap_or_default();
            let file = file.trim_matches('`');
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            let functions = between(names, '`').map(|name| [format!("fn {name}("), format!("def {name}(")]);
            let titles = between(names, '"').map(|title| [format!("(\"{title}\""), format!("(\"{title}\"")]);
            for forms in functions.chain(titles) {
                found += 1;
                if !forms.iter().any(|form| source.contains(form)) {
                    missing.push(format!("{file}: {}", forms[0]));
                }
            }
        }
        assert!(found > before, "no test is named: {row}");
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(found > 50, "{found} tests are named");
}
