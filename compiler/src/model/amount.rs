//! What a container asks for and may use at most.

use wlc_plan::{
    name::LabelKey,
    quantity::{Bytes, Cpu},
};

use super::range::{Range, Version};
use crate::{
    fields::{FromScalar, Refusal, value, value::Whole},
    syntax::Scalar,
};

crate::block! {
    /// CPU, memory and devices of a container.
    Amounts "request" ("resources.requests") {
        /// CPUs.
        cpu: [optional property] Cpu, "cpu" ("cpu");
        /// Memory.
        memory: [optional property] Bytes, "memory" ("memory");
        /// Room on the node's disk, for its own files and its logs.
        storage: [optional property] Bytes, "storage" ("ephemeral-storage"), not carried out;
        /// GPUs, of each of which all of this is true.
        gpus: [children] GpuAmount, "gpu" ("nvidia.com/gpu, amd.com/gpu"), not carried out;
        /// Devices of a kind that the node's facts count.
        devices: [children] DeviceAmount, "device" ("extended resources"), not carried out;
        /// Huge pages of one size.
        huge_pages: [children] HugePages, "huge-pages" ("hugepages-2Mi, hugepages-1Gi"), not carried out;
        /// Its CPUs are cores of its own.
        pinned: [flag] bool, "pinned" ("cpuManagerPolicy: static"), not carried out;
    }

    /// A number of GPUs, of each of which all of this is true.
    GpuAmount "gpu" ("nvidia.com/gpu") {
        /// How many.
        count: [required argument] Whole<1, 64>, "count" ("");
        /// Their memory.
        memory: [optional property] Range<Bytes>, "memory" ("");
        /// Their vendor.
        vendor: [optional property] String, "vendor" ("");
        /// Their model, as the driver names it.
        model: [optional property] String, "model" ("");
        /// The version of their driver.
        driver: [optional property] Range<Version>, "driver" ("");
        /// A part of one GPU, which others share.
        share: [optional property] Cpu, "share" ("");
    }

    /// A number of devices of one kind.
    DeviceAmount "device" ("extended resources") {
        /// The kind, as the node's facts name it.
        kind: [required argument] DeviceKind, "kind" ("");
        /// How many.
        count: [required argument] Whole<1, 10_000>, "count" ("");
    }

    /// Huge pages of one size.
    HugePages "huge-pages" ("hugepages-2Mi") {
        /// The size of a page.
        page: [required argument] Bytes, "page" ("");
        /// How much in all.
        amount: [required argument] Bytes, "amount" ("");
    }
}

/// A kind of device, `vendor/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceKind(pub String);

impl FromScalar for DeviceKind {
    const LOOKS: &'static str = "a kind of device, such as `\"vendor.example/fpga\"`";

    fn from_scalar(scalar: &Scalar) -> Result<Self, Refusal> {
        let text = value::text(scalar)?;
        let Some((vendor, _)) = text.split_once('/').filter(|_| LabelKey::parse(text).is_ok()) else {
            let message = format!("`{text}` is no kind of device");
            return Err(Refusal::with(message, "write the vendor before it: `\"vendor.example/fpga\"`"));
        };
        if vendor == "kubernetes.io" || vendor.ends_with(".kubernetes.io") {
            return Err(Refusal::new(format!("`{text}` is no device: `kubernetes.io` is Kubernetes' own")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for DeviceKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
