use std::fs;

use tempfile::TempDir;

use super::*;

const FILE: &str = r#"
profile = "work"
theme = "dark"

[profiles.work]
endpoint = "https://cloudsfor.com"
email = "user@example.com"
password_command = "pass show cloudsfor"

[profiles.work.columns]
vm = "id,name"

[profiles.home]
email = "me@h"
"#;

fn directory() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sub").join("config.toml");
    (dir, path)
}

fn with(text: &str) -> Result<Config, ProfileError> {
    let (_dir, path) = directory();
    fs::create_dir(path.parent().unwrap()).unwrap();
    file::write(&path, text).unwrap();
    Config::load_from(path)
}

#[test]
fn what_is_not_known_here_is_kept() {
    let (_dir, path) = directory();
    let mut config = with(FILE).unwrap();
    config.path = path.clone();
    let mut home = config.profile("home").unwrap();
    home.password = Some(Password::Text("hun\"ter2".into()));
    config.set_profile("home", &home).unwrap();
    let columns = Value::String("id".into());
    config
        .set_attribute("new", "columns", Some(columns))
        .unwrap();
    config.save().unwrap();

    let config = Config::load_from(&path).unwrap();
    assert_eq!(config.names(), ["home", "new", "work"]);
    assert_eq!(config.in_use().unwrap(), "work");
    assert_eq!(config.document["theme"].as_str(), Some("dark"));
    let work = config.table("work").unwrap();
    assert_eq!(work["columns"]["vm"].as_str(), Some("id,name"));
    assert!(matches!(
        config.profile("work").unwrap().password,
        Some(Password::Command(command)) if command == "pass show cloudsfor"
    ));
    let Some(Password::Text(password)) = config.profile("home").unwrap().password else {
        panic!("it is a text");
    };
    assert_eq!(password.expose_secret(), "hun\"ter2");
    let shown = format!("{config:?} {:?}", config.profile("home"));
    assert!(!shown.contains("hun"), "{shown}");
}

#[test]
fn a_profile_comes_and_goes() {
    let mut config = with("").unwrap();
    assert_eq!(config.in_use().unwrap(), "default");
    assert!(matches!(
        config.profile("work"),
        Err(ProfileError::Unknown { .. })
    ));
    assert!(matches!(
        config.use_profile("work"),
        Err(ProfileError::Unknown { .. })
    ));

    let work = Profile {
        email: Some("user@example.com".into()),
        ..Profile::default()
    };
    config.set_profile("work", &work).unwrap();
    config.use_profile("work").unwrap();
    assert_eq!(config.in_use().unwrap(), "work");
    let error = config.profile("wrok").unwrap_err().to_string();
    assert!(error.contains("it has work"), "{error}");

    config.remove_profile("work").unwrap();
    assert_eq!(
        (config.in_use().unwrap(), config.names().len()),
        ("default", 0)
    );
    assert!(config.remove_profile("work").is_err());
}

#[test]
fn what_cannot_be_is_refused() {
    let mut config = with("").unwrap();
    for name in ["", "a b", "é", &"a".repeat(65), "a\n"] {
        let refused = config.set_profile(name, &Profile::default());
        assert!(matches!(refused, Err(ProfileError::Name(_))), "{name:?}");
    }
    let nowhere = Profile {
        endpoint: Some("ftp://h".into()),
        ..Profile::default()
    };
    assert!(matches!(
        config.set_profile("work", &nowhere),
        Err(ProfileError::Endpoint(_))
    ));
    for (text, says) in [
        ("profile = 1", "profile must be a name"),
        ("profiles = 1", "profiles must be a table"),
        ("profiles.work = 1", "profiles.work must be a table"),
        (
            "profiles.work.email = 1",
            "profiles.work.email must be text",
        ),
        ("a = 1\npassword = \"hunter2", "correct line 2"),
        ("a = 1\na = \"hunter2\"", "correct line 2"),
    ] {
        let error = with(text).unwrap_err().to_string();
        assert!(
            error.contains(says) && !error.contains("hunter2"),
            "{error}"
        );
    }
    let both = "[profiles.work]\npassword = \"hunter2\"\npassword_command = \"x\"";
    let error = with(both).unwrap().profile("work").unwrap_err();
    assert!(error.to_string().contains("contradicts"), "{error}");
    let huge = with(&"#".repeat(2 << 20)).unwrap_err();
    assert!(huge.to_string().contains("larger than"), "{huge}");
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_password_that_others_may_read_is_refused() {
        let (_dir, path) = directory();
        let mut config = Config::load_from(&path).unwrap();
        let profile = Profile {
            password: Some(Password::Text("hunter2".into())),
            ..Profile::default()
        };
        config.set_profile("work", &profile).unwrap();
        config.save().unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);

        for open in [0o644, 0o640, 0o604, 0o620] {
            set_mode(&path, open);
            let error = Config::load_from(&path).unwrap_err().to_string();
            let told = format!("chmod 600 {}", path.display());
            assert!(
                error.ends_with(&told) && !error.contains("hunter2"),
                "{error}"
            );
        }
        set_mode(&path, 0o400);
        assert!(Config::load_from(&path).is_ok());

        // Without a password, there is nothing to hide; and it is closed again.
        fs::write(path.with_file_name("open"), "[profiles.a]\nemail = \"a@h\"").unwrap();
        let open = path.with_file_name("open");
        set_mode(&open, 0o644);
        Config::load_from(&open).unwrap().save().unwrap();
        assert_eq!(mode(&open), 0o600);
    }

    #[test]
    fn a_link_stays_a_link_and_nothing_is_left_beside() {
        let (_dir, path) = directory();
        with(FILE).unwrap();
        let dir = path.parent().unwrap();
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("real"), FILE).unwrap();
        symlink("real", &path).unwrap();
        Config::load_from(&path).unwrap().save().unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["config.toml", "real"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_says_so() {
        let (_dir, path) = directory();
        let config = Config::load_from(path.join("below")).unwrap();
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        let error = config.save().unwrap_err().to_string();
        assert!(error.contains("can't be written"), "{error}");
    }
}

#[test]
fn comments_and_the_order_of_a_file_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let text = "# kept by hand\nprofile = \"x\" # in use\n\n[profiles.x]\n# where it is\n\
                endpoint = \"http://127.0.0.1:1\"\nemail = \"a@example.com\"\n\
                columns = { vm = \"name\" } # mine\n\n[profiles.y] # the other\n\
                endpoint = \"http://127.0.0.1:1\"\n";
    fs::write(&path, text).unwrap();
    let mut config = Config::load_from(&path).unwrap();
    config.save().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    config.use_profile("y").unwrap();
    let mut x = config.profile("x").unwrap();
    x.email = None;
    x.ca_file = Some("/ca.pem".into());
    config.set_profile("x", &x).unwrap();
    config.save().unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let expected = text
        .replace("profile = \"x\"", "profile = \"y\"")
        .replace("email = \"a@example.com\"\n", "")
        .replace("# mine\n", "# mine\nca_file = \"/ca.pem\"\n");
    assert_eq!(written, expected);
}
