//! Our signatures and those of OpenSSH are the same thing, in both directions.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use wlc::publish::keygen::{KeygenError, make_key};
use wlc_plan::{
    head::Generation,
    set::SetFile,
    signature::{KeyError, PublicKey, SecretKey, SignatureError, sign, verify},
};

use crate::world::{World, name};

/// Whether `ssh-keygen` is there; says so aloud where it is not.
fn has_ssh_keygen() -> bool {
    let found = Command::new("ssh-keygen").arg("-?").stderr(Stdio::null()).stdout(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("SKIPPED: ssh-keygen is not installed (Debian: openssh-client)");
    }
    found
}

fn ssh_keygen(arguments: &[&str], stdin: &Path) -> Output {
    let input = fs::File::open(stdin).unwrap();
    Command::new("ssh-keygen").args(arguments).stdin(input).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_openssh_signs_we_verify() {
    if !has_ssh_keygen() {
        return;
    }
    let world = World::new(&["ci"]);
    let head = world.folder.path().join("head.json");
    fs::write(&head, "a head").unwrap();
    let key = &world.keys["ci"];
    for hash in ["sha512", "sha256"] {
        let option = format!("hashalg={hash}");
        let signed = ssh_keygen(&["-Y", "sign", "-f", text(&key.secret_file), "-n", "wlc-plan", "-O", &option], &head);
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        assert_eq!(verify(&signed.stdout, &key.public, b"a head"), Ok(()), "{hash}");
        assert_eq!(verify(&signed.stdout, &key.public, b"another"), Err(SignatureError::Bytes), "{hash}");
        if hash == "sha512" {
            assert_eq!(signed.stdout, sign(&world.secret("ci"), b"a head").into_bytes(), "byte for byte");
        }
    }
    let other = ssh_keygen(&["-Y", "sign", "-f", text(&key.secret_file), "-n", "file"], &head);
    let refused = Err(SignatureError::Namespace("file".to_owned()));
    assert_eq!(verify(&other.stdout, &key.public, b"a head"), refused);
}

#[test]
fn what_we_sign_openssh_verifies() {
    if !has_ssh_keygen() {
        return;
    }
    let world = World::new(&["ci", "ops"]);
    world.publish("one", &world.build()).unwrap();
    let generation = Generation::FIRST;
    let file = |file: SetFile| world.plans().join(file.to_string());
    let (head, signature) = (file(SetFile::Head(generation)), file(SetFile::Signature(generation, name("ci"))));
    let trust = world.folder.path().join("trust");
    let dated = world.keys["ci"]
        .trust_line
        .replace(" ssh-", ",valid-after=\"20260101Z\",valid-before=\"20991231235959Z\" ssh-");
    let comments = "# who may sign\n\n";
    fs::write(&trust, format!("{comments}{}{dated}\n", world.trust_text(&["ops"]))).unwrap();
    let parsed = wlc_plan::trust::Trust::parse(&fs::read_to_string(&trust).unwrap()).unwrap();
    assert_eq!(world.judge("n1", &parsed, 1, None).code(), "accepted");
    let verify = |signer: &str, namespace: &str, input: &Path| {
        let arguments = ["-Y", "verify", "-f", text(&trust), "-I", signer, "-n", namespace, "-s", text(&signature)];
        ssh_keygen(&arguments, input).status.success()
    };
    assert!(verify("ci", "wlc-plan", &head));
    assert!(!verify("ops", "wlc-plan", &head), "another signer");
    assert!(!verify("ci", "file", &head), "another namespace");
    assert!(!verify("ci", "wlc-plan", &trust), "another file");
}

#[test]
fn keys_of_openssh_are_read_or_refused_by_name() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let make = |kind: &str, phrase: &str| {
        let path = folder.path().join(format!("{kind}{}", phrase.len()));
        let arguments = ["-q", "-t", kind, "-N", phrase, "-C", "a comment", "-f", text(&path)];
        assert!(ssh_keygen(&arguments, Path::new("/dev/null")).status.success());
        (fs::read_to_string(&path).unwrap(), fs::read_to_string(path.with_extension("pub")).unwrap())
    };
    let (secret, public) = make("ed25519", "");
    assert_eq!(SecretKey::parse(&secret).unwrap().public(), PublicKey::parse(&public).unwrap());
    assert_eq!(SecretKey::parse(&make("ed25519", "a phrase").0).unwrap_err(), KeyError::Encrypted);
    let (secret, public) = make("ecdsa", "");
    assert!(SecretKey::parse(&secret).is_err() && PublicKey::parse(&public).is_err());
    let (secret, public) = make("rsa", "");
    assert!(SecretKey::parse(&secret).is_err());
    assert_eq!(PublicKey::parse(&public), Err(KeyError::Kind("ssh-rsa".to_owned())));
}

#[test]
fn our_keys_are_openssh_keys_and_never_overwritten() {
    let world = World::new(&["ci"]);
    let key = &world.keys["ci"];
    assert_eq!(fs::metadata(&key.secret_file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(key.fleet_line, format!("signer \"ci\" \"{}\"", key.public));
    let before = fs::read(&key.secret_file).unwrap();
    assert!(matches!(make_key(&key.secret_file, &name("ci")), Err(KeygenError::Exists(_))));
    assert_eq!(fs::read(&key.secret_file).unwrap(), before);
    let lonely = world.folder.path().join("lonely");
    fs::write(lonely.with_extension("pub"), "taken").unwrap();
    assert!(matches!(make_key(&lonely, &name("ci")), Err(KeygenError::Exists(_))));
    assert!(!lonely.exists());
    if !has_ssh_keygen() {
        return;
    }
    let shown = ssh_keygen(&["-y", "-f", text(&key.secret_file)], Path::new("/dev/null"));
    assert_eq!(PublicKey::parse(String::from_utf8(shown.stdout).unwrap().trim()).unwrap(), key.public);
    let print = ssh_keygen(&["-l", "-f", text(&key.public_file)], Path::new("/dev/null"));
    assert!(String::from_utf8(print.stdout).unwrap().contains(&key.public.fingerprint()));
}
