//! Lines of logs.

use mainstay_logs::{Header, Limits, Miner};

/// So few that made-up inputs reach the bound.
const SKELETONS_MAX: usize = 32;

/// Lines to templates, in little memory and in much.
pub fn logs(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for limits in [Limits { skeletons_max: SKELETONS_MAX }, Limits::default()] {
        let mut miner = Miner::new(limits);
        let mut lines = 0;
        for line in text.lines() {
            let header = Header::of(line);
            assert!(line.contains(header.message), "{header:?} of {line:?}");
            assert!(header.time.is_none_or(|time| line.contains(time)), "{header:?} of {line:?}");
            let id = miner.learn(header.message);
            let template = miner.template(miner.current(id));
            assert!(template.is_some_and(|template| template.lines > 0), "{line:?} has no template");
            lines += 1;
        }
        let templates = miner.templates();
        assert!(templates.len() <= limits.skeletons_max);
        assert!(templates.iter().map(|template| template.lines).sum::<u64>() <= lines);
        let mut again = Miner::new(limits);
        for line in text.lines() {
            again.learn(Header::of(line).message);
        }
        assert_eq!(templates, again.templates(), "a second run differs");
    }
}
