//! Containers that are not the agent's, some of them dressed like it: nothing that happens may touch them.

use wlc_tests::podman;

use wlc_tests::api::{Api, Listed};

/// Marks what is a bystander.
const LABEL: &str = "test.bystander";

/// Containers that are not the agent's.
#[derive(Debug)]
pub struct Bystanders {
    fleet: String,
    before: Vec<Listed>,
}

impl Bystanders {
    /// One that stands alone, one that carries the fleet's labels under a name of its own, and a pod with a name like those of the
    /// agent and none of its labels.
    pub fn new(api: &Api, fleet: &str, replica: &str) -> Self {
        let label = format!("{LABEL}={fleet}");
        let run = ["run", "-d", "--network", "none", "--label", &label];
        let dressed = [
            format!("--label=dev.wlc.fleet={fleet}"),
            format!("--label=dev.wlc.replica={replica}"),
            format!("--name=wlc.{fleet}.{replica}.bystander"),
        ];
        let dressed: Vec<&str> = dressed.iter().map(String::as_str).collect();
        let pod = format!("wlc.{fleet}.{replica}.12345678");
        let program = ["localhost/busybox:1", "sleep", "100000"];
        podman::text(&[&run[..], &program].concat());
        podman::text(&[&run[..], &dressed, &program].concat());
        podman::text(&["pod", "create", "--network", "none", "--label", &label, "--name", &pod]);
        podman::text(&[&["run", "-d", "--label", &label, "--pod", &pod][..], &program].concat());
        let mut bystanders = Self { fleet: fleet.to_owned(), before: Vec::new() };
        bystanders.before = bystanders.now(api).expect("Podman answers");
        assert_eq!(bystanders.before.len(), 4, "{:?}", bystanders.before);
        assert!(bystanders.before.iter().all(|one| one.state == "running"), "{:?}", bystanders.before);
        bystanders
    }

    fn now(&self, api: &Api) -> std::io::Result<Vec<Listed>> {
        let mut found = api.containers(&format!("{LABEL}={}", self.fleet))?;
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// What was done to them; none where nothing was, or nobody can tell.
    pub fn harm(&self, api: &Api) -> Option<String> {
        let now = self.now(api).ok()?;
        (now != self.before).then(|| format!("foreign containers were touched: {:?}, then {now:?}", self.before))
    }
}

impl Drop for Bystanders {
    fn drop(&mut self) {
        let label = format!("label={LABEL}={}", self.fleet);
        for (list, remove) in [
            (&["pod", "ps", "-q"][..], &["pod", "rm", "-f", "-t", "0"][..]),
            (&["ps", "-aq"], &["rm", "-f", "-t", "0"]),
        ] {
            let found = podman::lines(&[list, &["--filter", &label]].concat());
            let names: Vec<&str> = found.iter().map(String::as_str).collect();
            if !names.is_empty() {
                podman::podman(&[remove, &names].concat());
            }
        }
    }
}
