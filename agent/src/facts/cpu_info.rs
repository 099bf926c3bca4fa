//! `/proc/cpuinfo`, whose shape differs on each architecture: x86 and Arm repeat a block for each processor, older Arm
//! kernels say the features once at the end, POWER puts them behind the model.

use std::collections::BTreeSet;

use super::arm;
use super::cpu_set::CpuSet;
use super::text;
use super::tree::Tree;

/// The most features that are believed, and the longest of them.
const FEATURES: usize = 1024;
const FEATURE_LENGTH: usize = 64;

/// What `/proc/cpuinfo` says.
#[derive(Debug, Default)]
pub(super) struct CpuInfo {
    /// The maker.
    pub(super) vendor: Option<String>,
    /// The model without the maker.
    pub(super) model: Option<String>,
    /// The features that every processor has.
    pub(super) features: Vec<String>,
    /// The numbers of the processors.
    pub(super) processors: CpuSet,
    /// The different pairs of package and core, where each processor has one.
    pub(super) cores: Option<u32>,
    architecture: Architecture,
}

/// The family of instruction sets, as far as the file tells.
#[derive(Debug, Default)]
enum Architecture {
    #[default]
    Unknown,
    /// x86 with or without the 64-bit mode.
    X86 { long_mode: bool },
    /// 64-bit Arm.
    Aarch64,
    /// 32-bit Arm with the kernel's name for it, such as `armv7l`.
    Arm(String),
    /// POWER of a generation.
    Power(u32),
}

impl CpuInfo {
    /// Reads the file below the root; without it nothing is known.
    pub(super) fn read(tree: &Tree) -> Self {
        tree.document("proc/cpuinfo").map(|document| Self::parse(&document)).unwrap_or_default()
    }

    /// Reads the text of the file.
    pub(super) fn parse(document: &str) -> Self {
        let power = text::value(document, "cpu").filter(|name| name.starts_with("POWER"));
        let implementer = text::value(document, "CPU implementer");
        let features = power.as_deref().map_or_else(|| common_features(document), power_features);
        let (vendor, model) = match (&power, &implementer) {
            (Some(name), _) => (None, power_model(name)),
            (None, Some(number)) => arm_names(document, number),
            (None, None) => {
                (text::value(document, "vendor_id"), text::value(document, "model name").and_then(|name| model(&name)))
            }
        };
        Self {
            vendor,
            model,
            processors: values(document, "processor").filter_map(|number| number.parse().ok()).collect(),
            cores: cores(document),
            architecture: architecture(document, power.as_deref(), implementer.is_some(), &features),
            features: features.into_iter().collect(),
        }
    }

    /// The name that `uname -m` would print, from the family and, for POWER, the order of bytes or the kernel's name.
    pub(super) fn arch(&self, byte_order: Option<&str>, kernel: Option<&str>) -> Option<String> {
        match &self.architecture {
            Architecture::Unknown => None,
            Architecture::X86 { long_mode: true } => Some("x86_64".to_owned()),
            Architecture::X86 { long_mode: false } => Some("i686".to_owned()),
            Architecture::Aarch64 => Some("aarch64".to_owned()),
            Architecture::Arm(name) => Some(name.clone()),
            Architecture::Power(generation) => power_arch(*generation, byte_order, kernel).map(str::to_owned),
        }
    }
}

fn values<'a>(document: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    document
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(move |(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

fn architecture(document: &str, power: Option<&str>, arm: bool, features: &BTreeSet<String>) -> Architecture {
    if let Some(name) = power {
        let digits: String = name.chars().skip("POWER".len()).take_while(char::is_ascii_digit).collect();
        return digits.parse().map_or(Architecture::Unknown, Architecture::Power);
    }
    if arm {
        return arm_architecture(document, features);
    }
    if values(document, "flags").next().is_some() {
        return Architecture::X86 { long_mode: features.contains("lm") };
    }
    Architecture::Unknown
}

/// A 32-bit kernel names itself in brackets: `ARMv7 Processor rev 1 (v7l)`.
fn arm_architecture(document: &str, features: &BTreeSet<String>) -> Architecture {
    let name = text::value(document, "Processor").or_else(|| text::value(document, "model name")).unwrap_or_default();
    let bracketed = name.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let short = bracketed.filter(|short| short.starts_with('v') && short.chars().all(|c| c.is_ascii_alphanumeric()));
    let generation = text::value(document, "CPU architecture");
    match (short, generation.as_deref()) {
        (Some(short), _) if short != "v8l" || features.contains("thumb") => Architecture::Arm(format!("arm{short}")),
        (_, Some("8" | "9" | "AArch64")) if !features.contains("thumb") => Architecture::Aarch64,
        (_, _) => Architecture::Unknown,
    }
}

/// Linux runs with the low byte first from POWER8 on; before it the name is certain without more.
fn power_arch(generation: u32, byte_order: Option<&str>, kernel: Option<&str>) -> Option<&'static str> {
    let suffix = kernel.and_then(|release| release.rsplit('.').next());
    match (byte_order, suffix) {
        (Some("little"), _) | (None, Some("ppc64le")) => Some("ppc64le"),
        (Some("big"), _) | (None, Some("ppc64")) => Some("ppc64"),
        (_, _) => (generation < 8).then_some("ppc64"),
    }
}

fn arm_names(document: &str, implementer: &str) -> (Option<String>, Option<String>) {
    let Some(implementer) = arm::number(implementer) else { return (None, None) };
    let part = text::value(document, "CPU part").and_then(|part| arm::number(&part));
    let model = part.and_then(|part| arm::model(implementer, part));
    (arm::vendor(implementer).map(str::to_owned), model.map(str::to_owned))
}

/// The features that stand in each block that has any.
fn common_features(document: &str) -> BTreeSet<String> {
    let lines = ["flags", "Features", "features"].into_iter().flat_map(|key| values(document, key));
    let mut common: Option<BTreeSet<&str>> = None;
    for line in lines {
        let here: BTreeSet<&str> =
            line.split_ascii_whitespace().filter(|word| is_feature(word)).take(FEATURES).collect();
        common = Some(match common {
            None => here,
            Some(before) => before.intersection(&here).copied().collect(),
        });
    }
    common.unwrap_or_default().into_iter().map(str::to_owned).collect()
}

fn is_feature(word: &str) -> bool {
    word.len() <= FEATURE_LENGTH && word.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `POWER9, altivec supported` has the feature `altivec`.
fn power_features(name: &str) -> BTreeSet<String> {
    let named = name.split(',').skip(1).filter_map(|part| part.trim().strip_suffix(" supported"));
    named.filter(|word| is_feature(word)).map(str::to_owned).collect()
}

/// `POWER7 (architected), altivec supported` is the model `POWER7`.
fn power_model(name: &str) -> Option<String> {
    text::clean(name.split([',', '(']).next().unwrap_or_default())
}

/// The model without marks, clock, count of cores and the maker, which has its own place.
fn model(name: &str) -> Option<String> {
    let name = ["(R)", "(r)", "(TM)", "(tm)"].iter().fold(name.to_owned(), |name, mark| name.replace(mark, " "));
    let name = name.split('@').next().unwrap_or_default();
    let words: Vec<&str> = name.split_whitespace().filter(|word| *word != "CPU").collect();
    let words = words.strip_suffix(&["Processor"]).unwrap_or(&words);
    let words = match words.split_last() {
        Some((last, rest)) if last.ends_with("-Core") => rest,
        Some(_) | None => words,
    };
    let words = words.strip_prefix(&["AMD"]).or_else(|| words.strip_prefix(&["Intel"])).unwrap_or(words);
    text::clean(&words.join(" "))
}

/// The different pairs of package and core; absent unless each processor has one.
fn cores(document: &str) -> Option<u32> {
    let packages: Vec<&str> = values(document, "physical id").collect();
    let numbers: Vec<&str> = values(document, "core id").collect();
    let processors = values(document, "processor").count();
    if processors == 0 || packages.len() != processors || numbers.len() != processors {
        return None;
    }
    let pairs: BTreeSet<(&str, &str)> = packages.into_iter().zip(numbers).collect();
    u32::try_from(pairs.len()).ok()
}
