//! Probes and hooks of a container.

use super::{
    super::{fields::Fields, kdl::Block, quantity, report::Report},
    container::Ports,
};

/// A probe as a block of this word. Values that are defaults are not written: they are the same.
pub(super) fn probe(mut fields: Fields, word: &str, ports: &mut Ports, report: &mut Report<'_>) -> Block {
    let mut block = asks(&mut fields, word, ports, report);
    for (theirs, ours, default) in [
        ("initialDelaySeconds", "initial-delay", 0),
        ("periodSeconds", "period", 10),
        ("timeoutSeconds", "timeout", 1),
        ("terminationGracePeriodSeconds", "grace", -1),
    ] {
        let time = fields.whole(theirs, report).filter(|time| time.value != default && time.value != 0);
        block.set_some(ours, time.map(|time| quantity::seconds(time.value)));
    }
    for (theirs, ours, default) in [("successThreshold", "successes", 1), ("failureThreshold", "failures", 3)] {
        let count = fields.whole(theirs, report).filter(|count| count.value != default && count.value != 0);
        block.set_some(ours, count.map(|count| count.value));
    }
    fields.close(&mut block, report);
    block
}

/// A hook as a block of this word.
pub(super) fn hook(mut fields: Fields, word: &str, ports: &mut Ports, report: &mut Report<'_>) -> Block {
    let mut block = match fields.map("sleep", report) {
        Some(mut sleep) => {
            let seconds = sleep.whole("seconds", report).map_or(0, |seconds| seconds.value);
            Block::new(word).arg("sleep").arg(quantity::seconds(seconds))
        }
        None => asks(&mut fields, word, ports, report),
    };
    fields.close(&mut block, report);
    block
}

/// How a probe or hook asks.
fn asks(fields: &mut Fields, word: &str, ports: &mut Ports, report: &mut Report<'_>) -> Block {
    if let Some(mut exec) = fields.map("exec", report) {
        let command = exec.texts("command", report).into_iter().map(|part| part.value);
        return Block::new(word).arg("exec").args(command);
    }
    if let Some(mut http) = fields.map("httpGet", report) {
        let scheme = http.text("scheme", report).map_or("http".to_owned(), |scheme| scheme.value.to_lowercase());
        let path = http.text("path", report).map_or("/".to_owned(), |path| path.value);
        let mut block = Block::new(word).arg(scheme).arg(path);
        port_and_host(&mut http, &mut block, ports, report);
        for mut header in http.maps("httpHeaders", report) {
            let parts =
                ["name", "value"].map(|key| header.text(key, report).map(|text| text.value).unwrap_or_default());
            block.push(Block::new("header").args(parts));
        }
        http.close(&mut block, report);
        return block;
    }
    if let Some(mut tcp) = fields.map("tcpSocket", report) {
        let mut block = Block::new(word).arg("tcp");
        port_and_host(&mut tcp, &mut block, ports, report);
        tcp.close(&mut block, report);
        return block;
    }
    if let Some(mut grpc) = fields.map("grpc", report) {
        let mut block = Block::new(word).arg("grpc");
        port_and_host(&mut grpc, &mut block, ports, report);
        block.set_some("service", grpc.text("service", report).map(|service| service.value));
        grpc.close(&mut block, report);
        return block;
    }
    report.bad(fields.span, format!("this {word} says not how it asks"));
    Block::new(word).arg("exec").arg("false")
}

fn port_and_host(fields: &mut Fields, block: &mut Block, ports: &mut Ports, report: &mut Report<'_>) {
    if let Some(port) = fields.text("port", report) {
        block.set("port", ports.named(&port.value));
    }
    block.set_some("host", fields.text("host", report).map(|host| host.value));
}
