//! Rules that documents must keep.

use std::path::Path;

fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

/// Every row of these tables of `SECURITY.md` names tests or rules that are in the named file, or says that only AWS can
/// show it.
#[test]
fn the_tests_that_security_md_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (mut found, mut missing) = (0, Vec::new());
    let rows = ["## Who might attack", "## Attacks and their tests"].into_iter().flat_map(|title| {
        let (_, table) = document.split_once(title).unwrap();
        table.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| ")).skip(2)
    });
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let before = found;
        for group in cell.split("; ") {
            if group == "only AWS can show" {
                found += 1;
                continue;
            }
            let (file, names) = group.split_once(": ").unwrap_or_default();
            let file = file.trim_matches('`');
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            let functions = between(names, '`')
                .map(|name| [format!("fn {name}("), format!("def {name}("), format!("rule {name} ")]);
            let titles = between(names, '"').map(|title| [(); 3].map(|()| format!("(\"{title}\"")));
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
