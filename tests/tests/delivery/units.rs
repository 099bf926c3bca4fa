//! The units for systemd: well formed, hardened, and with what the agent needs.

use std::{fs, path::Path, process::Command};

use wlc_tests::{podman, programs, running};

const UNITS: [&str; 2] = ["wlagent.service", "wlagent-shutdown.service"];
/// Of `systemd-analyze security`, in tenths: 0 is locked away, 100 has every right.
const MOST_EXPOSURE: &str = "40";

fn unit(name: &str) -> String {
    fs::read_to_string(running::workspace().join("agent/systemd").join(name)).unwrap()
}

/// Writes the units with the program as it was built, and runs `systemd-analyze` on them.
fn analyze(test: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let program = programs::wlagent();
    let paths = UNITS.map(|name| {
        let path = folder.path().join(name);
        let unit = unit(name).replace("/usr/lib/wlc/wlagent-switch", "/bin/true");
        fs::write(&path, unit.replace("/usr/lib/wlc/wlagent", program.to_str().unwrap())).unwrap();
        path
    });
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    match Command::new("systemd-analyze").args(arguments).args(paths).env("SYSTEMD_PAGER", "").output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(error) => {
            podman::skip(&format!("{test}: systemd-analyze: {error}"));
            None
        }
    }
}

#[test]
fn systemd_takes_the_units() {
    let Some((taken, said)) = analyze("systemd_takes_the_units", &["verify", "--man=no"]) else { return };
    assert!(taken && said.is_empty(), "{said}");
}

#[test]
fn the_units_give_few_rights() {
    let threshold = format!("--threshold={MOST_EXPOSURE}");
    let arguments = ["security", "--offline=true", "--no-pager", &threshold];
    let Some((few, said)) = analyze("the_units_give_few_rights", &arguments) else { return };
    assert!(few, "{said}");
    for name in UNITS {
        assert!(said.contains(&format!("Overall exposure level for {name}")), "{said}");
    }
}

/// What the hardening must not take: each line here has broken something, or would.
#[test]
fn the_units_leave_what_the_agent_needs() {
    for name in UNITS {
        let unit = unit(name);
        let has = |line: &str| unit.lines().any(|found| found == line);
        for needed in ["RuntimeDirectory=wlagent", "RuntimeDirectoryPreserve=yes", "StateDirectory=wlagent"] {
            assert!(has(needed), "{name} lacks {needed}");
        }
        for harmful in ["PrivateTmp=yes", "PrivateDevices=yes", "PrivateNetwork=yes", "ProtectProc=", "ProtectHome=yes"]
        {
            assert!(!unit.lines().any(|line| line.starts_with(harmful)), "{name} has {harmful}");
        }
    }
    let agent = unit(UNITS[0]);
    assert!(!agent.contains("\nRestrictSUIDSGID=yes"), "volumes of a group are set-group-ID folders");
    assert!(agent.contains("\nType=notify\n") && agent.contains("\nWatchdogSec="));
    let after = agent.lines().find_map(|line| line.strip_prefix("After=")).unwrap();
    assert!(after.split(' ').any(|name| name == UNITS[1]), "the agent ends before the containers are stopped");
}

/// What `wlagent install` lays down below a root: systemd takes the units of that root, twice is once, and nothing that is
/// there changes.
#[test]
fn what_is_installed_is_taken_by_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("image");
    let install = |more: &[&str]| {
        let mut command = Command::new(programs::wlagent());
        running::run(command.args(["install", "--fleet", "example", "--root"]).arg(&root).args(more))
    };
    let told = install(&["--dry-run"]);
    assert_eq!((told.code, root.exists()), (Some(0), false), "{}", told.stderr);
    let laid = install(&[]);
    assert_eq!((laid.code, &laid.stdout), (Some(0), &told.stdout), "{}", laid.stderr);
    assert!(laid.stdout.lines().all(|line| line.starts_with("new ")), "{}", laid.stdout);
    let before = wlc_tests::folder::contents(&root);
    let again = install(&[]);
    assert!(again.stdout.lines().all(|line| line.starts_with("there ")), "{}", again.stdout);
    assert_eq!(wlc_tests::folder::contents(&root), before);
    let program = root.join("usr/lib/wlc/wlagent");
    assert!(fs::read(&program).unwrap() == fs::read(programs::wlagent()).unwrap(), "the program is this one");
    assert!(running::run(Command::new(&program).arg("--version")).stdout.starts_with("wlagent "));
    let settings = root.join("etc/wlc/agent.kdl");
    let read = running::run(Command::new(&program).arg("--config").arg(settings).arg("status"));
    assert!(read.stderr.contains("no agent") || read.stderr.contains("cannot reach"), "{}", read.stderr);

    let (units, programs) = (folder.path().join("units"), format!("{}/usr/lib/wlc/", root.display()));
    fs::create_dir(&units).unwrap();
    let paths = UNITS.map(|name| {
        let unit = fs::read_to_string(root.join("etc/systemd/system").join(name)).unwrap();
        assert!(unit == self::unit(name), "{name} is the one of the repository");
        fs::write(units.join(name), unit.replace("/usr/lib/wlc/", &programs)).unwrap();
        units.join(name)
    });
    match Command::new("systemd-analyze").args(["verify", "--man=no"]).args(paths).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(error) => podman::skip(&format!("what_is_installed_is_taken_by_systemd: systemd-analyze: {error}")),
    }
}
