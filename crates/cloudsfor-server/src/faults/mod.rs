//! Faults on request, for those who test against the service: answers that are
//! lost, slow or cut, and errors, by [`Rule`].

mod rule;

use cloudsfor_types::operations::Operation;
use parking_lot::{Mutex, MutexGuard};

pub use rule::{Fault, InvalidRule, Requests, Rule};

/// The rules in force.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    rules: Mutex<Vec<Counted>>,
}

/// A rule, and how many requests it was about so far.
#[derive(Debug)]
struct Counted {
    rule: Rule,
    requests: u64,
}

impl Faults {
    /// No rules yet; what is by chance follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: Mutex::default(),
        }
    }

    /// Adds a rule behind the others.
    pub fn add(&self, rule: Rule) {
        self.rules().push(Counted { rule, requests: 0 });
    }

    /// Puts these rules in the place of those in force.
    pub fn replace(&self, rules: Vec<Rule>) {
        let counted = rules.into_iter().map(|rule| Counted { rule, requests: 0 });
        *self.rules() = counted.collect();
    }

    /// The rules in force.
    pub fn list(&self) -> Vec<Rule> {
        self.rules()
            .iter()
            .map(|counted| counted.rule.clone())
            .collect()
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// The fault that the next request of this operation meets. All rules count
    /// it; the first that chooses it decides.
    pub fn next(&self, operation: Option<&Operation>) -> Option<Fault> {
        let mut met = None;
        for (rule_number, counted) in self.rules().iter_mut().enumerate() {
            let requests = &counted.rule.requests;
            if !requests.include(operation) {
                continue;
            }
            counted.requests += 1;
            // Of the count alone, so that rules don't change each other's chance.
            let stream = self.seed.wrapping_add(scramble(rule_number as u64));
            let chance = scramble(stream.wrapping_add(counted.requests));
            if met.is_none() && requests.choose(counted.requests, chance) {
                met = Some(counted.rule.fault.clone());
            }
        }
        met
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.rules.lock()
    }
}

/// SplitMix64's step: near numbers become far ones.
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::{CREATE_VM, LIST_VMS};

    use super::*;

    fn met(faults: &Faults, operation: &Operation) -> bool {
        faults.next(Some(operation)).is_some()
    }

    #[test]
    fn each_rule_counts_its_own_requests() {
        let faults = Faults::new(1);
        faults.add(Rule::on(CREATE_VM).nth(2).lose_request());
        assert!(!met(&faults, &CREATE_VM));
        assert!(!met(&faults, &LIST_VMS));
        assert!(met(&faults, &CREATE_VM));
        assert!(!met(&faults, &CREATE_VM));
    }

    #[test]
    fn the_first_rule_that_chooses_a_request_decides() {
        let faults = Faults::new(1);
        faults.add(Rule::on(LIST_VMS).nth(1).lose_request());
        faults.add(Rule::on_every_request().lose_answer());
        let both = faults.next(Some(&LIST_VMS));
        assert!(matches!(both, Some(Fault::LoseRequest)));
        let other = faults.next(None);
        assert!(matches!(other, Some(Fault::LoseAnswer)));
        faults.clear();
        assert!(!met(&faults, &LIST_VMS));
    }

    #[test]
    fn chance_is_fair_and_follows_from_the_seed() {
        let chosen = |seed| {
            let faults = Faults::new(seed);
            faults.add(Rule::on_every_request().percent(10).lose_request());
            (0..10_000)
                .map(|_| met(&faults, &LIST_VMS))
                .collect::<Vec<_>>()
        };
        let first = chosen(1);
        let count = first.iter().filter(|met| **met).count();
        assert!((900..1100).contains(&count), "{count}");
        assert_eq!(first, chosen(1));
        assert_ne!(first, chosen(2));
    }
}
