//! The trust file line by line, and k of n.

use ssh_key::{PrivateKey, private::Ed25519Keypair};

use super::*;
use crate::signature::{SecretKey, sign};

fn key(seed: u8) -> SecretKey {
    SecretKey::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))).unwrap()
}

fn name(text: &str) -> SignerName {
    SignerName::parse(text).unwrap()
}

fn line(signer: &str, options: &str, seed: u8) -> String {
    format!("{signer} {options} {}\n", key(seed).public())
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn need(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn signed(by: &[(&str, u8)], bytes: &[u8]) -> BTreeMap<SignerName, Vec<u8>> {
    by.iter().map(|(signer, seed)| (name(signer), sign(&key(*seed), bytes).into_bytes())).collect()
}

const NOW: &str = "2026-11-23T03:00:00Z";

#[test]
fn a_file_with_everything_is_read() {
    let text = [
        "# who may sign\n\n".to_owned(),
        line("ci", "namespaces=\"wlc-plan\"", 1),
        line("ci", "valid-after=\"20260101\",valid-before=\"202612010000Z\",NAMESPACES=\"git,wlc-plan\"", 2),
        line("\"ops\"", "", 3),
        line("other", "namespaces=\"git\"", 4),
    ];
    let trust = Trust::parse(&text.concat()).unwrap();
    let signers: Vec<_> = trust.keys().iter().map(|key| key.signer.as_str()).collect();
    assert_eq!(signers, ["ci", "ci", "ops"]);
    assert_eq!(trust.keys()[1].valid_after, Some(time("2026-01-01T00:00:00Z")));
    assert_eq!(trust.keys()[1].valid_before, Some(time("2026-12-01T00:00:00Z")));
}

#[test]
fn what_is_not_read_is_refused_by_line() {
    let good = line("ci", "", 1);
    let cases = [
        (line("*", "", 2), "pattern"),
        (line("!ops", "", 2), "pattern"),
        (line("ops", "namespaces=\"wlc-*\"", 2), "pattern"),
        (line("ops@example.org", "", 2), "signer name"),
        (line("ops", "cert-authority", 2), "`cert-authority` is not supported"),
        (line("ops", "cert-authority,namespaces=\"wlc-plan\"", 2), "`cert-authority` is not supported"),
        (line("ops", "no-touch-required", 2), "is not known"),
        (line("ops", "valid-after=20260101", 2), "must stand in quotes"),
        (line("ops", "valid-after=\"2026\"", 2), "no time of the form"),
        (line("ops", "valid-after=\"20260230\"", 2), "no time of the form"),
        (line("ops", "valid-after=\"20260101\",valid-after=\"20260102\"", 2), "there twice"),
        (line("ops", "namespaces=\"wlc-plan", 2), "a quote is opened"),
        (line("ops", "", 1), "one key is one signer"),
        ("ops\n".to_owned(), "it has not the form"),
        ("ops ssh-ed25519\n".to_owned(), "it has not the form"),
        ("ops ssh-ed25519 AAAA\n".to_owned(), "no key in OpenSSH's form"),
    ];
    for (bad, says) in cases {
        let error = Trust::parse(&format!("{good}{bad}")).unwrap_err();
        assert_eq!(error.line, 2, "{bad}");
        assert!(error.to_string().contains(says), "{bad}: {error}");
    }
    let nobody = TrustError { line: 0, problem: TrustProblem::Nobody };
    assert_eq!(Trust::parse("# nobody\n"), Err(nobody));
}

#[test]
fn k_of_n_different_signers_are_needed() {
    let trust = Trust::parse(&[line("a", "", 1), line("b", "", 2), line("c", "", 3)].concat()).unwrap();
    let verify =
        |by: &[(&str, u8)], count| trust.verify_threshold(b"head", &signed(by, b"head"), need(count), time(NOW));
    assert_eq!(verify(&[("a", 1), ("c", 3)], 2), Ok(vec![name("a"), name("c")]));
    assert_eq!(verify(&[("a", 1)], 2), Err(NotSigned::TooFew { have: 1, need: need(2) }));
    assert_eq!(verify(&[("a", 1), ("x", 2), ("y", 9)], 2), Err(NotSigned::TooFew { have: 1, need: need(2) }));
    let other_key = BadSignature::Signature(SignatureError::OtherKey);
    let refused = Err(NotSigned::Bad { signer: name("b"), problem: other_key });
    assert_eq!(verify(&[("a", 1), ("b", 1), ("c", 3)], 2), refused);
}

#[test]
fn a_bad_signature_of_a_known_signer_refuses_though_enough_others_hold() {
    let trust = Trust::parse(&[line("a", "", 1), line("b", "", 2)].concat()).unwrap();
    let mut signatures = signed(&[("a", 1)], b"head");
    signatures.insert(name("x"), b"anything".to_vec());
    assert!(trust.verify_threshold(b"head", &signatures, need(1), time(NOW)).is_ok());
    signatures.extend(signed(&[("b", 2)], b"another head"));
    let refusal = trust.verify_threshold(b"head", &signatures, need(1), time(NOW)).unwrap_err();
    assert_eq!(refusal.to_string(), "the signature of `b` is refused: it does not hold for these bytes");
}

/// Rotation: both keys of a signer count, each at its time, and both together are one signer.
#[test]
fn keys_count_at_their_time() {
    let old = line("ci", "valid-before=\"20261123\"", 1);
    let new = line("ci", "valid-after=\"20261123\"", 2);
    let trust = Trust::parse(&[old, new].concat()).unwrap();
    let verify =
        |seed, at| trust.verify_threshold(b"head", &signed(&[("ci", seed)], b"head"), need(1), time(at)).is_ok();
    assert!(verify(1, "2026-11-22T23:59:59Z") && !verify(1, "2026-11-23T00:00:01Z"));
    assert!(verify(2, "2026-11-23T00:00:00Z") && !verify(2, "2026-11-22T23:59:59Z"));
}
