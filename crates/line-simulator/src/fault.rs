//! Faults that were set up, and when they strike.

use crate::verbs::FaultSpec;

/// Faults in the order they were set up.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    /// Steps a fixed sequence, so that `percent` strikes alike on every run.
    dice: u64,
}

#[derive(Debug)]
struct Armed {
    spec: FaultSpec,
    passes: u32,
    strikes: u32,
}

impl Faults {
    pub(crate) fn arm(&mut self, spec: FaultSpec) {
        self.armed.push(Armed { passes: spec.after, strikes: spec.count.max(1), spec });
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// What is still armed.
    pub(crate) fn list(&self) -> Vec<FaultSpec> {
        self.armed
            .iter()
            .map(|armed| FaultSpec { after: armed.passes, count: armed.strikes, ..armed.spec.clone() })
            .collect()
    }

    /// The fault that strikes this call, if any. Every fitting fault counts the call, at most one strikes.
    pub(crate) fn strike(&mut self, channel: Option<&str>, endpoint: &str) -> Option<FaultSpec> {
        let mut struck = None;
        for armed in &mut self.armed {
            let spec = &armed.spec;
            let fits = spec.channel_id.as_deref().is_none_or(|wanted| Some(wanted) == channel)
                && spec.endpoint.as_deref().is_none_or(|wanted| wanted == endpoint);
            if !fits || struck.is_some() {
                continue;
            }
            if armed.passes > 0 {
                armed.passes -= 1;
                continue;
            }
            if spec.percent > 0 {
                // Knuth's multiplicative generator: no more randomness is needed here, and it repeats.
                self.dice =
                    self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if (self.dice >> 33) % 100 >= u64::from(spec.percent) {
                    continue;
                }
            }
            armed.strikes -= 1;
            struck = Some(spec.clone());
        }
        self.armed.retain(|armed| armed.strikes > 0);
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::FaultKind;

    #[test]
    fn a_fault_lets_pass_strikes_and_is_spent() {
        let mut faults = Faults::default();
        let spec = FaultSpec { kind: FaultKind::Quota, after: 1, count: 2, ..FaultSpec::default() };
        faults.arm(FaultSpec {
            endpoint: Some("followers".to_owned()),
            channel_id: Some("1".to_owned()),
            ..spec
        });
        let mut strikes = |channel, endpoint| faults.strike(channel, endpoint).is_some();
        assert!(
            !strikes(Some("1"), "profile") && !strikes(Some("2"), "followers") && !strikes(None, "followers")
        );
        let pattern: Vec<_> = (0..4).map(|_| strikes(Some("1"), "followers")).collect();
        assert_eq!(pattern, [false, true, true, false]);
        assert_eq!(faults.list(), []);
    }

    #[test]
    fn a_percentage_strikes_about_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults.arm(FaultSpec { percent: 30, count: 10_000, ..FaultSpec::default() });
        let struck = (0..1_000).filter(|_| faults.strike(None, "profile").is_some()).count();
        assert!((250..350).contains(&struck), "{struck} of 1000");
    }
}
