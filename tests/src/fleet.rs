//! Makes the sources of a large fleet: nodes, their facts as machines write them, and workloads as people write them. A
//! quarter of the bytes is in the style of people who use all of KDL: comments, raw and multi-line texts, `/-`.
//!
//! The same sizes always give the same text, and it checks without an error; a tenth of the workloads run on several nodes,
//! which is warned of.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// How large a fleet is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Nodes: all of them in one file, the facts of each in a file of its own.
    pub nodes: usize,
    /// Workloads, each in a file of its own.
    pub workloads: usize,
}

impl Size {
    /// 1,000 files, most of them of workloads.
    pub const MANY_WORKLOADS: Self = Self { nodes: 98, workloads: 900 };
    /// 1,000 files, most of them facts.
    pub const MANY_NODES: Self = Self { nodes: 798, workloads: 200 };
}

/// The sources of a fleet.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Each file's text by its path.
    pub files: BTreeMap<String, String>,
    /// How many bytes are in the style of people who use all of KDL.
    pub by_hand: usize,
}

impl Sources {
    /// Makes a fleet.
    pub fn new(size: Size) -> Self {
        let mut made = Self::default();
        made.add("fleet.kdl", "fleet \"bench\" {\n    host-ports \"20000-29999\"\n}\n".to_owned());
        made.add("nodes/nodes.kdl", (0..size.nodes).map(node).collect());
        for number in 0..size.nodes {
            made.add(&format!("nodes/n{number:04}.facts.kdl"), facts(number));
        }
        for number in 0..size.workloads {
            let left = (size.workloads - number) * PLAIN_BYTES;
            let is_by_hand = made.by_hand * 4 < made.bytes() + left;
            let text = if is_by_hand { by_hand(number) } else { plain(number) };
            made.by_hand += if is_by_hand { text.len() } else { 0 };
            made.add(&format!("workloads/w{number:04}.kdl"), text);
        }
        made
    }

    fn add(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text);
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> usize {
        self.files.values().map(String::len).sum()
    }

    /// Writes the files into a folder.
    pub fn write(&self, folder: &Path) {
        for (name, text) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
    }
}

/// About as long is a workload in plain style.
const PLAIN_BYTES: usize = 1_200;

fn node(number: usize) -> String {
    let (zone, rack) = (["a", "b", "c"][number % 3], number / 20);
    format!(
        "node \"n{number:04}\" address=\"10.1.{}.{}\" {{\n    label \"zone\" \"{zone}\"\n    label \"rack\" \"{zone}{rack}\"\n    \
         label \"disk\" \"nvme\"\n    reserve memory=\"2GiB\" cpu=\"500m\"\n}}\n",
        number / 250,
        number % 250 + 1
    )
}

const FEATURES: &str = "3dnowprefetch abm adx aes apic arat avx avx2 avx512_bf16 avx512_bitalg avx512_vbmi2 avx512_vnni \
    avx512bw avx512cd avx512dq avx512f avx512ifma avx512vbmi avx512vl bmi1 bmi2 clflush clflushopt clwb clzero cmov cpuid \
    cx16 cx8 de erms f16c fma fpu fsgsbase fsrm fxsr gfni ht invpcid lahf_lm lm mca mce mmx movbe msr mtrr nopl nx pae pat \
    pcid pclmulqdq pge pni popcnt pse pse36 rdpid rdrand rdseed rdtscp sep sha_ni smap smep sse sse2 sse4_1 sse4_2 sse4a \
    ssse3 syscall topoext tsc umip vaes vme vpclmulqdq xgetbv1 xsave xsavec xsaveopt xsaves";

/// So many devices on the PCI bus has a server with two processors.
const DEVICES: usize = 150;

/// The facts of a server as `wlagent facts` prints them.
fn facts(number: usize) -> String {
    let mut text = format!("// Written by `wlagent facts`, never edited by hand.\nfacts \"n{number:04}\" {{\n");
    let mut line = |line: String| writeln!(text, "    {line}").expect("a text takes all");
    line("capacity cpu=64 memory=\"263921232KiB\" storage=\"3662109375KiB\"".to_owned());
    let features: Vec<String> = FEATURES.split_whitespace().map(|word| format!("\"{word}\"")).collect();
    line(format!(
        "cpu arch=\"x86_64\" vendor=\"AuthenticAMD\" model=\"EPYC 9354\" cores=32 threads=64 {{ features {} }}",
        features.join(" ")
    ));
    for node in 0..2 {
        line(format!("numa {node} cpus=\"{}-{}\" memory=\"131960616KiB\"", node * 32, node * 32 + 31));
    }
    for slot in 0..DEVICES {
        let (bus, device) = (slot / 8 * 8, slot % 8);
        line(format!("pci \"0000:{bus:02x}:{device:02x}.0\" id=\"1022:{:04x}\" class=\"0604\"", 0x14a0 + slot));
    }
    for disk in 0..4 {
        line(format!("disk \"nvme{disk}n1\" kind=\"nvme\" size=\"3.5TiB\" encrypted=#true"));
    }
    for nic in 0..2 {
        line(format!("nic \"eth{nic}\" speed=\"25Gbps\" driver=\"mlx5_core\""));
    }
    line("kernel \"6.12.9-amd64\"".to_owned());
    line("agent \"0.1.0\" formats=1".to_owned());
    line(format!("machine \"sha256:{number:064x}\""));
    text.push_str("}\n");
    text
}

/// A workload as `wlc fmt` would leave it.
fn plain(number: usize) -> String {
    let team = number % 40;
    format!(
        r#"deployment "w{number:04}" replicas={replicas} {{
    label "app.example/team" "team-{team}"
    label "app.example/tier" "front"
    update "rolling" min-ready="5s"
    grace "30s"
    container "main" image="registry.example/team-{team}/app@sha256:{number:064x}" {{
        command "app" "--listen" ":8080"
        args "--log" "json" "--workers" "4"
        port "http" 8080 host="auto"
        env {{
            DATABASE_URL "postgres://db.example/team_{team}"
            LOG_LEVEL "info"
            REPLICA field="replica"
            NODE field="node"
        }}
        request cpu="250m" memory="128MiB"
        limit memory="256MiB"
        readiness "http" "/healthz" port="http" period="5s"
        liveness "tcp" port="http" period="10s" failures=3
        mount "/tmp" tmpfs="16MiB"
        mount "/var/cache/app" empty-dir="1GiB"
    }}
    container "log" image="registry.example/log@sha256:{number:064x}" {{
        user 1000
        non-root
        read-only-root
        request cpu="50m" memory="32MiB"
        limit memory="64MiB"
    }}
    place {{ require {{ label "zone" "a" "b" }} }}
}}
"#,
        replicas = if number.is_multiple_of(10) { 3 } else { 1 },
    )
}

/// A workload with its config, as someone writes it who thinks while writing.
fn by_hand(number: usize) -> String {
    let team = number % 40;
    format!(
        r####"// The front of team {team}'s shop.
//
// It answers on 8080; what is behind it is asked over the loopback address of the pod.
// Who changes it: the team. Whom to ask: the page in the handbook.
config "w{number:04}" {{
    // Served as it is. The quotes and backslashes mean themselves.
    file "site.conf" text=#"""
        server {{
            listen 8080;
            server_name "shop-{team}.example";  # a name of its own
            location ~ \.(css|js)$ {{
                expires 1d;
            }}
            root /usr/share/site;
        }}
        """#
    file "motd" text="""
        Welcome to the shop of team {team}.\tIt is open.

          Mon to Fri   \
            8 to 18
        "Closed" on Sundays.
        """
    /- file "old.conf" text="gone"
}}

/* The second tier is off until the autumn:
   it needed more memory than it gave back. /* see the notes */ */
/-deployment "w{number:04}-second" {{
    container "main" image="registry.example/second:1"
}}

deployment "w{number:04}" {{
    label "app.example/team" "team-{team}"; label "app.example/tier" "front"
    grace "10s" // it drains quickly

    container "site" image="registry.example/team-{team}/site@sha256:{number:064x}" {{
        command "site" \
            "--config" "/etc/site/site.conf" \ // where the mount below is
            "--workers" "2"
        args #"--pattern=\d+"# /- "--verbose"
        port "http" 8080 host="auto"
        env {{ TZ "UTC"; REPLICA field="replica" }}
        request cpu="100m" memory="64MiB"
        limit /- cpu=1 memory="128MiB"
        /* Two probes, since the first answers
           before the second could. */
        readiness "http" "/healthz" port="http" period="2s"
        liveness "tcp" port="http" period="5s" failures=3
        mount "/etc/site" config="w{number:04}" mode="0444"
        mount "/var/cache/site" tmpfs="16MiB"
        /-liveness "http" "/deep" port="http" {{
            header "Host" "example"
        }}
    }}
    place {{ require {{ label "zone" "a" "b" "c" }} }}
}}
"####,
    )
}

#[cfg(test)]
mod tests {
    use wlc::{attachments::Attachments, diagnostics::Problems, lock::Lock, pipeline};

    use super::*;

    #[test]
    fn a_fleet_checks_and_a_quarter_of_it_is_written_by_hand() {
        let made = Sources::new(Size { nodes: 20, workloads: 60 });
        let mut sources = wlc::sources::Sources::default();
        for (path, text) in &made.files {
            sources.add(path, text);
        }
        let compiled =
            pipeline::compile(pipeline::read(sources, Problems::default()), &Attachments::default(), &Lock::default());
        assert_eq!(compiled.problems.errors(), 0, "{:#?}", compiled.problems.sorted());
        let share = made.by_hand * 100 / made.bytes();
        assert!((24..28).contains(&share), "{share} % are written by hand");
    }
}
