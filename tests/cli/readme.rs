//! The README's tour: its commands are run, and what they say is compared.

use std::path::Path;
use std::process::Command;

use cloudsfor_tests::binary::{cloudsfor, run};

/// A command as the README shows it, and what comes of it.
#[derive(Debug)]
struct Step {
    command: String,
    shown: String,
}

/// The steps of all `console` blocks: `$ ` begins a command, `> ` goes on with it.
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step {
                command: command.to_owned(),
                shown: String::new(),
            });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            match line.strip_prefix("> ").filter(|_| step.shown.is_empty()) {
                Some(more) => step.command.push_str(&format!("\n{more}")),
                None => step.shown.push_str(&format!("{line}\n")),
            }
        }
    }
    steps
}

/// A shell of somebody who has just installed `cloudsfor`.
fn shell(home: &Path, command: &str) -> Command {
    let binary = cloudsfor(&[]);
    let programs = Path::new(binary.get_program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{{ {command}\n}} 2>&1"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CLOUDSFOR_") || text.starts_with("XDG_") {
            shell.env_remove(name);
        }
    }
    shell
        .current_dir(home)
        .env("HOME", home)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("CLOUDSFOR_CREATE_TIME", "1ms");
    shell
}

#[test]
fn the_tour_shows_what_happens() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let steps = steps(&std::fs::read_to_string(readme).unwrap());
    assert!(steps.len() >= 8, "the tour is gone: {steps:?}");
    let home = tempfile::tempdir().unwrap();
    for step in steps {
        let ended = run(&mut shell(home.path(), &step.command));
        let mut shown = ended.stdout;
        if ended.code != 0 {
            shown.push_str(&format!("(exit code {})\n", ended.code));
        }
        assert_eq!(shown, step.shown, "after $ {}", step.command);
    }
}
