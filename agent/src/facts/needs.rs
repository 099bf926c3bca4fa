//! Whether a machine is what the choice of its node leaned on, and if it is not, which lines of its facts are to be changed:
//! pure.

use wlc_plan::need::{Clause, Fact, FactNeed};

use super::{Disk, Encryption, Gpu, Machine, Nic, line::Line, render};

/// What a machine does not have, or has and should not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What was asked for, in the words of the language.
    pub what: String,
    /// What is there instead, and the lines to be changed in its facts.
    pub why: String,
}

/// One device, or the processors, or the kernel.
struct Thing<'a> {
    /// What the facts call it; empty where there is only one.
    name: String,
    /// Its line in the facts.
    line: Option<String>,
    /// A property, as the facts write it.
    value: Box<Value<'a>>,
}

/// The value of a property.
type Value<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The first need that the machine does not meet.
pub fn unmet(needs: &[FactNeed], machine: &Machine) -> Option<Unmet> {
    needs.iter().find_map(|need| {
        let things = things(need.fact, machine);
        let found = things.iter().find(|thing| need.clauses.iter().all(|clause| thing.passes(clause)));
        match (found, need.absent) {
            (Some(_), false) | (None, true) => None,
            (None, false) => Some(Unmet { what: need.to_string(), why: changed(need, &things) }),
            (Some(thing), true) => {
                let line = thing.line.clone().unwrap_or_default();
                let why = format!("it has one, and must not; its facts lack the line\n+ {line}");
                Some(Unmet { what: format!("place without {need}"), why })
            }
        }
    })
}

impl Thing<'_> {
    fn passes(&self, clause: &Clause) -> bool {
        (self.value)(&clause.property).is_some_and(|value| clause.test.passes(&value))
    }
}

/// What became of the thing that the facts had.
fn changed(need: &FactNeed, things: &[Thing<'_>]) -> String {
    let word = need.fact.word();
    let device = need.device.as_deref().unwrap_or_default();
    let head = if device.is_empty() { word.to_owned() } else { format!("{word} \"{device}\"") };
    match things.iter().find(|thing| thing.name == device).map(|thing| &thing.line) {
        Some(Some(line)) => format!("its `{head}` is not what its facts say; change them:\n- {head} …\n+ {line}"),
        Some(None) => format!("nothing is known of its `{word}` any more; change its facts:\n- {word} …"),
        None => format!("the `{head}` of its facts is not there; change them:\n- {head} …"),
    }
}

fn things(fact: Fact, machine: &Machine) -> Vec<Thing<'_>> {
    match fact {
        Fact::Gpu => machine.gpus.iter().map(gpu).collect(),
        Fact::Disk => machine.disks.iter().map(disk).collect(),
        Fact::Nic => machine.nics.iter().map(nic).collect(),
        Fact::Cpu => vec![cpu(machine)],
        Fact::Kernel => vec![kernel(machine)],
    }
}

fn gpu(gpu: &Gpu) -> Thing<'_> {
    let value = |property: &str| match property {
        "vendor" => Some(gpu.vendor.as_str().to_owned()),
        "model" => gpu.model.clone(),
        "memory" => gpu.memory.map(|memory| memory.to_string()),
        "driver" => gpu.driver.clone(),
        _ => None,
    };
    Thing { name: gpu.address.to_string(), line: render::gpu(gpu), value: Box::new(value) }
}

fn disk(disk: &Disk) -> Thing<'_> {
    let value = |property: &str| match property {
        "kind" => disk.kind.map(|kind| kind.as_str().to_owned()),
        "size" => Some(disk.size.to_string()),
        "encrypted" => (disk.encryption == Encryption::DmCrypt).then(|| "dm-crypt".to_owned()),
        _ => None,
    };
    Thing { name: disk.name.clone(), line: render::disk(disk), value: Box::new(value) }
}

fn nic(nic: &Nic) -> Thing<'_> {
    let value = |property: &str| match property {
        "speed" => nic.speed.map(|speed| speed.to_string()),
        "driver" => nic.driver.clone(),
        _ => None,
    };
    Thing { name: nic.name.clone(), line: render::nic(nic), value: Box::new(value) }
}

fn cpu(machine: &Machine) -> Thing<'_> {
    let cpu = &machine.cpu;
    let value = |property: &str| match property {
        "arch" => cpu.arch.clone(),
        "vendor" => cpu.vendor.clone(),
        "model" => cpu.model.clone(),
        "cores" => cpu.cores.map(|count| count.to_string()),
        "threads" => cpu.threads.map(|count| count.to_string()),
        "features" => Some(cpu.features.join(" ")),
        _ => None,
    };
    Thing { name: String::new(), line: render::cpu(cpu), value: Box::new(value) }
}

fn kernel(machine: &Machine) -> Thing<'_> {
    let value = |property: &str| machine.kernel.clone().filter(|_| property == "release");
    let line = machine.kernel.as_deref().and_then(|release| Line::new("kernel").argument(release).finish());
    Thing { name: String::new(), line, value: Box::new(value) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wlc_plan::{need::Test, quantity::Bytes};

    use super::*;
    use crate::facts::{GpuVendor, PciAddress};

    fn machine() -> Machine {
        let mut machine = crate::facts::read(Path::new("/")).unwrap();
        machine.kernel = Some("6.12.9-amd64".to_owned());
        machine.gpus = vec![Gpu {
            address: PciAddress::parse("0000:17:00.0").unwrap(),
            id: None,
            vendor: GpuVendor::Nvidia,
            model: Some("H200".to_owned()),
            memory: Some(Bytes(141 << 30)),
            numa: None,
            uuid: None,
            driver: Some("550.90".to_owned()),
            mig: None,
        }];
        machine
    }

    fn need(clauses: &[(&str, Test)]) -> FactNeed {
        let clause = |(property, test): &(&str, Test)| Clause { property: (*property).to_owned(), test: test.clone() };
        FactNeed {
            fact: Fact::Gpu,
            device: Some("0000:17:00.0".to_owned()),
            clauses: clauses.iter().map(clause).collect(),
            absent: false,
        }
    }

    fn gpu_need(driver: &str) -> FactNeed {
        need(&[
            ("vendor", Test::Word("NVIDIA".to_owned())),
            ("memory", Test::Bytes(">=40GiB".to_owned())),
            ("driver", Test::Version(driver.to_owned())),
        ])
    }

    #[test]
    fn a_machine_that_is_as_its_facts_say_meets_every_need() {
        let kernel = Clause { property: "release".to_owned(), test: Test::Version(">=6.1".to_owned()) };
        let kernel = FactNeed { fact: Fact::Kernel, device: None, clauses: vec![kernel], absent: false };
        let none = FactNeed { absent: true, ..need(&[("vendor", Test::Word("amd".to_owned()))]) };
        assert_eq!(unmet(&[gpu_need(">=550 <560"), kernel, none], &machine()), None);
    }

    #[test]
    fn what_is_gone_or_different_is_told_with_the_lines_to_change() {
        let other = unmet(&[gpu_need(">=560")], &machine()).unwrap();
        assert_eq!(other.what, "gpu vendor=\"NVIDIA\" memory=\">=40GiB\" driver=\">=560\"");
        assert!(
            other.why.ends_with(
                "change them:\n- gpu \"0000:17:00.0\" …\n+ gpu \"0000:17:00.0\" vendor=\"nvidia\" model=\"H200\" \
                 memory=\"141GiB\" driver=\"550.90\""
            ),
            "{}",
            other.why
        );
        let gone = unmet(&[gpu_need(">=550")], &Machine { gpus: Vec::new(), ..machine() }).unwrap();
        assert!(gone.why.ends_with("is not there; change them:\n- gpu \"0000:17:00.0\" …"), "{}", gone.why);
        let there = FactNeed { absent: true, ..gpu_need(">=550") };
        assert!(unmet(&[there], &machine()).unwrap().why.contains("\n+ gpu \"0000:17:00.0\""));
    }

    /// The driver was renewed, and is still in the range: nothing is in the way.
    #[test]
    fn another_value_that_still_fits_is_fine_and_so_is_another_such_device() {
        let mut moved = machine();
        moved.gpus[0].driver = Some("555.1".to_owned());
        moved.gpus[0].address = PciAddress::parse("0000:65:00.0").unwrap();
        assert_eq!(unmet(&[gpu_need(">=550 <560")], &moved), None);
    }
}
