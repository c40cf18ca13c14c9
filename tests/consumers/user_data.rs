//! User data, as cloud-init's own check reads it.

use cloudsfor_tests::binary::{create, run};

use crate::{local, program};

/// Whether cloud-init takes the file for its YAML.
fn is_cloud_config(file: &str) -> Option<bool> {
    let mut schema = program("cloud-init")?;
    let output = schema
        .args(["schema", "--config-file", file])
        .output()
        .unwrap();
    Some(output.status.success())
}

#[test]
fn warnings_agree_with_cloud_init_schema() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("user-data");
    let file = path.to_str().unwrap();
    for (i, text) in [
        "#cloud-config\npackages: [nginx]\n",
        "#cloud-config\n{}\n",
        "#cloud-config\nwrite_files:\n- path: /a\n  content: |\n    x: {\n",
        "#cloud-config\nruncmd:\n- [sh, -c, \"echo 'x'\"]\n",
        "#cloud-config\nusers:\n- default\n- {name: a, groups: [b]}\n",
        "#cloud-config\nhostname: &n web\nfqdn: *n\n",
        "#cloud-config\na: [1\nb: 2\n",
        "#cloud-config\n\tpackages: [nginx]\n",
        "#cloud-config\nruncmd:\n\t- ls\n",
        "#cloud-config\npackages: nginx: x\n",
        "#cloud-config\nhostname: \"web\n",
        "#cloud-config\nhostname: *unknown\n",
        "#cloud-config\n- packages\n",
        "# cloud-config\npackages: [nginx]\n",
        "packages: [nginx]\n",
        "I2Nsb3VkLWNvbmZpZwpwYWNrYWdlczogW25naW54XQo=\n",
    ]
    .iter()
    .enumerate()
    {
        std::fs::write(&path, text).unwrap();
        let Some(expected) = is_cloud_config(file) else {
            return;
        };
        let name = format!("vm-{i}");
        let more = ["--user-data", file, "--no-wait"];
        let ended = run(&mut local(dir.path(), &create(&name, &more))).ok();
        let warned = ended.stderr.contains("warning: --user-data");
        assert_eq!(warned, !expected, "{text:?}: {}", ended.stderr);
        let strict = [&more[..], &["--strict"]].concat();
        let ended = run(&mut local(
            dir.path(),
            &create(&format!("strict-{i}"), &strict),
        ));
        assert_eq!(
            ended.code,
            if expected { 0 } else { 2 },
            "{text:?}: {}",
            ended.stderr
        );
    }
}
