//! Welch's t-test of two classes of measured times.

/// Sums of one class, by which its mean and variance are known at any time (Welford, 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Class {
    fn push(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

/// The t of two samples: beyond 5 in either direction, their means differ for all practical purposes.
///
/// The slowest of all times are left out, at each of several bounds, since interrupts make them long; the t that is farthest
/// from zero is returned.
#[must_use]
pub fn farthest_t(times: &[(bool, u64)]) -> f64 {
    let mut sorted: Vec<u64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let bounds = [50, 75, 90, 95, 99, 100].map(|percent| sorted.get((sorted.len() - 1) * percent / 100).copied());
    let values = bounds.into_iter().flatten().map(|bound| t(times.iter().filter(|(_, time)| *time <= bound)));
    values.fold(0.0, |farthest: f64, value| if value.abs() > farthest.abs() { value } else { farthest })
}

fn t<'a>(times: impl Iterator<Item = &'a (bool, u64)>) -> f64 {
    let mut classes = [Class::default(); 2];
    for (class, time) in times {
        let [one, other] = &mut classes;
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "times are far below 2^53")]
        if *class { other } else { one }.push(*time as f64);
    }
    let [one, other] = classes;
    let error = (one.variance() / one.count + other.variance() / other.count).sqrt();
    if error > 0.0 { (one.mean - other.mean) / error } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_of_the_same_times_have_no_t_and_a_shift_has_a_large_one() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut times = |shift: u64| -> Vec<(bool, u64)> {
            let class = |random: &mut fastrand::Rng| random.bool();
            (0..20_000)
                .map(|_| class(&mut random))
                .collect::<Vec<_>>()
                .into_iter()
                .map(|class| (class, random.u64(1000..1100) + u64::from(class) * shift))
                .collect()
        };
        assert!(farthest_t(&times(0)).abs() < 4.0);
        assert!(farthest_t(&times(5)).abs() > 5.0);
    }
}
