//! Registries on loopback: Debian's `docker-registry`, with and without a password, and one that never answers.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use wlagent::podman::raw::{Call, encoded};
use wlc_plan::digest::Digest;

use crate::{
    real::{RealMachine, skip},
    requests::BUSYBOX,
};

/// The name and password that the registry with a password takes, and their line in its file: bcrypt of `right`.
pub(crate) const PAIR: &str = "puller:right";
const PASSWORD_LINE: &str = "puller:$2y$05$abcdefghijklmnopqrstuu8xaCxxL82bnl.UY74PMksDxIJShppPC\n";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Two registries over the same images: one for all, one with a password.
pub(crate) struct Registries {
    pub(crate) open: Registry,
    pub(crate) private: Registry,
    _data: tempfile::TempDir,
}

/// A registry; it ends with the value.
pub(crate) struct Registry {
    address: SocketAddr,
    process: Child,
}

/// An answer: status, headers, body.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Registries {
    /// Starts both; none where this machine has no such program, which is said aloud.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("passwords"), PASSWORD_LINE).unwrap();
        let auth = format!("auth: {{ htpasswd: {{ realm: tests, path: {}/passwords }} }}\n", data.path().display());
        let open = Registry::start(&data, "open", "")
            .map_err(|error| skip(&format!("{test}: docker-registry cannot be run: {error}")))
            .ok()?;
        let private = Registry::start(&data, "private", &auth).unwrap();
        Some(Self { open, private, _data: data })
    }
}

impl Registry {
    fn start(data: &tempfile::TempDir, name: &str, auth: &str) -> std::io::Result<Self> {
        let address = free_address();
        let config = data.path().join(format!("{name}.yml"));
        let text = format!(
            "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\nstorage: {{ filesystem: {{ rootdirectory: \
             {}/images }} }}\n{auth}http: {{ addr: {address} }}\n",
            data.path().display()
        );
        fs::write(&config, text)?;
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let registry = Self { address, process };
        registry.wait();
        Ok(registry)
    }

    fn wait(&self) {
        for _ in 0..200 {
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("docker-registry does not listen on {}", self.address);
    }

    /// The full name of an image in it.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// `host:port`
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Pushes the image of busybox under a name.
    pub(crate) async fn push(&self, machine: &Arc<RealMachine>, name: &str) {
        let (from, to) = (encoded(BUSYBOX), encoded(&self.image(name)));
        let path = format!("/images/{from}/push?destination={to}&tlsVerify=false");
        machine.raw.send(Call::post("push", path, Duration::from_secs(60))).await.unwrap().done("push").unwrap();
    }

    /// Reads a manifest of a repository, and tells its digest.
    pub(crate) fn manifest(&self, repository: &str, tag: &str) -> (serde_json::Value, String) {
        let answer = self.ask("GET", &format!("/v2/{repository}/manifests/{tag}"), MANIFEST, b"");
        assert_eq!(answer.status, 200);
        let digest = format!("sha256:{}", Digest::of(&answer.body));
        (serde_json::from_slice(&answer.body).unwrap(), digest)
    }

    /// Gives a repository another image under a tag, made from that of `from`: the same but for its author.
    pub(crate) fn add_variant(&self, repository: &str, from: &str, tag: &str) {
        let manifest = self.changed(repository, from, |config| config.replacen('{', "{\"author\":\"another\",", 1));
        self.put_manifest(repository, tag, MANIFEST, &manifest);
    }

    /// The manifest of a tag with another configuration of the image.
    fn changed(&self, repository: &str, tag: &str, change: impl FnOnce(String) -> String) -> String {
        let (mut manifest, _) = self.manifest(repository, tag);
        let path = format!("/v2/{repository}/blobs/{}", manifest["config"]["digest"].as_str().unwrap());
        let config = change(String::from_utf8(self.ask("GET", &path, "", b"").body).unwrap());
        manifest["config"]["size"] = config.len().into();
        manifest["config"]["digest"] = self.upload(repository, config.as_bytes()).into();
        manifest.to_string()
    }

    /// Gives a repository the same image for another architecture, under two tags: `other` is the image itself, `others` a
    /// list with nothing but it.
    pub(crate) fn add_architecture(&self, repository: &str, tag: &str, architecture: &str) {
        let manifest =
            self.changed(repository, tag, |config| config.replace("\"amd64\"", &format!("\"{architecture}\"")));
        self.put_manifest(repository, "other", MANIFEST, &manifest);
        let list = serde_json::json!({
            "schemaVersion": 2, "mediaType": INDEX,
            "manifests": [{
                "mediaType": MANIFEST, "size": manifest.len(), "digest": format!("sha256:{}", Digest::of(manifest.as_bytes())),
                "platform": { "architecture": architecture, "os": "linux" }
            }]
        });
        self.put_manifest(repository, "others", INDEX, &list.to_string());
    }

    fn put_manifest(&self, repository: &str, tag: &str, kind: &str, text: &str) {
        let answer = self.ask("PUT", &format!("/v2/{repository}/manifests/{tag}"), kind, text.as_bytes());
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn upload(&self, repository: &str, bytes: &[u8]) -> String {
        let begun = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
        let location = begun.headers.iter().find(|(name, _)| name == "location").unwrap().1.clone();
        let path = location.split_once(&self.host()).map_or(location.as_str(), |(_, path)| path);
        let digest = format!("sha256:{}", Digest::of(bytes));
        let join = if path.contains('?') { '&' } else { '?' };
        let done = self.ask("PUT", &format!("{path}{join}digest={digest}"), "application/octet-stream", bytes);
        assert_eq!(done.status, 201, "{}", String::from_utf8_lossy(&done.body));
        digest
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAccept: {kind}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.host(),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(stream)
    }
}

impl Answer {
    fn read(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let mut body = Vec::new();
        reader.read_to_end(&mut body).unwrap();
        Self { status, headers, body }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An address on which nothing listens.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// An address at which every connection is taken, and never answered.
pub(crate) fn silent_address() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    (listener.local_addr().unwrap(), listener)
}

/// A registry that gives this manifest for whatever it is asked, as long as the test runs.
pub(crate) fn liar(manifest: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {MANIFEST}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                manifest.len()
            );
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&manifest)));
        }
    });
    address
}
