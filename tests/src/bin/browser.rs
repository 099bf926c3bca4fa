//! Looks at the pages of `wlc graph` in a real browser: fleets of 5 and of 500 nodes, in windows of three widths.
//!
//! A script that measures is laid behind each page: nothing may stick out of its node or of the window. The pictures stay
//! in the folder that the first argument names, for people to look at.
#![allow(clippy::unwrap_used, reason = "a test ends where its own tools fail")]
#![allow(clippy::print_stdout, reason = "it prints what it saw")]

use std::{fs, path::Path, process::Command, process::ExitCode};

use wlc_tests::{repository::Repository, running};

const DIGEST: &str = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const WIDTHS: [u32; 3] = [1_400, 800, 380];

/// Writes how many nodes it saw and what sticks out into the page's own title.
const MEASURE: &str = "<script>
const out = [];
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) out.push('the page');
const nodes = document.querySelectorAll('.node');
for (const node of nodes) {
  const right = node.getBoundingClientRect().right + 0.5;
  for (const inner of node.querySelectorAll('*')) {
    if (inner.getBoundingClientRect().right > right) out.push(node.id);
  }
}
document.title = 'nodes=' + nodes.length + ' out=' + out.slice(0, 3).join(',');
</script>";

fn main() -> ExitCode {
    let pictures = std::env::args().nth(1).expect("a folder for the pictures is named");
    fs::create_dir_all(&pictures).unwrap();
    let (mut passed, mut failed) = (0, 0);
    for nodes in [5, 500] {
        let repository = fleet(nodes);
        let page = repository.wlc(&["graph"]);
        assert_eq!(page.code, Some(0), "{}", page.stderr);
        for width in WIDTHS {
            let picture = Path::new(&pictures).join(format!("{nodes}-nodes-{width}-wide.png"));
            let title = look(&repository, &page.stdout, width, &picture);
            let is_fine = title == format!("nodes={nodes} out=") && picture.exists();
            println!("{nodes} nodes in a window of {width}: {title}");
            *(if is_fine { &mut passed } else { &mut failed }) += 1;
        }
    }
    println!("{passed} passed, {failed} failed, 0 skipped");
    ExitCode::from(u8::from(failed > 0))
}

/// A fleet whose names are as long as names may be, with zones and racks.
fn fleet(nodes: usize) -> Repository {
    let mut text = String::new();
    for number in 0..nodes {
        let (zone, rack, name) = (number * 3 / nodes, number * 20 / nodes, name(number));
        let taint = if number % 50 == 4 { "; taint \"dedicated-to-machine-learning\" \"ml\"" } else { "" };
        text.push_str(&format!(
            "node \"{name}\" {{ label \"zone\" \"{zone}\"; label \"rack\" \"r{rack}\"{taint} }}\nfacts \"{name}\" {{ capacity cpu=64 memory=\"256GiB\" }}\n"
        ));
    }
    let mut workloads = String::new();
    for number in 0..18 {
        let replicas = (nodes / 10).max(2);
        workloads.push_str(&format!(
            "deployment \"{}-{number}\" replicas={replicas} {{\n    container \"main\" image=\"registry.example/a:1{DIGEST}\" {{ request cpu=\"500m\" memory=\"700MiB\" }}\n}}\n",
            ["web", "api-gateway", "a-workload-with-a-name-of-some-length"][number % 3],
        ));
    }
    Repository::empty()
        .with("fleet.kdl", "fleet \"example\"\n")
        .with("nodes.kdl", text)
        .with("workloads.kdl", workloads)
}

fn name(number: usize) -> String {
    if number % 7 == 3 { format!("storage-node-in-the-back-of-the-hall-{number}") } else { format!("n{number}") }
}

/// Opens the page in a window, keeps a picture of it, and gives the title that the measuring script wrote.
fn look(repository: &Repository, page: &str, width: u32, picture: &Path) -> String {
    repository.write("measured.html", page.replace("</body>", &format!("{MEASURE}</body>")));
    let browser = |more: &[String]| {
        let mut command = Command::new("chromium");
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", repository.path().join("profile").display()));
        command.arg(format!("--window-size={width},1000")).args(more);
        command.arg(format!("file://{}", repository.path().join("measured.html").display()));
        running::run(&mut command)
    };
    browser(&[format!("--screenshot={}", picture.display())]);
    let document = browser(&["--dump-dom".to_owned()]).stdout;
    let title = document.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.unwrap_or("no title").to_owned()
}
