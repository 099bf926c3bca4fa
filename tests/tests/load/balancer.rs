//! The balancers: each reads the endpoints file of the application, and tries nothing a second time.

/// A balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balancer {
    /// nginx, which reads its configuration anew at SIGHUP.
    Nginx,
    /// HAProxy, whose master process reads its configuration anew at SIGHUP. SIGUSR2 does the same, but one that comes while it reads is lost.
    HaProxy,
}

impl Balancer {
    /// It as a workload with a port of the node.
    pub fn workload(self) -> &'static str {
        match self {
            Self::Nginx => NGINX,
            Self::HaProxy => HAPROXY,
        }
    }
}

const NGINX: &str = r#"
config "balancer" {
    file "nginx.conf" text="""
user www-data;
daemon off;
worker_processes 1;
error_log /dev/stderr;
pid /run/nginx.pid;
events { worker_connections 4096; }
http {
    access_log off;
    upstream web { include /etc/backends/http.nginx; }
    server {
        listen 80 backlog=1024;
        location / {
            proxy_pass http://web;
            proxy_next_upstream off;
            proxy_connect_timeout 5s;
        }
    }
}
"""
}
deployment "balancer" {
    container "nginx" image="localhost/nginx:1" {
        command "/usr/sbin/nginx" "-c" "/etc/balancer/nginx.conf"
        port "http" 80 host="auto"
        stop-signal "QUIT"
        mount "/etc/balancer" config="balancer"
        mount "/etc/backends" endpoints="web" on-change="signal" signal="HUP"
    }
}
"#;

const HAPROXY: &str = r#"
config "balancer" {
    file "haproxy.cfg" text="""
global
    maxconn 4000
    log stderr local0 warning
    stats socket /run/haproxy.sock expose-fd listeners
defaults
    mode http
    log global
    retries 0
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    balance roundrobin
frontend all
    bind :80 backlog 1024
    default_backend web-http

"""
}
deployment "balancer" {
    container "haproxy" image="localhost/haproxy:1" {
        command "/usr/sbin/haproxy" "-W" "-f" "/etc/balancer/haproxy.cfg" "-f" "/etc/backends/http.haproxy"
        port "http" 80 host="auto"
        stop-signal "USR1"
        mount "/etc/balancer" config="balancer"
        mount "/etc/backends" endpoints="web" on-change="signal" signal="HUP"
    }
}
"#;
