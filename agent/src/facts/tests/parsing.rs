//! The small readers: sets of processors, addresses, `/proc/cpuinfo` of each architecture.

use super::super::cpu_info::CpuInfo;
use super::super::{CpuSet, PciAddress};

#[test]
fn lists_and_masks_of_processors_say_the_same() {
    for (list, mask, printed) in [
        ("0-3,8", "10f", "0-3,8"),
        ("0-15,88-103\n", "000000ff,ff000000,00000000,0000ffff", "0-15,88-103"),
        ("", "00000000,00000000", ""),
        ("1,0,2", "7", "0-2"),
    ] {
        let set = CpuSet::parse_list(list).unwrap();
        assert_eq!(set, CpuSet::parse_mask(mask).unwrap(), "{list}");
        assert_eq!(set.to_string(), printed);
    }
    for bad in ["3-1", "x", "0-65536", "1-", "-", "0:2"] {
        assert_eq!(CpuSet::parse_list(bad), None, "{bad}");
    }
    for bad in ["", "g", "100000000", ",", &"0,".repeat(5_000)] {
        assert_eq!(CpuSet::parse_mask(bad), None, "{bad}");
    }
}

#[test]
fn addresses_are_normalised() {
    for (text, printed) in
        [("0000:17:00.0", "0000:17:00.0"), ("00000000:17:00.0", "0000:17:00.0"), ("00010000:B1:1F.7", "10000:b1:1f.7")]
    {
        assert_eq!(PciAddress::parse(text).unwrap().to_string(), printed);
    }
    for bad in
        ["17:00.0", "0000:17:00", "0000:17:20.0", "0000:17:00.8", "0000:+7:00.0", "0000:17:00.0:1", "000000000:17:00.0"]
    {
        assert_eq!(PciAddress::parse(bad), None, "{bad}");
    }
}

#[test]
fn models_lose_their_decoration() {
    for (name, model) in [
        ("AMD EPYC 9354 32-Core Processor", "EPYC 9354"),
        ("AMD Ryzen 9 7950X 16-Core Processor            ", "Ryzen 9 7950X"),
        ("Intel(R) Xeon(R) Platinum 8480+", "Xeon Platinum 8480+"),
        ("Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz", "Xeon E5-2680 v3"),
        ("QEMU Virtual CPU version 2.5+", "QEMU Virtual version 2.5+"),
    ] {
        let info = CpuInfo::parse(&format!("processor\t: 0\nvendor_id\t: x\nmodel\t\t: 1\nmodel name\t: {name}\n"));
        assert_eq!(info.model.as_deref(), Some(model));
    }
}

#[test]
fn a_feature_counts_when_every_processor_has_it() {
    let info = CpuInfo::parse("processor : 0\nflags : lm avx2 avx512f\n\nprocessor : 1\nflags : avx2 lm\n");
    assert_eq!(info.features, ["avx2", "lm"]);
    assert_eq!(info.arch(None, None).as_deref(), Some("x86_64"));
    assert_eq!(CpuInfo::parse("processor : 0\nflags : pae\n").arch(None, None).as_deref(), Some("i686"));
}

#[test]
fn the_architecture_is_told_only_where_it_is_certain() {
    let power =
        |generation: u32| CpuInfo::parse(&format!("processor : 0\ncpu : POWER{generation} (raw), altivec supported\n"));
    assert_eq!(power(7).arch(None, None).as_deref(), Some("ppc64"));
    assert_eq!(power(9).arch(None, None), None);
    assert_eq!(power(9).arch(Some("little"), None).as_deref(), Some("ppc64le"));
    assert_eq!(power(9).arch(None, Some("6.4.0-1.el9.ppc64le")).as_deref(), Some("ppc64le"));
    assert_eq!((power(10).model.as_deref(), power(10).features), (Some("POWER10"), vec!["altivec".to_owned()]));
    let arm = |lines: &str| {
        CpuInfo::parse(&format!("{lines}\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : 0xd0c\n"))
    };
    assert_eq!(arm("Features : fp asimd").arch(None, None).as_deref(), Some("aarch64"));
    assert_eq!(
        arm("model name : ARMv8 Processor rev 4 (v8l)\nFeatures : half thumb").arch(None, None).as_deref(),
        Some("armv8l")
    );
    assert_eq!(
        arm("model name : ARMv8 Processor rev 4 (v8l)\nFeatures : fp").arch(None, None).as_deref(),
        Some("aarch64")
    );
    assert_eq!((arm("").vendor.as_deref(), arm("").model.as_deref()), (Some("ARM"), Some("Neoverse-N1")));
    let unnamed = CpuInfo::parse("CPU implementer : 0x99\nCPU part : 0xfff\n");
    assert_eq!((unnamed.vendor, unnamed.model), (None, None));
    assert_eq!(CpuInfo::parse("processor : 0\nhart : 0\nisa : rv64imafdc\n").arch(None, None), None);
}

#[test]
fn cores_of_cpuinfo_are_pairs_of_package_and_core() {
    let block = |processor: u32, package: u32, core: u32| {
        format!("processor : {processor}\nphysical id : {package}\ncore id : {core}\n\n")
    };
    let document = [block(0, 0, 0), block(1, 0, 0), block(2, 1, 0), block(3, 1, 1)].concat();
    assert_eq!(CpuInfo::parse(&document).cores, Some(3));
    assert_eq!(CpuInfo::parse(&format!("{document}processor : 4\n")).cores, None);
}
