//! The picture as one page of HTML: no script, no font and no file from elsewhere.

use std::fmt::Write;

use wlc_plan::quantity::{Bytes, Cpu};

use super::{Card, Group, Picture, Title, Workload, style};
use crate::{placement::Utilisation, words::counted};

/// With more nodes than this, or more replicas on one, replicas are squares without names.
const MOST_NAMED_NODES: usize = 40;
const MOST_NAMED_REPLICAS: usize = 12;

/// How much room a node gets.
#[derive(Clone, Copy, PartialEq)]
enum Density {
    /// Names and amounts stand there.
    Roomy,
    /// Names and amounts show under the pointer.
    Dense,
}

/// The page.
pub fn html(picture: &Picture) -> String {
    let cards = picture.cards();
    let crowded = cards.iter().any(|card| card.replicas.len() > MOST_NAMED_REPLICAS);
    let density = if cards.len() > MOST_NAMED_NODES || crowded { Density::Dense } else { Density::Roomy };
    let mut page = Page { text: String::new(), density, picture };
    page.head(cards.len());
    page.legend();
    page.group(&picture.groups, 2);
    page.text.push_str("</main>\n</body>\n</html>\n");
    page.text
}

struct Page<'a> {
    text: String,
    density: Density,
    picture: &'a Picture,
}

impl Page<'_> {
    fn head(&mut self, nodes: usize) {
        let fleet = escape(self.picture.fleet.as_str());
        let replicas: usize = self.picture.workloads.iter().map(|workload| workload.replicas).sum();
        let class = match self.density {
            Density::Roomy => "roomy",
            Density::Dense => "dense",
        };
        self.put(format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{fleet}: what runs where</title>\n<style>\n{}{}</style>\n</head>\n<body class=\"{class}\">\n<main>\n<h1>{fleet}</h1>\n\
             <p class=\"sum\">{}, {}, {}</p>\n",
            style::SHEET,
            style::workloads(self.picture.workloads.len()),
            counted(nodes, "node"),
            counted(self.picture.workloads.len(), "workload"),
            counted(replicas, "replica"),
        ));
    }

    fn legend(&mut self) {
        self.text.push_str("<ul class=\"legend\">\n");
        for (number, Workload { name, kind, replicas }) in self.picture.workloads.iter().enumerate() {
            self.put(format_args!(
                "<li class=\"w{number}\" title=\"{} {}: {}\"><i class=\"r w{number}\"></i>{} <b>{replicas}</b></li>\n",
                kind.word(),
                escape(name.as_str()),
                counted(*replicas, "replica"),
                escape(name.as_str()),
            ));
        }
        self.text.push_str("</ul>\n");
    }

    fn group(&mut self, group: &Group, level: usize) {
        for (Title { label, value }, part) in &group.parts {
            let label = escape(label.as_str());
            let title = match value {
                Some(value) => format!("{label} <b>{}</b>", escape(value)),
                None => format!("no {label}"),
            };
            let nodes = counted(part.cards().len(), "node");
            self.put(format_args!("<section>\n<h{level}>{title} <small>{nodes}</small></h{level}>\n"));
            self.group(part, (level + 1).min(6));
            self.text.push_str("</section>\n");
        }
        if !group.nodes.is_empty() {
            self.text.push_str("<div class=\"nodes\">\n");
            group.nodes.iter().for_each(|card| self.card(card));
            self.text.push_str("</div>\n");
        }
    }

    fn card(&mut self, card: &Card) {
        let name = escape(card.name.as_str());
        let gone = if card.utilisation.is_none() { " gone" } else { "" };
        self.put(format_args!(
            "<article class=\"node{gone}\" id=\"node-{name}\">\n<h6><span class=\"name\" title=\"{name}\">{name}</span>"
        ));
        for taint in &card.taints {
            self.put(format_args!("<span class=\"taint\" title=\"taint {0}\">{0}</span>", escape(taint)));
        }
        self.text.push_str("</h6>\n");
        match &card.utilisation {
            Some(Utilisation { cpu, memory: bytes }) => {
                self.bar("CPU", (cpu.asked.0, cpu.all.map(|all| all.0)), &said(cpus(cpu.asked), cpu.all.map(cpus)));
                let words = said(memory(bytes.asked), bytes.all.map(memory));
                self.bar("memory", (bytes.asked.0, bytes.all.map(|all| all.0)), &words);
            }
            None => self.text.push_str("<p class=\"none\">gone</p>\n"),
        }
        self.replicas(card);
        self.text.push_str("</article>\n");
    }

    fn bar(&mut self, what: &str, (asked, all): (u64, Option<u64>), said: &str) {
        let said = escape(said);
        let (class, width) = match all {
            None => ("unknown", 100),
            Some(0) => ("", 0),
            Some(all) => {
                let hundredths = u128::from(asked) * 100 / u128::from(all);
                (if hundredths >= 90 { "full" } else { "" }, u64::try_from(hundredths.min(100)).unwrap_or(100))
            }
        };
        self.put(format_args!(
            "<div class=\"bar\" title=\"{what}: {said}\"><span class=\"what\">{what}</span><span class=\"track\"><span class=\"fill {class}\" style=\"width:{width}%\"></span></span><span class=\"said\">{said}</span></div>\n"
        ));
    }

    fn replicas(&mut self, card: &Card) {
        if card.replicas.is_empty() {
            self.text.push_str("<p class=\"none\">empty</p>\n");
            return;
        }
        self.text.push_str("<div class=\"replicas\">");
        for (number, replica) in &card.replicas {
            let name = escape(replica.as_str());
            match self.density {
                Density::Roomy => {
                    self.put(format_args!("<span class=\"chip w{number}\"><i class=\"r w{number}\"></i>{name}</span>"))
                }
                Density::Dense => self.put(format_args!("<i class=\"r w{number}\" title=\"{name}\"></i>")),
            }
        }
        self.text.push_str("</div>\n");
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a string takes all that is written to it");
    }
}

fn said(asked: String, all: Option<String>) -> String {
    format!("{asked} of {}", all.unwrap_or_else(|| "unknown".to_owned()))
}

/// CPUs with at most two decimals: 8250 millicores are 8.25.
fn cpus(Cpu(millis): Cpu) -> String {
    let hundredths = millis.div_ceil(10);
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest:02}").trim_end_matches('0').to_owned(),
    }
}

/// Memory with at most one decimal, in the largest unit of which there is one.
fn memory(Bytes(bytes): Bytes) -> String {
    let units = [(1u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| bytes >= *unit).unwrap_or((1 << 20, "MiB"));
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}{name}"),
        (whole, rest) => format!("{whole}.{rest}{name}"),
    }
}

/// Text that HTML takes as it is.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        assert_eq!([8_250, 500, 4_000, 1].map(|millis| cpus(Cpu(millis))), ["8.25", "0.5", "4", "0.01"]);
        let amounts = [0, 128 << 20, 32_896 << 20, 256 << 30, u64::MAX];
        assert_eq!(amounts.map(|bytes| memory(Bytes(bytes))), ["0MiB", "128MiB", "32.1GiB", "256GiB", "16777215.9TiB"]);
    }

    #[test]
    fn nothing_in_a_name_becomes_markup() {
        assert_eq!(escape("<a href=\"x\">&'é"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;é");
    }
}
