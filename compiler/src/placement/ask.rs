//! What decides on which nodes a workload may run, and not where that stands in the files. Large fleets have thousands of
//! workloads and a handful of such asks: each is judged once.

use std::fmt::{Debug, Write};

use super::request::Request;
use crate::{
    fields::FromScalar,
    model::{
        place::{
            Any, Clauses, CpuRequirement, DiskRequirement, GpuRequirement, LabelRequirement, NicRequirement, Not,
            Place, Require, Tolerate,
        },
        port::HostPort,
    },
    span::Spanned,
};

/// What decides where a workload may run. Two that are equal may run on the same nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask(String);

impl Ask {
    /// That of a request.
    pub(super) fn of(request: &Request) -> Self {
        let mut key = String::new();
        request.place.put(&mut key);
        let forbidden: Vec<_> = request.forbidden.iter().map(|(word, _)| word).collect();
        let low_ports = request.ports.iter().any(|port| matches!(port.host, HostPort::Fixed(..1024)));
        let end = (forbidden, low_ports, request.limit_span.is_some());
        write!(key, "{end:?}").expect("a text takes what is written to it");
        Self(key)
    }
}

/// What has a part in it.
trait Part {
    /// Writes its values, so that what differs is written in another way.
    fn put(&self, key: &mut String);
}

impl<T: FromScalar + Debug> Part for Spanned<T> {
    fn put(&self, key: &mut String) {
        write!(key, "{:?},", self.value).expect("a text takes what is written to it");
    }
}

impl<T: Part> Part for Spanned<Vec<T>> {
    fn put(&self, key: &mut String) {
        self.value.put(key);
    }
}

impl<T: Part> Part for Vec<T> {
    fn put(&self, key: &mut String) {
        key.push('[');
        self.iter().for_each(|part| part.put(key));
        key.push(']');
    }
}

impl<T: Part> Part for Option<T> {
    fn put(&self, key: &mut String) {
        key.push('(');
        self.iter().for_each(|part| part.put(key));
        key.push(')');
    }
}

/// Writes the fields of blocks one behind the other. All of them are named, so that a new one is not forgotten.
macro_rules! parts {
    ($($type:ident { $($field:ident),* $(; $ignored:ident)* })+) => {$(
        impl Part for $type {
            fn put(&self, key: &mut String) {
                let Self { span: _, extent: _, $($field,)* $($ignored: _,)* } = self;
                $($field.put(key);)*
            }
        }
    )+};
}

// Behind the semicolons stands what chooses among the nodes on which a replica may run.
parts! {
    Place { require, tolerate, tolerate_all, on; prefer; apart; near; spread; at_most; exclusive; priority; optional }
    Require { clauses, not, any }
    Any { clauses, not }
    Not { clauses }
    Clauses { labels, gpus, cpus, disks, nics, kernel }
    LabelRequirement { key, values, at_least, at_most }
    GpuRequirement { vendor, model, memory, driver }
    CpuRequirement { arch, vendor, model, cores, threads, features }
    DiskRequirement { kind, size, encrypted }
    NicRequirement { speed, driver }
    Tolerate { key, value, effect, length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostics::Problems,
        pins::Pins,
        pipeline,
        placement::request::{self, Request},
        sources::Sources,
    };

    /// What a daemon-set with this behind its container asks, which begins so far into its file.
    fn request(lines: usize, text: &str) -> Request {
        let mut sources = Sources::default();
        let container = "container \"a\" image=\"a\"";
        sources.add("a.kdl", &format!("{}daemon-set \"a\" {{\n{container}\n{text}\n}}", "\n".repeat(lines)));
        let front = pipeline::read(sources, Problems::default());
        assert_eq!(front.problems.errors(), 0, "{text}: {:?}", front.problems.sorted());
        request::all(&front.repository, &Pins::new()).pop_first().expect("there is one").1
    }

    #[test]
    fn what_differs_is_another_ask_and_where_it_stands_is_none() {
        let place = |inside: &str| format!("place {{ {inside} }}");
        let require = |inside: &str| place(&format!("require {{ {inside} }}"));
        let texts = [
            String::new(),
            place(""),
            require(""),
            require("label \"zone\" \"a\" \"b\""),
            require("label \"zone\" \"ab\""),
            require("label \"zone\" \"a.b\""),
            require("label \"zone\"\nlabel \"a\"\nlabel \"b\""),
            require("not { label \"zone\" \"a\" \"b\"; }"),
            require("any { label \"zone\" \"a\"; }; any { label \"zone\" \"b\"; }"),
            require("any { label \"zone\" \"a\"; label \"zone\" \"b\"; }"),
            require("any { label \"zone\" \"a\"; not { label \"zone\" \"b\"; }; }"),
            require("label \"size\" at-least=1"),
            require("label \"size\" at-most=1"),
            require("gpu vendor=\"nvidia\""),
            require("gpu model=\"nvidia\""),
            require("gpu vendor=\"nvidia\" memory=\">=40GiB\""),
            require("gpu vendor=\"nvidia\" memory=\">40GiB\""),
            require("cpu { features \"avx2\" \"sse\"; }"),
            require("cpu { features \"sse\" \"avx2\"; }"),
            require("disk kind=\"nvme\""),
            require("disk kind=\"nvme\" encrypted=#true"),
            require("nic speed=\">=10Gbps\""),
            place("tolerate \"a\""),
            place("tolerate \"a\" \"b\""),
            place("tolerate \"a\" effect=\"no-schedule\""),
            place("tolerate-all"),
            "place on=\"a\"".to_owned(),
            "host-network".to_owned(),
        ];
        for (number, text) in texts.iter().enumerate() {
            let ask = Ask::of(&request(0, text));
            assert_eq!(ask, Ask::of(&request(9, text)), "{text}");
            for other in &texts[..number] {
                assert_ne!(ask, Ask::of(&request(0, other)), "{text} and {other}");
            }
        }
    }
}
