//! The environment of a container: variables, each with one source.

use wlc_plan::name::{ConfigName, ContainerName, EnvName, FileKey, LabelKey, SecretName};

use crate::{
    fields::{FromScalar, Refusal, value},
    syntax::Scalar,
};

crate::block! {
    /// Environment variables, each as `NAME "value"`, or with one other source, such as `NAME field="replica"`.
    Env "env" ("env") {
        /// A variable.
        variables: [entries] Variable, "NAME" ("env[]");
    }

    /// A variable of the environment.
    Variable "NAME" ("env[]") {
        /// Its name.
        name: [word] EnvName, "NAME" ("name");
        /// The value itself; `$(NAME)` stands for a variable above, `$$` for `$`.
        value: [optional argument] String, "value" ("value");
        /// A field of the instance.
        field: [optional property] FieldName, "field" ("valueFrom.fieldRef");
        /// A config, of which a file is the value.
        config: [optional property] ConfigName, "config" ("valueFrom.configMapKeyRef");
        /// A secret, of which a key is the value. Podman writes it to the node's disk.
        secret: [optional property] SecretName, "secret" ("valueFrom.secretKeyRef");
        /// The file of the config or the key of the secret.
        key: [optional property] FileKey, "key" ("configMapKeyRef.key, secretKeyRef.key");
        /// Where config, secret or key are missing, the variable is left out.
        optional: [flag] bool, "optional" ("configMapKeyRef.optional, secretKeyRef.optional");
        /// A request or limit of a container.
        resource: [optional property] ResourceWord, "resource" ("valueFrom.resourceFieldRef");
        /// The container whose request or limit it is; without it, this one.
        container: [optional property] ContainerName, "container" ("resourceFieldRef.containerName");
        /// What the amount is counted in, rounded up; without it, CPUs or bytes.
        unit: [optional property] String, "unit" ("resourceFieldRef.divisor");
        /// A parameter of the job.
        parameter: [optional property] EnvName, "parameter" ("");
    }

    /// Variables made of all files of a config, or of all keys of a secret.
    EnvFrom "env-from" ("envFrom[]") {
        /// The config.
        config: [optional property] ConfigName, "config" ("configMapRef");
        /// The secret. Podman writes it to the node's disk.
        secret: [optional property] SecretName, "secret" ("secretRef");
        /// What stands before each name.
        prefix: [optional property] EnvName, "prefix" ("prefix");
        /// It need not exist.
        optional: [flag] bool, "optional" ("configMapRef.optional, secretRef.optional");
    }
}

crate::choice! {
    /// A request or limit that a container can be told.
    ResourceWord {
        LimitCpu "limit.cpu", LimitMemory "limit.memory", LimitStorage "limit.storage",
        RequestCpu "request.cpu", RequestMemory "request.memory", RequestStorage "request.storage",
    }
}

impl ResourceWord {
    /// Whether it counts CPUs; else it counts bytes.
    pub fn is_cpu(self) -> bool {
        match self {
            Self::LimitCpu | Self::RequestCpu => true,
            Self::LimitMemory | Self::LimitStorage | Self::RequestMemory | Self::RequestStorage => false,
        }
    }
}

/// What an instance can tell its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldName {
    /// The replica's name.
    Replica,
    /// The workload's name.
    Workload,
    /// The node's name.
    Node,
    /// The fleet's name.
    Fleet,
    /// The pod's address; in the node's network the node's.
    Address,
    /// The node's first address.
    NodeAddress,
    /// All addresses of the node.
    NodeAddresses,
    /// The number of the workload's revision.
    Revision,
    /// The replica's number.
    Index,
    /// The value of a label of the workload.
    Label(LabelKey),
    /// The value of an annotation of the workload.
    Annotation(LabelKey),
}

/// The fields that are one word.
const FIELDS: [(&str, FieldName); 9] = [
    ("replica", FieldName::Replica),
    ("workload", FieldName::Workload),
    ("node", FieldName::Node),
    ("fleet", FieldName::Fleet),
    ("address", FieldName::Address),
    ("node-address", FieldName::NodeAddress),
    ("node-addresses", FieldName::NodeAddresses),
    ("revision", FieldName::Revision),
    ("index", FieldName::Index),
];

/// Kubernetes' names of the fields, for those who write them out of habit.
const KUBERNETES: [(&str, &str); 6] = [
    ("metadata.name", "replica"),
    ("spec.nodeName", "node"),
    ("status.podIP", "address"),
    ("status.podIPs", "address"),
    ("status.hostIP", "node-address"),
    ("status.hostIPs", "node-addresses"),
];

impl FromScalar for FieldName {
    const LOOKS: &'static str = "one of `\"replica\"` `\"workload\"` `\"node\"` `\"fleet\"` `\"address\"` `\"node-address\"` \
        `\"node-addresses\"` `\"revision\"` `\"index\"` `\"labels.KEY\"` `\"annotations.KEY\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        if let Some((_, field)) = FIELDS.iter().find(|(word, _)| *word == text) {
            return Ok(field.clone());
        }
        if let Some(key) = text.strip_prefix("labels.") {
            return LabelKey::parse(key).map(Self::Label).map_err(Refusal::from);
        }
        if let Some(key) = text.strip_prefix("annotations.") {
            return LabelKey::parse(key).map(Self::Annotation).map_err(Refusal::from);
        }
        if let Some((_, here)) = KUBERNETES.iter().find(|(word, _)| *word == text) {
            return Err(Refusal::with(format!("`{text}` is Kubernetes' name"), format!("write `\"{here}\"`")));
        }
        let words = FIELDS.map(|(word, _)| word);
        Err(Refusal::choice(text, &words, &[]))
    }
}
