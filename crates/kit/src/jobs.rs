//! Jobs on a clock. A lease in the database lets one replica run a job at a time; a replica that dies loses the lease when
//! it runs out, and the next one does the work. Kept small on purpose: a job has no payload and no queue.

use crate::{Call, Job, Principal, Problem, World};
use mainstay_model::facts::Role;
use mainstay_model::{PrincipalId, Timestamp};
use std::sync::mpsc;
use std::time::Duration;

/// For how long a replica holds a job. A job must end within this, or another replica may begin it as well; jobs are
/// idempotent, so that costs work and nothing else.
pub const LEASE_S: i64 = 300;

/// The same for an urgent job. It is prolonged while the job runs, so that a replica that dies holds nobody up for longer.
pub const URGENT_LEASE_S: i64 = 4;

/// How often that is prolonged.
const PROLONGED_EVERY: Duration = Duration::from_secs(1);

/// What became of a job's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It ran and says this.
    Ran(String),
    /// It is not due yet, or another replica has it.
    Passed,
    /// It failed.
    Failed(String),
}

impl World {
    /// Runs every job that is due, that no other replica holds, and for which nobody waits. `holder` names this replica.
    pub fn run_jobs(&self, holder: &str) -> Vec<(&'static str, Turn)> {
        self.digests.tidy(self.now());
        self.jobs.iter().filter(|job| !job.is_urgent()).map(|job| (job.name, self.run_job(job, holder))).collect()
    }

    /// Runs the urgent ones alike.
    pub fn run_urgent_jobs(&self, holder: &str) -> Vec<(&'static str, Turn)> {
        self.jobs.iter().filter(|job| job.is_urgent()).map(|job| (job.name, self.run_job(job, holder))).collect()
    }

    /// Runs one job, if it is its turn.
    pub fn run_job(&self, job: &Job, holder: &str) -> Turn {
        let now = self.now();
        match self.take_lease(job, holder, now) {
            Ok(true) => {}
            Ok(false) => return Turn::Passed,
            Err(problem) => return Turn::Failed(problem.detail),
        }
        let Ok(id) = PrincipalId::new(format!("job:{}", job.name)) else {
            return Turn::Failed("the job has no name".to_owned());
        };
        let principal = Principal::new(id, Role::Engineer);
        let run = || (job.run)(&Call::new(self, &principal));
        let outcome = if job.is_urgent() { self.while_prolonging(job, holder, run) } else { run() };
        if let Err(problem) = self.release(job, holder) {
            tracing::warn!(job = job.name, "the lease could not be given back: {problem}");
        }
        match outcome {
            Ok(line) => Turn::Ran(line),
            Err(problem) => Turn::Failed(problem.detail),
        }
    }

    /// Runs something while another thread prolongs the lease.
    fn while_prolonging<T>(&self, job: &Job, holder: &str, run: impl FnOnce() -> T) -> T {
        let (done, ended) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while ended.recv_timeout(PROLONGED_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                    let until = self.now().as_microsecond().saturating_add(URGENT_LEASE_S * 1_000_000);
                    let sql = "UPDATE lease SET until = $1 WHERE job = $2 AND holder = $3 AND until > 0";
                    let prolonged =
                        self.operational(|tx| tx.execute(sql, &[until.into(), job.name.into(), holder.into()]));
                    if let Err(problem) = prolonged {
                        tracing::warn!(job = job.name, "the lease could not be prolonged: {problem}");
                    }
                }
            });
            let out = run();
            drop(done);
            out
        })
    }

    /// Whether this replica is the one that does what goes on all the time under the name: it is for as long as it says so
    /// again before the time is over.
    ///
    /// # Errors
    /// The database fails.
    pub fn hold(&self, name: &str, holder: &str, time: std::time::Duration) -> Result<bool, Problem> {
        let now = self.now();
        let until = now.as_microsecond().saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        let held = self.operational(|tx| {
            tx.execute(
                "INSERT INTO lease (job, holder, until, ran) VALUES ($1, '', 0, $2) ON CONFLICT (job) DO NOTHING",
                &[name.into(), i64::MIN.into()],
            )?;
            tx.execute(
                "UPDATE lease SET holder = $1, until = $2 WHERE job = $3 AND (until <= $4 OR holder = $1)",
                &[holder.into(), until.into(), name.into(), now.into()],
            )
        })?;
        Ok(held == 1)
    }

    fn take_lease(&self, job: &Job, holder: &str, now: Timestamp) -> Result<bool, Problem> {
        let lease_s = if job.is_urgent() { URGENT_LEASE_S } else { LEASE_S };
        let until = now.as_microsecond().saturating_add(lease_s * 1_000_000);
        let due = now.as_microsecond().saturating_sub(i64::try_from(job.every.as_micros()).unwrap_or(i64::MAX));
        let taken = self.operational(|tx| {
            tx.execute(
                "INSERT INTO lease (job, holder, until, ran) VALUES ($1, '', 0, $2) ON CONFLICT (job) DO NOTHING",
                &[job.name.into(), i64::MIN.into()],
            )?;
            tx.execute(
                "UPDATE lease SET holder = $1, until = $2 WHERE job = $3 AND until <= $4 AND ran <= $5",
                &[holder.into(), until.into(), job.name.into(), now.into(), due.into()],
            )
        })?;
        Ok(taken == 1)
    }

    fn release(&self, job: &Job, holder: &str) -> Result<(), Problem> {
        let sql = "UPDATE lease SET until = 0, ran = $1 WHERE job = $2 AND holder = $3";
        self.operational(|tx| tx.execute(sql, &[self.now().into(), job.name.into(), holder.into()]))?;
        Ok(())
    }
}
