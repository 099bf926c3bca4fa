//! The promises of the book, each kept by the real compiler, the real agent and real Podman.

mod by_hand;
mod containers;
mod eject;
mod jobs;
mod lifecycle;
mod operator;
mod peers;
mod probes;
mod purge;
mod refusal;
mod removal;
mod replacement;
mod service;
mod settings;
mod up;

/// A deployment of busybox's web server with a port of the node.
pub fn web(replicas: u32, greeting: &str) -> String {
    format!(
        r#"
config "site" {{ file "index.html" text="{greeting}" }}
deployment "web" replicas={replicas} {{
    grace "2s"
    container "httpd" image="localhost/busybox:1" {{
        command "httpd" "-f" "-p" "8080" "-h" "/www"
        port "http" 8080 host="auto"
        readiness "http" "/" port="http" period="1s"
        mount "/www" config="site"
    }}
}}
"#
    )
}
