//! One spelling, one namespace, two kinds of key.

use ssh_key::private::Ed25519Keypair;

use super::*;

fn key(seed: u8) -> SecretKey {
    SecretKey::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))).unwrap()
}

#[test]
fn it_holds_for_its_key_and_bytes_only() {
    let signature = sign(&key(1), b"head");
    assert_eq!(signature, sign(&key(1), b"head"));
    assert_eq!(verify(signature.as_bytes(), &key(1).public(), b"head"), Ok(()));
    assert_eq!(verify(signature.as_bytes(), &key(1).public(), b"tail"), Err(SignatureError::Bytes));
    assert_eq!(verify(signature.as_bytes(), &key(2).public(), b"head"), Err(SignatureError::OtherKey));
}

/// Written by `ssh-keygen -Y sign`: lines of 70 characters, a newline at the end.
#[test]
fn it_has_the_form_of_ssh_keygen() {
    let signature = sign(&key(1), b"head");
    let lines: Vec<_> = signature.lines().collect();
    assert_eq!(lines[0], "-----BEGIN SSH SIGNATURE-----");
    assert!(lines[1..lines.len() - 2].iter().all(|line| line.len() == 70), "{signature}");
    assert!(signature.ends_with("\n-----END SSH SIGNATURE-----\n"));
}

#[test]
fn no_bit_can_be_flipped_unseen() {
    let signature = sign(&key(1), b"head");
    for at in 0..signature.len() * 8 {
        let mut flipped = signature.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(verify(&flipped, &key(1).public(), b"head").is_err(), "bit {at}");
    }
}

#[test]
fn other_spellings_are_refused() {
    let signature = sign(&key(1), b"head");
    let wider =
        signature.replacen('\n', "", 2).replacen("-----BEGIN SSH SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----\n", 1);
    for other in [
        signature.trim_end().to_owned(),
        format!("{signature}\n"),
        format!("\n{signature}"),
        signature.replace('\n', "\r\n"),
        wider,
        String::new(),
        "-----BEGIN SSH SIGNATURE-----\n".to_owned(),
    ] {
        assert!(Signature::parse(other.as_bytes()).is_err(), "{other}");
    }
    assert_eq!(Signature::parse(&[b'a'; 1 << 17]), Err(SignatureError::TooLarge));
}

#[test]
fn another_purpose_or_version_is_refused() {
    let other = key(1).0.sign("git", HashAlg::Sha512, b"head").unwrap();
    assert_eq!(Signature::parse(armour(&other).unwrap().as_bytes()), Err(SignatureError::Namespace("git".to_owned())));
    let old = key(1).0.sign(NAMESPACE, HashAlg::Sha256, b"head").unwrap();
    assert!(verify(armour(&old).unwrap().as_bytes(), &key(1).public(), b"head").is_ok());
}

#[test]
fn public_keys_have_one_spelling() {
    let text = key(1).public().to_string();
    assert_eq!(PublicKey::parse(&text).unwrap().to_string(), text);
    assert_eq!(PublicKey::parse(&format!("{text} a person")).unwrap().to_string(), text);
    for bad in ["", "ssh-ed25519", "ssh-ed25519 AAAA", &text.replace("ssh-ed25519", "ssh-rsa"), &format!("{text}=")] {
        assert!(PublicKey::parse(bad).is_err(), "{bad}");
    }
    let rsa_like = "ssh-dss AAAAB3NzaC1kc3MAAAAEAAAAAQAAAAQAAAABAAAABAAAAAEAAAAEAAAAAQ==";
    assert!(PublicKey::parse(rsa_like).is_err());
}
