//! Each verb as its user meets it, over a profile file of its own.

use clap::Parser;
use tempfile::TempDir;

use crate::args::Cli;
use crate::finish;
use crate::nouns::{Noun, Verbs};
use crate::settings::Environment;
use crate::terminal::fake::Fake;
use crate::testing::Ended;

const FILE: &str = r#"
profile = "work"
theme = "kept"

[profiles.home]
endpoint = "http://127.0.0.1:8420"
email = "me@home.example"
password = "s3cret"

[profiles.work]
endpoint = "https://cloudsfor.com"
email = "me@work.example"
password_command = "pass show cloudsfor"
"#;

struct File {
    dir: TempDir,
    environment: Environment,
}

fn file(text: &str) -> File {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut environment = Environment::default();
    environment.variables.config = Some(path);
    File { dir, environment }
}

impl File {
    fn run(&self, args: &[&str]) -> Ended {
        let cli = Cli::try_parse_from(["cloudsfor", "profile"].iter().chain(args)).unwrap();
        let (mut terminal, screen) = Fake::default().start();
        let Noun::Profile(Verbs(verb)) = &cli.noun else {
            panic!("{args:?} is not about profiles");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let result = runtime.block_on(super::run(
            verb,
            &cli.global,
            &self.environment,
            &mut terminal,
        ));
        let exit = finish(result, &cli, &mut terminal);
        Ended { exit, screen }
    }

    /// What a command shows, with the file's directory as `DIR`.
    fn shown(&self, args: &[&str]) -> String {
        let dir = self.dir.path().display().to_string();
        let ended = self.run(args);
        ended.screen.both().replace(&dir, "DIR")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("config.toml")).unwrap()
    }
}

#[test]
fn profiles_are_listed_without_their_passwords() {
    let file = file(FILE);
    file.run(&["list"]).golden("profile-list/pipe.txt");
    file.run(&["list", "-o", "json"])
        .golden("profile-list/json.txt");
    file.run(&["show", "home"]).golden("profile-show/one.txt");
    assert!(!file.shown(&["list", "-o", "json"]).contains("s3cret"));
    assert_eq!(file.run(&["show", "none"]).exit.code(), 2);
}

#[test]
fn what_is_used_has_its_sources() {
    let mut file = file(FILE);
    crate::golden::check("profile-show/file.txt", &file.shown(&["show"]));
    file.environment.variables.email = Some("env@example.com".into());
    file.environment.variables.password = Some("s3cret".into());
    let mixed = file.shown(&["show", "--endpoint", "https://flag.example"]);
    crate::golden::check("profile-show/mixed.txt", &mixed);
    assert!(!mixed.contains("s3cret"));
    let by_flag = file.shown(&["show", "--profile", "home", "-o", "json"]);
    assert!(
        by_flag.contains(r#""source": "the profile home""#),
        "{by_flag}"
    );
    assert!(file.shown(&["show", "--local"]).contains("embedded"));
}

#[test]
fn a_profile_is_used_or_removed_and_the_rest_is_kept() {
    let file = file(FILE);
    assert_eq!(file.run(&["use", "home"]).exit.code(), 0);
    assert!(file.text().contains(r#"profile = "home""#));
    assert!(file.text().contains(r#"theme = "kept""#));
    assert_eq!(file.run(&["remove", "home"]).exit.code(), 0);
    assert!(!file.text().contains("s3cret"));
    assert_eq!(file.run(&["use", "home"]).exit.code(), 2);
}

#[test]
fn a_file_with_a_password_that_others_can_read_is_refused() {
    let file = file(FILE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = file.dir.path().join("config.toml");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let shown = file.shown(&["list"]);
        crate::golden::check("profile-list/open.txt", &shown);
    }
}

#[test]
fn no_profiles_say_how_to_make_one() {
    file("").run(&["list"]).golden("profile-list/empty.txt");
}
