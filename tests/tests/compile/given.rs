//! What pods are given: files of several sources, secrets by name and version, variables, volumes.

use super::build::{Asked, case};
use wlc_plan::{
    name::{FileKey, SecretName},
    spec::{
        ConfigFiles, EnvValue, FileSource, FilesMount, InstanceField, MountSource, OnSwap, PathKind, PodSpec,
        Propagation, SecretFiles, VolumeSource,
    },
};

fn source<'a>(spec: &'a PodSpec, path: &str) -> &'a MountSource {
    let mut mounts = spec.containers[0].mounts.iter();
    &mounts.find(|mount| mount.path.as_str() == path).expect("it is mounted").source
}

fn files<'a>(spec: &'a PodSpec, path: &str) -> &'a FilesMount {
    let MountSource::Files(files) = source(spec, path) else { panic!("{:?}", source(spec, path)) };
    files
}

fn volume<'a>(spec: &'a PodSpec, path: &str) -> &'a VolumeSource {
    let MountSource::Volume(name) = source(spec, path) else { panic!("{:?}", source(spec, path)) };
    &spec.volumes[name]
}

#[test]
fn sources_lie_in_one_folder() {
    let spec = case("given")[0].spec("web");
    let conf = files(&spec, "/conf");
    assert_eq!(conf.mode, 0o440);
    let [FileSource::Config(ConfigFiles { content: Some(_), items, .. }), FileSource::Field(field)] = &conf.sources[..]
    else {
        panic!("{conf:?}")
    };
    assert_eq!((items[0].path.as_str(), items[0].mode), ("html/index.html", Some(0o400)));
    assert_eq!(field.field, InstanceField::Replica);
    let [FileSource::Config(all), FileSource::Secret(secret), FileSource::Text(cpu)] =
        &files(&spec, "/all").sources[..]
    else {
        panic!("{:?}", files(&spec, "/all"))
    };
    assert!(all.items.is_empty(), "all files of the config");
    assert_eq!((secret.items[0].path.as_str(), secret.items.len()), ("pw", 1));
    assert_eq!((cpu.path.as_str(), cpu.text.as_str()), ("cpu", "2"), "1.5 CPUs, rounded up");
}

/// C-383, C-412: a secret's version is its author's word for the bytes: it rolls what uses them, unless the mount says otherwise.
#[test]
fn a_version_rolls_unless_it_is_swapped() {
    let steps = case("given");
    assert_eq!(steps[1].numbers("web"), [1, 2], "the folder `/all` and the variables roll");
    let spec = steps[0].spec("web");
    let [FileSource::Secret(SecretFiles { version: None, items, .. })] = &files(&spec, "/run/secrets/db").sources[..]
    else {
        panic!("{:?}", files(&spec, "/run/secrets/db"))
    };
    assert_eq!(items.len(), 2, "all keys of the secret");
    assert_eq!(files(&spec, "/run/secrets/db").on_swap, OnSwap::Signal("HUP".to_owned()));
    let versions = |step: usize| {
        let sources = &steps[step].instance("web").sources;
        assert_eq!(sources.len(), 1, "{sources:?}");
        sources[0].secrets[&SecretName::parse("db").unwrap()].clone()
    };
    assert_eq!((versions(0).as_str(), versions(1).as_str()), ("1", "2"));
}

/// S-364, S-367, S-371: variables have their values or stay names, and nothing in a file stands for anything else.
#[test]
fn variables_come_from_every_source() {
    let spec = case("given")[0].spec("web");
    let value = |name: &str| {
        let mut env = spec.containers[0].env.iter();
        env.find(|variable| variable.name.as_str() == name).map(|variable| variable.value.clone())
    };
    let text = |text: &str| Some(EnvValue::Text(text.to_owned()));
    assert_eq!(value("SITE_index.html"), text("costs $$5\n"));
    assert_eq!(value("PAGE"), text("costs $$5\n"));
    assert_eq!(value("URL"), text("me:$(PASSWORD)@db"));
    assert_eq!(value("MEMORY"), text("64"));
    assert_eq!(value("NUMBER"), Some(EnvValue::Field(InstanceField::Index)));
    let Some(EnvValue::Secret(password)) = value("PASSWORD") else { panic!("{:?}", value("PASSWORD")) };
    assert_eq!((password.key, password.version.as_deref()), (FileKey::parse("password").unwrap(), Some("1")));
    assert!(matches!(value("user"), Some(EnvValue::Secret(_))), "of `env-from`");
}

/// C-241.
#[test]
fn volumes_have_their_places() {
    let spec = case("given")[0].spec("web");
    assert!(matches!(volume(&spec, "/shared"), VolumeSource::Named(name) if name.as_str() == "shared"));
    assert!(matches!(volume(&spec, "/tools"), VolumeSource::Image(_)));
    let VolumeSource::NodePath(old) = volume(&spec, "/srv/old") else { panic!("{:?}", volume(&spec, "/srv/old")) };
    assert_eq!(old.kind, PathKind::DirectoryOrCreate);
    let view = |path: &str| {
        let mut mounts = spec.containers[0].mounts.iter();
        mounts.find(|mount| mount.path.as_str() == path).expect("it is mounted").view.clone()
    };
    assert_eq!(view("/shared").sub_path.as_deref(), Some("web/data"));
    assert_eq!(view("/srv/old").propagation, Propagation::Slave);
    assert!(matches!(&files(&spec, "/etc/backends").sources[..], [FileSource::Endpoints(_)]));
    assert_eq!(spec.containers[0].security.groups, [2000], "the group of the volumes is one of the process");
}
