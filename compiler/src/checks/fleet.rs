//! The fleet block: it is there, and enough signers can sign.

use std::collections::BTreeMap;

use crate::{
    diagnostics::{Code, Diagnostic, Problems},
    model::{
        Repository,
        fleet::{Board, BoardKind},
    },
    span::Span,
};

pub(super) fn check(repository: &Repository, problems: &mut Problems) {
    let Some(fleet) = &repository.fleet else {
        if !repository.is_declared("fleet", "") {
            let diagnostic = Diagnostic::nowhere(Code::OneFleet, "no file says which fleet this is");
            problems.add(diagnostic.hint("write `fleet \"example\" { … }` in `fleet.kdl`; `wlc init` makes one"));
        }
        return;
    };
    if let Some(board) = &fleet.board {
        endpoints(board, problems);
    }
    let Some(signers) = &fleet.signers else { return };
    let (asked, there) = (signers.threshold.value.0 as usize, signers.signers.len());
    if asked > there && !problems.any_error_in(signers.extent) {
        let message = format!("{asked} signers must sign, and the block names {there}");
        let diagnostic = Diagnostic::new(Code::Threshold, message, signers.threshold.span, "can never be reached");
        problems.add(diagnostic.hint("name more signers, or lower the threshold"));
    }
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut keys: BTreeMap<&str, Span> = BTreeMap::new();
    for signer in &signers.signers {
        let twice = [
            ("signer", names.insert(signer.name.value.as_str(), signer.name.span), signer.name.span),
            ("key", keys.insert(&signer.key.value.0, signer.key.span), signer.key.span),
        ];
        for (what, first, span) in twice {
            if let Some(first) = first {
                let message = format!("a {what} stands twice among the signers");
                let diagnostic = Diagnostic::new(Code::DuplicateName, message, span, "again here");
                problems.add(diagnostic.also(first, "first here").hint("each signer has a name and a key of its own"));
            }
        }
    }
}

/// An etcd has addresses, and nothing else has.
fn endpoints(board: &Board, problems: &mut Problems) {
    match (board.kind.value, &board.endpoints) {
        (BoardKind::Etcd, None) if !problems.any_error_in(board.extent) => {
            let message = "an etcd is reached at addresses, and none is named";
            let diagnostic = Diagnostic::new(Code::MissingValue, message, board.kind.span, "where is it?");
            problems.add(diagnostic.hint("write `board \"etcd\" { endpoints \"https://etcd1.example:2379\" }`"));
        }
        (BoardKind::None | BoardKind::Peers, Some(endpoints)) => {
            let message = format!("a board `{}` has no endpoints", board.kind.value.word());
            let diagnostic = Diagnostic::new(Code::Contradiction, message, endpoints.span, "says nothing here");
            problems
                .add(diagnostic.also(board.kind.span, "the board").hint("take them out, or write `board \"etcd\"`"));
        }
        (BoardKind::Etcd | BoardKind::None | BoardKind::Peers, _) => {}
    }
}
