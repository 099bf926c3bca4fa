//! Schedules as people write them, and some that nobody would.

use wlc_tests::dice::Dice;

const MONTHS: [&str; 12] = ["JAN", "feb", "MAR", "apr", "May", "JUN", "jul", "AUG", "SEP", "OCT", "NOV", "dec"];
const DAYS: [&str; 7] = ["SUN", "mon", "TUE", "wed", "THU", "FRI", "sat"];

/// A schedule of five fields that has a day.
pub(crate) fn any(dice: &mut Dice) -> String {
    let minute = field(dice, (0, 59), 2);
    let hour = field(dice, (0, 23), 3);
    // The 29th to the 31st stand alone: with a month some of them never come.
    let (day, month) = match dice.below(4) {
        0 => (field(dice, (1, 31), 1), "*".to_owned()),
        1 => (field(dice, (1, 28), 2), named(dice, (1, 12), &MONTHS)),
        2 => ("*".to_owned(), named(dice, (1, 12), &MONTHS)),
        _ => ("*".to_owned(), "*".to_owned()),
    };
    let weekday = match dice.below(3) {
        0 => named(dice, (0, 6), &DAYS),
        _ => "*".to_owned(),
    };
    format!("{minute} {hour} {day} {month} {weekday}")
}

/// A number of a range.
fn within(dice: &mut Dice, (first, last): (usize, usize)) -> usize {
    first + dice.below(last - first + 1)
}

/// A star in one of so many cases; else a number, a range, a list or a step.
fn field(dice: &mut Dice, bounds: (usize, usize), stars: usize) -> String {
    if dice.below(stars + 1) == 0 {
        return "*".to_owned();
    }
    match dice.below(6) {
        0 => format!("*/{}", 1 + dice.below(bounds.1)),
        1 => range(dice, bounds),
        2 => format!("{}/{}", range(dice, bounds), 1 + dice.below(7)),
        3 => format!("{},{}", within(dice, bounds), range(dice, bounds)),
        4 => format!("{},{},{}", within(dice, bounds), within(dice, bounds), within(dice, bounds)),
        _ => within(dice, bounds).to_string(),
    }
}

/// Of two numbers at least: croniter takes `4-4` for a star.
fn range(dice: &mut Dice, (first, last): (usize, usize)) -> String {
    let first = within(dice, (first, last - 1));
    format!("{first}-{}", within(dice, (first + 1, last)))
}

/// The same, at times with names in the place of numbers.
fn named(dice: &mut Dice, bounds: (usize, usize), names: &[&str]) -> String {
    match dice.below(3) {
        0 => names[dice.below(names.len())].to_owned(),
        1 => {
            let first = dice.below(names.len() - 1);
            format!("{}-{}", names[first], names[within(dice, (first + 1, names.len() - 1))])
        }
        _ => field(dice, bounds, 4),
    }
}
