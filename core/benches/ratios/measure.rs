//! Times two ways to do the same work, by turns.

use std::time::{Duration, Instant};

/// How long one sample should take.
const SAMPLE: Duration = Duration::from_micros(200);

/// How many samples of each side a line has the median of.
const SAMPLES: usize = 501;

/// Times `ours` and `direct` by turns and prints the line that `name` begins. As a test, does each once.
pub(crate) fn compare(name: &str, limit: f64, mut ours: impl FnMut(), mut direct: impl FnMut()) {
    if !measures() {
        ours();
        direct();
        println!("{name}: done once, not measured");
        return;
    }
    let repeats = repeats(&mut direct);
    let (mut ours_taken, mut direct_taken) = (Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        ours_taken.push(nanoseconds(repeats, &mut ours));
        direct_taken.push(nanoseconds(repeats, &mut direct));
    }
    let (ours, direct) = (median(ours_taken), median(direct_taken));
    let ratio = ours / direct;
    let verdict = if ratio <= limit { "at most" } else { "OVER" };
    println!("{name}: {ours:.0} ns, direct {direct:.0} ns, ratio {ratio:.3} ({verdict} {limit})");
}

/// Whether this is a bench, and no test.
fn measures() -> bool {
    let is_given = |wanted| std::env::args().any(|argument| argument == wanted);
    is_given("--bench") && !is_given("--test")
}

/// How often to repeat the work in one sample.
fn repeats(work: &mut impl FnMut()) -> u32 {
    let mut repeats = 1;
    loop {
        let start = Instant::now();
        (0..repeats).for_each(|_| work());
        if start.elapsed() >= SAMPLE {
            return repeats;
        }
        repeats *= 2;
    }
}

fn nanoseconds(repeats: u32, work: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..repeats).for_each(|_| work());
    start.elapsed().as_secs_f64() * 1e9 / f64::from(repeats)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
