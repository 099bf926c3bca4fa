//! Medians, spreads and the closing line.

use std::time::Duration;

/// Times of one side, in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Takes one more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted: Vec<f64> = self.0.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1).expect("a benchmark takes at least one time");
        sorted[((last as f64) * share).round() as usize]
    }

    /// The median in milliseconds.
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Smallest, quarter, median, three quarters, largest.
    pub(crate) fn spread(&self) -> String {
        let marks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| written(self.at(share)));
        format!("{} ms over {} runs (min, 25 %, median, 75 %, max)", marks.join(" / "), self.0.len())
    }
}

/// Prints both spreads and the closing line.
pub(crate) fn close(name: &str, ours: &Times, baseline: &Times) {
    println!("{name} ours:     {}", ours.spread());
    println!("{name} baseline: {}", baseline.spread());
    let (a, b) = (ours.median(), baseline.median());
    println!("{name}: ratio {:.4} (ours {} ms, baseline {} ms)", a / b, written(a), written(b));
}

/// Milliseconds, with decimals where they say something.
fn written(milliseconds: f64) -> String {
    if milliseconds < 100.0 { format!("{milliseconds:.1}") } else { format!("{milliseconds:.0}") }
}
