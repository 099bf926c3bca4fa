//! The application under load: it listens two seconds after its start, an answer takes it about a second, and
//! when it is asked to end it takes no new connection and answers those that it has.

/// How a new revision comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One more first, then one less: none may be missing.
    MakeFirst,
    /// One less first: one may be missing.
    StopFirst,
}

/// Whether the application says when it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// By a probe.
    Probed,
    /// It does not: a pod counts as ready as soon as it runs.
    Ignored,
}

/// The application as a workload of `replicas`, whose page begins with `word`.
pub fn application(word: &str, replicas: usize, pace: Pace, readiness: Readiness) -> String {
    let page = format!("{word} {}", "x".repeat(2_400 - word.len() - 1));
    let update = match pace {
        Pace::MakeFirst => "max-surge 1; max-unavailable 0",
        Pace::StopFirst => "max-surge 0; max-unavailable 1",
    };
    let probe = match readiness {
        Readiness::Probed => "readiness \"http\" \"/ready\" port=\"http\" period=\"500ms\" timeout=\"400ms\"",
        Readiness::Ignored => "",
    };
    format!(
        r#"
config "site" {{ file "index.html" text="{page}" }}
config "server" {{
    file "nginx.conf" text="""
user www-data;
daemon off;
worker_processes 1;
error_log /dev/stderr;
pid /run/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    server {{
        listen 8080 backlog=1024;
        location = /ready {{ return 200 ready; }}
        location / {{ root /www; limit_rate 2k; }}
    }}
}}
"""
}}
deployment "web" replicas={replicas} {{
    grace "10s"
    update "rolling" {{ {update} }}
    container "nginx" image="localhost/nginx:1" {{
        command "sh" "-c" "sleep 2; exec /usr/sbin/nginx -c /etc/server/nginx.conf"
        port "http" 8080
        {probe}
        pre-stop "sleep" "1s"
        stop-signal "QUIT"
        mount "/www" config="site"
        mount "/etc/server" config="server"
    }}
}}
"#
    )
}
