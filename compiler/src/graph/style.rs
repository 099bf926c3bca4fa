//! How the page looks: its own style sheet, for bright and for dark screens, and a colour for each workload.

use std::fmt::Write;

/// The sheet that all pages share.
pub(super) const SHEET: &str = "\
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --line: #dfe3e8; --text: #1d2329; --quiet: #66707c; --track: #e8ebef; --fill: #5b8def; --full: #d9534f; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1d2228; --line: #2f363e; --text: #e6e9ed; --quiet: #939eab; --track: #2b323a; --fill: #6f9df5; --full: #e2716d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 1800px; margin: 0 auto; padding: 24px; }
h1 { margin: 0; font-size: 24px; font-weight: 650; overflow-wrap: anywhere; }
h2, h3, h4, h5 { margin: 0 0 8px; font-size: 14px; font-weight: 400; color: var(--quiet); }
h2 { font-size: 17px; }
h2 b, h3 b, h4 b, h5 b { color: var(--text); font-weight: 650; overflow-wrap: anywhere; }
small { font-size: 12px; }
.sum { margin: 2px 0 16px; color: var(--quiet); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 20px; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: 6px; max-width: 100%; overflow-wrap: anywhere; cursor: default; }
.legend b { color: var(--quiet); font-weight: 400; }
section { margin: 0 0 20px; }
section section { margin: 0 0 14px; padding-left: 12px; border-left: 2px solid var(--line); }
.roomy section { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0 24px; }
.roomy section > :is(h2, h3, h4, h5) { flex-basis: 100%; }
.roomy .nodes { display: flex; flex-wrap: wrap; align-items: stretch; gap: 12px; }
.roomy .node { width: 300px; max-width: 100%; }
.dense .nodes { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 8px; }
.node { min-width: 0; padding: 10px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.dense .node { padding: 6px 8px; border-radius: 6px; }
.node.gone { opacity: .5; border-style: dashed; }
h6 { display: flex; align-items: center; gap: 4px; margin: 0 0 6px; font-size: 14px; font-weight: 600; }
h6 span { min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.name { flex: 0 1 auto; }
.dense h6 { margin: 0 0 3px; font-size: 11.5px; }
.taint { flex: 0 2 auto; padding: 0 5px; border: 1px solid var(--line); border-radius: 8px; font-size: 11px; font-weight: 400; color: var(--quiet); }
.dense .taint { font-size: 9.5px; padding: 0 3px; }
.bar { display: grid; grid-template-columns: 54px 1fr auto; align-items: center; gap: 8px; font-size: 12px; color: var(--quiet); }
.dense .bar { grid-template-columns: 1fr; margin-bottom: 2px; }
.dense .what, .dense .said { display: none; }
.track { display: block; height: 6px; border-radius: 3px; background: var(--track); overflow: hidden; }
.dense .track { height: 4px; }
.fill { display: block; height: 100%; border-radius: 3px; background: var(--fill); }
.fill.full { background: var(--full); }
.fill.unknown { background: repeating-linear-gradient(135deg, var(--line) 0 4px, transparent 4px 8px); }
.replicas { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 10px; }
.dense .replicas { gap: 2px; margin-top: 5px; }
.r { flex: none; width: 10px; height: 10px; border-radius: 3px; background: var(--colour); }
.dense .replicas .r { width: 9px; height: 9px; border-radius: 2px; }
.chip { display: inline-flex; align-items: center; gap: 6px; max-width: 100%; padding: 2px 8px; border: 1px solid var(--line); border-radius: 6px; font-size: 12.5px; overflow-wrap: anywhere; }
.none { margin: 8px 0 0; font-size: 12px; color: var(--quiet); }
.dense .none { margin: 4px 0 0; font-size: 10.5px; }
@media print { body { background: none; } main { padding: 0; } .r, .fill, .track { print-color-adjust: exact; } }
";

/// A colour for each workload, and what happens under the pointer: the replicas of all others fade.
pub(super) fn workloads(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        // Turns by the golden angle, so that neighbours differ; each round of the circle has its own depth.
        let hue = (number * 137_508 / 1_000) % 360;
        let light = [52, 40, 64][number / 12 % 3];
        writeln!(
            text,
            ".w{number} {{ --colour: hsl({hue} 62% {light}%); }}\nbody:has(.legend .w{number}:hover) .nodes :is(.r, .chip):not(.w{number}) {{ opacity: .12; }}"
        )
        .expect("a string takes all that is written to it");
    }
    text
}
