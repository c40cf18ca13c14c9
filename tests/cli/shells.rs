//! The completion scripts in the shells that they are for: at a terminal, by Tab.

use std::path::Path;
use std::process::{Command, Stdio};

use cloudsfor_tests::binary::create;
use cloudsfor_tests::served::Served;

use super::terminal::{at_terminal, end};

/// What a shell says when it is ready.
const READY: &str = "READY> ";

/// Begins a subcommand, a flag and a VM's name, and leaves the rest to Tab.
const TYPED: &str = "cloudsfor vm ge\t--quie\tweb.\t-o name >out";

/// Begins a key's name with blanks in it, and one that a shell would execute.
const TYPED_NAMES: &str = "cloudsfor key get my\t-o name >out";
const TYPED_TRAP: &str = "cloudsfor key get tou\t-o name >out";
const TRAP: &str = "touched $(touch trap) `touch trap`";

const KEYS: [&str; 2] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMC2nHvJbYNgvcgdwuCNFokbt3A1TlYuuBZ8I9MJmQNq",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFa1f6ELpmj5DMsDvqhtzkRp94hjXknf55dnNNXRQH42",
];

/// Types at this shell, which reads the script when it starts.
fn completes(dir: &Path, shell: &Command) {
    let served = Served::start(&dir.join("data"));
    served.cli(&create("web.example.com", &["-q"])).ok();
    for (name, key) in ["my laptop", TRAP].into_iter().zip(KEYS) {
        let file = dir.join("key.pub");
        std::fs::write(&file, key).unwrap();
        served
            .cli(&["key", "create", name, "--file", file.to_str().unwrap()])
            .ok();
    }
    let mut command = served.command(&[]);
    let programs = Path::new(command.get_program()).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    command
        .env("PATH", path)
        .env("HOME", dir)
        .env("ZDOTDIR", dir)
        .env("INPUTRC", "/dev/null")
        .env("XDG_CACHE_HOME", dir.join("cache"));
    let mut at_shell = Command::new(shell.get_program());
    at_shell.args(shell.get_args()).current_dir(dir);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => at_shell.env(name, value),
            None => at_shell.env_remove(name),
        };
    }
    let mut session = at_terminal(at_shell);
    session.exp_string(READY).unwrap();
    let mut outs = Vec::new();
    for typed in [TYPED, TYPED_NAMES, TYPED_TRAP] {
        session.send_line(typed).unwrap();
        session.exp_string(READY).unwrap();
        outs.push(std::fs::read_to_string(dir.join("out")).unwrap_or_default());
    }
    session.send_line("exit").unwrap();
    let (shown, _) = end(session);
    let expected = ["web.example.com", "my laptop", TRAP];
    assert_eq!(outs, expected.map(|name| format!("{name}\n")), "{shown}");
    assert!(!dir.join("trap").exists(), "{shown}");
}

/// Whether a shell is there, which it must be where CI has installed it.
fn is_installed(shell: &str) -> bool {
    let mut command = Command::new(shell);
    let found = command.arg("--version").stdout(Stdio::null()).status();
    let is_installed = found.is_ok_and(|status| status.success());
    let is_required = std::env::var_os("CLOUDSFOR_TEST_SHELLS").is_some_and(|v| v == "required");
    assert!(is_installed || !is_required, "{shell} is not installed");
    if !is_installed {
        eprintln!("SKIPPED: {shell} is not installed (.ci/install-shells installs it)");
    }
    is_installed
}

#[test]
fn bash_completes_by_its_script() {
    let dir = tempfile::tempdir().unwrap();
    let start = format!("source <(cloudsfor completion bash)\nPS1='{READY}'\n");
    std::fs::write(dir.path().join("start"), start).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--rcfile", "start", "-i"]);
    completes(dir.path(), &bash);
}

#[test]
fn zsh_completes_by_its_script() {
    if !is_installed("zsh") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let start = format!(
        "autoload -U compinit && compinit -u\nsource <(cloudsfor completion zsh)\nPS1='{READY}'\n"
    );
    std::fs::write(dir.path().join(".zshrc"), start).unwrap();
    let mut zsh = Command::new("zsh");
    zsh.arg("-i");
    completes(dir.path(), &zsh);
}

#[test]
fn fish_completes_by_its_script() {
    if !is_installed("fish") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let start =
        format!("cloudsfor completion fish | source; function fish_prompt; echo -n '{READY}'; end");
    let mut fish = Command::new("fish");
    fish.args(["--interactive", "--init-command", &start]);
    completes(dir.path(), &fish);
}
