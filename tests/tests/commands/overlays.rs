//! Each command with `--overlay`: an overlay is a fleet of its own, with a lock and plans of its own, and no command mixes two.

use std::{fs, process::Command};

use serde_json::json;
use wlc_tests::{
    folder,
    repository::Repository,
    running::{self, Ran},
};

use crate::json;

/// `examples/overlays` with a key of our own, a cron job, and both overlays built once.
struct Shop {
    repository: Repository,
}

const BACKUP: &str = "cron-job \"backup\" schedule=\"0 3 * * *\" {
    container \"main\" image=\"registry.example/backup:1@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"
}
";

impl Shop {
    fn new() -> Self {
        let repository = Repository::empty();
        folder::copy(&running::workspace().join("examples/overlays"), repository.path());
        fine(&repository.wlc(&["keygen", "--overlay", "staging", "--out", ".key"]));
        let public = fs::read_to_string(repository.path().join(".key.pub")).unwrap();
        let public: Vec<&str> = public.split(' ').take(2).collect();
        for file in ["fleet.kdl", "_overlays/production/workloads.kdl"] {
            let text = fs::read_to_string(repository.path().join(file)).unwrap();
            let start = text.find("ssh-ed25519").unwrap();
            let end = start + text[start..].find('"').unwrap();
            repository.write(file, format!("{}{}{}", &text[..start], public.join(" "), &text[end..]));
        }
        let shop = Self { repository };
        for overlay in ["staging", "production"] {
            fine(&shop.build(overlay));
        }
        shop
    }

    fn wlc(&self, overlay: &str, arguments: &[&str]) -> Ran {
        self.repository.wlc(&[&["--overlay", overlay], arguments].concat())
    }

    fn build(&self, overlay: &str) -> Ran {
        fine(&self.wlc(overlay, &["lock"]));
        self.wlc(overlay, &["build", "--key", ".key", "--anyway"])
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.repository.path().join(file)).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        self.repository.write(file, text.replace(old, new));
    }

    fn files(&self, folder: &str) -> impl PartialEq + std::fmt::Debug + use<> {
        folder::contents(&self.repository.path().join(folder))
    }
}

fn fine(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
}

const STAGING: &str = "_overlays/staging/all.kdl";

#[test]
fn each_overlay_has_a_lock_and_plans_of_its_own() {
    let shop = Shop::new();
    let production = (shop.files("lock/shop-production"), shop.files("plans-production"));
    shop.edit(STAGING, "debug", "trace");
    fine(&shop.build("staging"));
    assert_eq!(production, (shop.files("lock/shop-production"), shop.files("plans-production")));
    for (overlay, generation, nodes) in [("staging", 2, "1 node"), ("production", 1, "2 nodes")] {
        let verified = shop.wlc(overlay, &["verify"]);
        fine(&verified);
        let said = format!("generation {generation} of fleet `shop-{overlay}`: {nodes}");
        assert!(
            format!("{}{}", verified.stdout, verified.stderr).contains(&said),
            "{}{}",
            verified.stdout,
            verified.stderr
        );
    }
    assert!(!shop.repository.path().join("lock/shop").exists() && !shop.repository.path().join("plans").exists());
    fine(&shop.wlc("production", &["build", "--locked", "--key", ".key", "--anyway"]));
    let unknown = shop.wlc("stagin", &["check"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("did you mean `staging`?"), "{}", unknown.stderr);
}

#[test]
fn diff_tells_of_the_overlay_that_changes() {
    let shop = Shop::new();
    shop.edit(STAGING, "debug", "trace");
    let staging = shop.wlc("staging", &["diff", "--format", "json"]);
    assert_eq!(staging.code, Some(2), "{}", staging.stderr);
    assert!(staging.stdout.contains("trace") && staging.stdout.contains("shop-staging"), "{}", staging.stdout);
    let production = shop.wlc("production", &["diff"]);
    assert_eq!(production.code, Some(0), "{}", production.stdout);
    assert!(production.stdout.contains("nothing would change"), "{}", production.stdout);
    shop.edit("fleet.kdl", "20000-29999", "21000-29999");
    assert_eq!(shop.wlc("production", &["diff"]).code, Some(0), "it has a range of its own");
}

#[test]
fn list_show_graph_and_calendar_see_their_overlay() {
    let shop = Shop::new();
    let replicas = |overlay: &str| {
        let list = json(&shop.wlc(overlay, &["list", "--format", "json"]));
        list["replicas"].as_array().unwrap().len()
    };
    assert_eq!((replicas("staging"), replicas("production")), (3, 8));
    let shown = shop.wlc("production", &["show", "production-1"]);
    assert!(
        shown.stdout.contains("fleet shop-production") && !shown.stdout.contains("mail-catcher"),
        "{}",
        shown.stdout
    );
    assert_ne!(shop.wlc("production", &["show", "staging-1"]).code, Some(0), "a node of the other overlay");
    let (staging, production) = (shop.wlc("staging", &["graph"]), shop.wlc("production", &["graph"]));
    assert!(staging.stdout.contains("shop-staging") && !staging.stdout.contains("production-1"));
    assert!(production.stdout.contains("production-1") && !production.stdout.contains("mail-catcher"));
    shop.repository.write("_overlays/staging/backup.kdl", BACKUP);
    assert!(shop.wlc("staging", &["calendar"]).stdout.contains("backup"));
    assert!(!shop.wlc("production", &["calendar"]).stdout.contains("backup"));
}

#[test]
fn history_and_rollback_keep_to_their_overlay() {
    let shop = Shop::new();
    shop.edit(STAGING, "debug", "trace");
    fine(&shop.build("staging"));
    let numbers = |overlay: &str| {
        let history = json(&shop.wlc(overlay, &["history", "shop", "--format", "json"]));
        history["revisions"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((numbers("staging"), numbers("production")), (vec![json!(2), json!(1)], vec![json!(1)]));
    fine(&shop.wlc("staging", &["rollback", "shop"]));
    let checked = json(&shop.wlc("staging", &["check", "--format", "json"]));
    let pinned = &checked["diagnostics"][0];
    assert_eq!(pinned["code"], "pinned");
    let place = &pinned["places"][0];
    assert_eq!((&place["file"], &place["text"]), (&json!(STAGING), &json!("\"debug\" runs")), "{pinned}");
    assert!(!shop.wlc("production", &["check"]).stderr.contains("rolled back"));
    fine(&shop.wlc("staging", &["rollback", "shop", "--undo"]));
    assert_eq!(numbers("staging")[0], json!(4));
}

#[test]
fn explain_knows_what_only_an_overlay_declares() {
    let shop = Shop::new();
    let template = "template \"probe\" {\n    doc \"Asks.\"\n    deployment (parameter)\"name\" { container \"main\" image=\"localhost/a:1\" }\n}\n";
    shop.repository.write("_overlays/staging/probe.kdl", template);
    assert!(shop.wlc("staging", &["explain", "probe"]).stdout.contains("Asks."));
    assert!(!shop.wlc("production", &["explain", "probe"]).stdout.contains("Asks."));
    assert!(shop.wlc("production", &["explain", "web-service"]).stdout.contains("A service behind the proxy"));
}

#[test]
fn fmt_and_import_do_the_same_with_every_overlay() {
    let shop = Shop::new();
    shop.edit(STAGING, "    container", "  container");
    for overlay in ["staging", "production"] {
        assert_eq!(
            shop.wlc(overlay, &["fmt", "--check"]).code,
            Some(1),
            "all files are formatted, whichever is chosen"
        );
    }
    fine(&shop.wlc("production", &["fmt"]));
    fine(&shop.wlc("staging", &["fmt", "--check"]));
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: site}\ndata: {a: x}\n";
    shop.repository.write("site.yaml", manifest);
    let imported = shop.wlc("staging", &["import", "site.yaml"]);
    fine(&imported);
    assert!(imported.stdout.contains("config \"site\""), "{}", imported.stdout);
    shop.repository.write("_overlays/staging/site.kdl", &imported.stdout);
    fine(&shop.wlc("staging", &["check"]));
}

#[test]
fn up_runs_an_overlay() {
    let shop = Shop::new();
    let socket = shop.repository.path().join("no-podman.sock").display().to_string();
    let ran = shop.wlc("staging", &["up", "--once", "--podman", &socket, "--timeout", "1s"]);
    assert_eq!(ran.code, Some(1), "without Podman nothing converges: {}", ran.stderr);
    assert!(ran.stderr.contains("shop-0 on staging-1"), "{}", ran.stderr);
    let ran = shop.wlc("production", &["up", "--once", "--podman", &socket, "--timeout", "1s"]);
    assert!(ran.stderr.contains("`production-1`, `production-2`"), "{}", ran.stderr);
}

/// A reader of the messages that goes away, as `head` does, ends nothing.
#[test]
fn a_build_goes_on_when_nobody_reads_what_it_says() {
    let shop = Shop::new();
    shop.edit("_overlays/production/workloads.kdl", "grace \"1m\"", "grace \"2m\"");
    fine(&shop.wlc("production", &["lock"]));
    let command = "wlc=$1; shift; \"$wlc\" \"$@\" 2>&1 | true; exit \"${PIPESTATUS[0]}\"";
    let mut bash = Command::new("bash");
    bash.args(["-c", command, "bash"]).arg(wlc_tests::programs::wlc()).current_dir(shop.repository.path());
    let ran = running::run(bash.args(["--overlay", "production", "build", "--key", ".key", "--anyway"]));
    fine(&ran);
    let verified = shop.wlc("production", &["verify"]);
    assert!(format!("{}{}", verified.stdout, verified.stderr).contains("generation 2 "), "{}", verified.stderr);
}
