//! Pauses between two questions.

use std::time::Duration;

use crate::random;

/// The first pause between two questions that were answered at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses that grow, each a random part of what it could be (from one half up),
/// so that many who wait don't ask in step.
pub(crate) struct Pauses {
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            longest: FIRST_PAUSE,
        }
    }
}

impl Pauses {
    pub(crate) fn next(&mut self) -> Duration {
        let longest = self.longest;
        self.longest = (longest * 2).min(LONGEST_PAUSE);
        longest.mul_f64(0.5 + 0.5 * random::fraction())
    }
}
