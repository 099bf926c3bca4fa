//! The environment of a container: every source as a text, a field or a key of a secret.

use std::collections::BTreeMap;

use wlc_plan::{
    name::{ContainerName, EnvName, FileKey, SecretName},
    quantity::{Bytes, Cpu},
    spec::{EnvValue, EnvVariable, InstanceField, SecretValue},
};

use super::{Contents, told};
use crate::model::{
    container::Container,
    env::{EnvFrom, FieldName, ResourceWord, Variable},
    pod::Pod,
};

/// The variables of a container: those made of whole configs and secrets first, of which the later one wins, then its own,
/// which win over them (S-371).
pub(super) fn variables(pod: &Pod, container: &Container, contents: &Contents) -> Vec<EnvVariable> {
    let own: Vec<EnvVariable> = container
        .env
        .iter()
        .flat_map(|env| &env.variables)
        .filter_map(|one| variable(pod, container, one, contents))
        .collect();
    let mut made: BTreeMap<EnvName, EnvValue> = BTreeMap::new();
    for from in &container.env_from {
        made.extend(all_of(from, contents));
    }
    made.retain(|name, _| own.iter().all(|variable| variable.name != *name));
    made.into_iter().map(|(name, value)| EnvVariable { name, value }).chain(own).collect()
}

fn variable(pod: &Pod, container: &Container, variable: &Variable, contents: &Contents) -> Option<EnvVariable> {
    let key = variable.key.as_ref().map(|key| &key.value);
    let of_text = variable.value.as_ref().map(|text| EnvValue::Text(text.value.clone()));
    let of_field = || variable.field.as_ref().map(|one| EnvValue::Field(field(pod, &one.value)));
    let of_config = || {
        let content = contents.get(&variable.config.as_ref()?.value)?;
        content.files.get(key?).map(|bytes| plain(&String::from_utf8_lossy(&bytes.0)))
    };
    let of_secret = || secret(&variable.secret.as_ref()?.value, key?, variable.optional.value, contents);
    let of_resource = || {
        let resource = variable.resource.as_ref()?.value;
        let unit = variable.unit.as_ref().map(|unit| unit.value.as_str());
        let name = variable.container.as_ref().map_or(&container.name.value, |name| &name.value);
        Some(match amount(pod, name, (resource, unit)) {
            Amount::Known(text) => EnvValue::Text(text),
            Amount::OfNode(word) => EnvValue::Field(InstanceField::Told(word)),
        })
    };
    let of_parameter = || variable.parameter.as_ref().map(|name| EnvValue::Field(told::parameter(&name.value)));
    let value =
        of_text.or_else(of_parameter).or_else(of_field).or_else(of_config).or_else(of_secret).or_else(of_resource)?;
    Some(EnvVariable { name: variable.name.value.clone(), value })
}

/// A text in which nothing stands for anything else.
fn plain(text: &str) -> EnvValue {
    EnvValue::Text(text.replace('$', "$$"))
}

fn secret(secret: &SecretName, key: &FileKey, optional: bool, contents: &Contents) -> Option<EnvValue> {
    let known = contents.secret(secret)?;
    let (secret, key, version) = (secret.clone(), key.clone(), known.version.clone());
    Some(EnvValue::Secret(SecretValue { secret, key, version, optional }))
}

/// Files and keys whose names are no names of variables are passed over.
fn all_of(from: &EnvFrom, contents: &Contents) -> Vec<(EnvName, EnvValue)> {
    let prefix = from.prefix.as_ref().map_or("", |prefix| prefix.value.as_str());
    let name = |key: &FileKey| EnvName::parse(&format!("{prefix}{key}")).ok();
    let mut found = Vec::new();
    if let Some(content) = from.config.as_ref().and_then(|config| contents.get(&config.value)) {
        let files = content.files.iter();
        found.extend(files.filter_map(|(key, bytes)| Some((name(key)?, plain(&String::from_utf8_lossy(&bytes.0))))));
    }
    if let Some(from_secret) = &from.secret {
        let keys = contents.secret(&from_secret.value).into_iter().flat_map(|known| &known.keys);
        let value = |key: &FileKey| secret(&from_secret.value, key, from.optional.value, contents);
        found.extend(keys.filter_map(|key| Some((name(key)?, value(key)?))));
    }
    found
}

/// A field of the instance. In the node's network the address of a pod is the node's.
pub(super) fn field(pod: &Pod, field: &FieldName) -> InstanceField {
    match field {
        FieldName::Replica => InstanceField::Replica,
        FieldName::Workload => InstanceField::Workload,
        FieldName::Node => InstanceField::Node,
        FieldName::Fleet => InstanceField::Fleet,
        FieldName::Revision => InstanceField::Revision,
        FieldName::Index => InstanceField::Index,
        FieldName::Label(key) => InstanceField::Label(key.clone()),
        FieldName::NodeAddress => InstanceField::Told(told::NODE_ADDRESS.to_owned()),
        FieldName::NodeAddresses => InstanceField::Told(told::NODE_ADDRESSES.to_owned()),
        FieldName::Annotation(key) => InstanceField::Told(told::annotation(key)),
        FieldName::Address if pod.host_network.value => InstanceField::Told(told::NODE_ADDRESS.to_owned()),
        FieldName::Address => InstanceField::Address,
    }
}

/// A request or limit of a container.
pub(super) enum Amount {
    /// What the files say, in its unit.
    Known(String),
    /// What the node can give: a word of what the instance tells.
    OfNode(String),
}

/// A request or limit of a container in its unit, rounded up; without a limit the request, without either what the node can
/// give. Without a request and a limit, a request is 0.
pub(super) fn amount(pod: &Pod, container: &ContainerName, (word, unit): (ResourceWord, Option<&str>)) -> Amount {
    let Some(container) = pod.all().find(|one| one.name.value == *container) else {
        return Amount::Known("0".to_owned());
    };
    let (request, limit) = (container.request.as_ref(), container.limit.as_ref());
    let (first, second) = match word {
        ResourceWord::LimitCpu | ResourceWord::LimitMemory | ResourceWord::LimitStorage => (limit, request),
        ResourceWord::RequestCpu | ResourceWord::RequestMemory | ResourceWord::RequestStorage => (request, limit),
    };
    let both = [first, second].into_iter().flatten();
    let (amount, one) = match word {
        ResourceWord::LimitCpu | ResourceWord::RequestCpu => {
            let cpu = both.filter_map(|amounts| amounts.cpu.as_ref()).map(|cpu| cpu.value.0).next();
            (cpu, unit.and_then(|unit| Cpu::parse(unit).ok()).map_or(1_000, |unit| unit.0))
        }
        ResourceWord::LimitMemory | ResourceWord::RequestMemory => {
            (both.filter_map(|amounts| amounts.memory.as_ref()).map(|one| one.value.0).next(), bytes(unit))
        }
        ResourceWord::LimitStorage | ResourceWord::RequestStorage => {
            (both.filter_map(|amounts| amounts.storage.as_ref()).map(|one| one.value.0).next(), bytes(unit))
        }
    };
    match (amount, told::of_node(word, one.max(1))) {
        (None, Some(word)) => Amount::OfNode(word),
        (amount, _) => Amount::Known(amount.unwrap_or(0).div_ceil(one.max(1)).to_string()),
    }
}

/// `MiB` is `1MiB`.
fn bytes(unit: Option<&str>) -> u64 {
    let read = |unit: &str| Bytes::parse(unit).or_else(|_| Bytes::parse(&format!("1{unit}"))).ok();
    unit.and_then(read).map_or(1, |unit| unit.0)
}
