//! Golden files: screens as they must be, in `tests/golden/`.

use std::path::Path;

use similar::TextDiff;

/// Compares a screen with its golden file. With `BLESS=1` in the environment the
/// file is written instead.
pub(crate) fn check(name: &str, screen: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, screen).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == screen,
        "{name} differs from its golden file (BLESS=1 accepts what is shown):\n{}",
        TextDiff::from_lines(&golden, screen).unified_diff()
    );
}
