//! The user of the suite: made by root, with a home, a runtime folder, a Podman and the programs; nothing of it stays.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use wlc_tests::{podman, programs, running};

const NAME: &str = "wlc-rootless";
/// Short, since paths of sockets are.
const HOME: &str = "/tmp/wlc-rootless";
/// What Podman needs without root.
const NEEDED: [&str; 6] = ["useradd", "userdel", "runuser", "unshare", "newuidmap", "slirp4netns"];

/// Runs this suite as the user.
pub fn begin_as_user() {
    let Some(missing) = what_is_missing() else {
        let user = User::make();
        user.bring_programs();
        let ran = user.run();
        drop(user);
        assert!(ran, "it failed without root");
        return;
    };
    podman::skip(&format!("rootless: {missing}"));
}

fn what_is_missing() -> Option<String> {
    if podman::socket().is_none() {
        return Some("WLC_PODMAN_SOCKET names no Podman; tests/run brings one".to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let missing = NEEDED.iter().find(|name| !is_there(name)).map(|name| format!("`{name}` is not installed"));
    missing.or_else(|| (!Path::new("/dev/net/tun").exists()).then(|| "there is no /dev/net/tun".to_owned()))
}

/// The user, while it exists.
struct User {
    id: u32,
}

impl User {
    fn make() -> Self {
        if let Ok(of_before) = fs::metadata(HOME) {
            let known = Command::new("id").args(["-u", NAME]).output().expect("it can be run");
            let known = String::from_utf8_lossy(&known.stdout).trim().parse().ok();
            assert_eq!(known, Some(of_before.uid()), "{HOME} is there, and not the user's whom this suite makes");
            Self { id: of_before.uid() }.remove();
        }
        must(Command::new("useradd").args(["--create-home", "--home-dir", HOME, "--shell", "/bin/sh", NAME]));
        let user = Self { id: fs::metadata(HOME).expect("the home is made").uid() };
        assert_ne!(user.id, 0, "the home is the user's");
        fs::create_dir_all(user.runtime()).unwrap();
        fs::set_permissions(user.runtime(), fs::Permissions::from_mode(0o700)).unwrap();
        user.own(&user.runtime());
        user
    }

    fn runtime(&self) -> PathBuf {
        Path::new("/run/user").join(self.id.to_string())
    }

    fn own(&self, path: &Path) {
        must(Command::new("chown").args(["-R", &format!("{0}:{0}", self.id)]).arg(path));
    }

    /// The programs, the scripts and the packages of the images: the user may not be able to look into the workspace.
    fn bring_programs(&self) {
        let (home, workspace) = (Path::new(HOME), running::workspace());
        for folder in ["bin/deps", "packages"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        for program in [programs::wlc(), programs::wlagent()] {
            fs::copy(&program, home.join("bin").join(program.file_name().unwrap())).unwrap();
        }
        fs::copy(env::current_exe().unwrap(), home.join("bin/deps/suite")).unwrap();
        must(Command::new("cp").arg("-r").arg(workspace.join("tests/setup")).arg(home.join("setup")));
        for package in fs::read_dir(workspace.join("target/wlc-tests/packages")).into_iter().flatten().flatten() {
            let is_package = package.path().extension().is_some_and(|found| found == "deb");
            if is_package {
                fs::copy(package.path(), home.join("packages").join(package.file_name())).unwrap();
            }
        }
        fs::write(home.join("inside.sh"), INSIDE).unwrap();
        self.own(home);
    }

    /// Whether the suite passes as the user. In its namespace of mounts /dev/net/tun is open to all and its runtime folder lies in
    /// memory, as on ordinary machines.
    fn run(&self) -> bool {
        let outside = "mknod -m 666 \"$1/tun\" c 10 200 && mount --bind \"$1/tun\" /dev/net/tun && \
             mount -t tmpfs -o mode=700,uid=\"$2\" tmpfs \"/run/user/$2\" && shift 2 && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", outside, "sh", HOME, &self.id.to_string()]);
        command.args(["runuser", "-u", NAME, "--", "env", "-i", "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
        command.arg(format!("HOME={HOME}")).arg(format!("XDG_RUNTIME_DIR={}", self.runtime().display()));
        command.args(["bash", "inside.sh"]).current_dir(HOME).stdin(Stdio::null());
        command.status().expect("it can be run").success()
    }

    /// Ends what still runs of it, and removes it. Whoever has its number is ours: nobody else has it.
    fn remove(&self) {
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = process.file_name().into_string().unwrap_or_default();
            let is_ours = process.metadata().is_ok_and(|found| found.uid() == self.id);
            if self.id != 0 && is_ours && number.parse::<u32>().is_ok() {
                Command::new("kill").args(["-KILL", &number]).status().ok();
            }
        }
        Command::new("userdel").arg(NAME).stderr(Stdio::null()).status().ok();
        fs::remove_dir_all(HOME).ok();
        if self.id != 0 {
            fs::remove_dir_all(self.runtime()).ok();
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.remove();
    }
}

/// What runs as the user: its own Podman with the image of busybox, and the suite.
const INSIDE: &str = r#"
set -eu
bash setup/podman.sh "$HOME/podman" >setup.log 2>&1 || { cat setup.log; exit 1; }
bash setup/images.sh "$HOME/podman" "$HOME/packages" >>setup.log 2>&1 || { cat setup.log; exit 1; }
. "$HOME/podman/env.sh"
code=0
WLC_ROOTLESS=1 bin/deps/suite --nocapture --exact without_root_the_whole_path_works || code=$?
bash setup/podman.sh "$HOME/podman" remove >>setup.log 2>&1 || { cat setup.log; exit 1; }
exit "$code"
"#;

fn must(command: &mut Command) {
    let status = command.status().expect("it can be run");
    assert!(status.success(), "{command:?} failed");
}
