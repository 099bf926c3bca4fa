//! What the choice of a node leaned on, for the agent that looks again before it changes anything: the clauses about
//! hardware and kernel that hold there, each with the device of which they are true.

use wlc_plan::{
    name::NodeName,
    need::{Clause, Fact, FactNeed, Test},
};

use super::{capacity, facts, filter};
use crate::{
    model::{
        Repository,
        facts::Facts,
        place::{Any, Clauses, CpuRequirement, DiskRequirement, GpuRequirement, NicRequirement, Not},
        range::Range,
        workload::Workload,
    },
    span::Spanned,
};

/// What choosing a node for a daemon-set leaned on, sorted. Labels and taints are people's word, and not looked at again.
/// Other workloads run where they were placed, whatever else is there.
pub fn leaned_on(repository: &Repository, workload: &Workload, node: &NodeName) -> Vec<FactNeed> {
    match workload {
        Workload::DaemonSet(_) => {}
        Workload::Deployment(_) | Workload::StatefulSet(_) | Workload::Job(_) | Workload::CronJob(_) => {
            return Vec::new();
        }
    }
    let require = workload.common().place.as_ref().and_then(|place| place.require.as_ref());
    let (Some(require), Some(machine)) = (require, capacity::machine_of(repository, node)) else { return Vec::new() };
    let Some(facts) = machine.facts else { return Vec::new() };
    let mut found = term(&require.clauses, require.not.as_ref(), facts);
    // Of several terms the first that holds is the one that counts.
    let holding = require.any.iter().find(|one| filter::holds(one, &machine));
    found.extend(holding.into_iter().flat_map(|Any { clauses, not, .. }| term(clauses, not.as_ref(), facts)));
    found.sort();
    found.dedup();
    found
}

fn term(clauses: &Clauses, not: Option<&Not>, facts: &Facts) -> Vec<FactNeed> {
    let mut found = present(clauses, facts);
    found.extend(not.into_iter().flat_map(|not| absent(&not.clauses)));
    found
}

fn present(clauses: &Clauses, facts: &Facts) -> Vec<FactNeed> {
    let mut found = Vec::new();
    for line in &clauses.gpus {
        let gpu = facts.gpus.iter().find(|gpu| facts::is_gpu(line, gpu));
        found.push(need(Fact::Gpu, gpu.map(|gpu| gpu.address.value.to_string()), gpu_clauses(line)));
    }
    for line in &clauses.disks {
        let disk = facts.disks.iter().find(|disk| facts::is_disk(line, disk));
        found.push(need(Fact::Disk, disk.map(|disk| disk.name.value.to_string()), disk_clauses(line)));
    }
    for line in &clauses.nics {
        let nic = facts.nics.iter().find(|nic| facts::is_nic(line, nic));
        found.push(need(Fact::Nic, nic.map(|nic| nic.name.value.to_string()), nic_clauses(line)));
    }
    found.extend(clauses.cpus.iter().map(|line| need(Fact::Cpu, None, cpu_clauses(line))));
    found.extend(
        clauses.kernel.iter().map(|kernel| need(Fact::Kernel, None, vec![range("release", kernel, Test::Version)])),
    );
    found
}

fn absent(not: &Clauses) -> Vec<FactNeed> {
    let gpus = not.gpus.iter().map(|line| (Fact::Gpu, gpu_clauses(line)));
    let disks = not.disks.iter().map(|line| (Fact::Disk, disk_clauses(line)));
    let nics = not.nics.iter().map(|line| (Fact::Nic, nic_clauses(line)));
    let cpus = not.cpus.iter().map(|line| (Fact::Cpu, cpu_clauses(line)));
    let kernel = not.kernel.iter().map(|kernel| (Fact::Kernel, vec![range("release", kernel, Test::Version)]));
    let all = gpus.chain(disks).chain(nics).chain(cpus).chain(kernel);
    all.map(|(fact, clauses)| FactNeed { absent: true, ..need(fact, None, clauses) }).collect()
}

fn need(fact: Fact, device: Option<String>, clauses: Vec<Clause>) -> FactNeed {
    FactNeed { fact, device, clauses, absent: false }
}

fn gpu_clauses(line: &GpuRequirement) -> Vec<Clause> {
    let GpuRequirement { vendor, model, memory, driver, span: _, extent: _ } = line;
    let vendor = vendor.iter().map(|wanted| word("vendor", wanted));
    let model = model.iter().map(|wanted| part("model", wanted));
    let memory = memory.iter().map(|wanted| range("memory", wanted, Test::Bytes));
    let driver = driver.iter().map(|wanted| range("driver", wanted, Test::Version));
    vendor.chain(model).chain(memory).chain(driver).collect()
}

fn cpu_clauses(line: &CpuRequirement) -> Vec<Clause> {
    let CpuRequirement { arch, vendor, model, cores, threads, features, span: _, extent: _ } = line;
    let words = [("arch", arch), ("vendor", vendor)];
    let words = words.into_iter().filter_map(|(name, wanted)| wanted.as_ref().map(|wanted| word(name, wanted)));
    let model = model.iter().map(|wanted| part("model", wanted));
    let counts = [("cores", cores), ("threads", threads)];
    let counts = counts.into_iter().filter_map(|(name, wanted)| Some(range(name, wanted.as_ref()?, Test::Number)));
    let features =
        features.iter().flat_map(|list| &list.value).map(|wanted| clause("features", Test::Has(wanted.value.clone())));
    words.chain(model).chain(counts).chain(features).collect()
}

fn disk_clauses(line: &DiskRequirement) -> Vec<Clause> {
    let DiskRequirement { kind, size, encrypted, span: _, extent: _ } = line;
    let kind = kind.iter().map(|wanted| word("kind", wanted));
    let size = size.iter().map(|wanted| range("size", wanted, Test::Bytes));
    kind.chain(size).chain(encrypted.value.then(|| clause("encrypted", Test::Flag))).collect()
}

fn nic_clauses(line: &NicRequirement) -> Vec<Clause> {
    let NicRequirement { speed, driver, span: _, extent: _ } = line;
    let speed = speed.iter().map(|wanted| range("speed", wanted, Test::Speed));
    speed.chain(driver.iter().map(|wanted| word("driver", wanted))).collect()
}

fn clause(property: &str, test: Test) -> Clause {
    Clause { property: property.to_owned(), test }
}

fn word(property: &str, wanted: &Spanned<String>) -> Clause {
    clause(property, Test::Word(wanted.value.clone()))
}

fn part(property: &str, wanted: &Spanned<String>) -> Clause {
    clause(property, Test::Part(wanted.value.clone()))
}

fn range<T>(property: &str, wanted: &Spanned<Range<T>>, test: fn(String) -> Test) -> Clause {
    clause(property, test(wanted.value.written.clone()))
}
