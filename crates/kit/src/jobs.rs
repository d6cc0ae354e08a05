//! Jobs on a clock. A lease in the database lets one replica run a job at a time; a replica that dies loses the lease when
//! it runs out, and the next one does the work. Kept small on purpose: a job has no payload and no queue.

use crate::{Call, Job, Principal, Problem, World};
use mainstay_model::facts::Role;
use mainstay_model::{PrincipalId, Timestamp};

/// For how long a replica holds a job. A job must end within this, or another replica may begin it as well; jobs are
/// idempotent, so that costs work and nothing else.
pub const LEASE_S: i64 = 300;

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
    /// Runs every job that is due and that no other replica holds. `holder` names this replica.
    pub fn run_jobs(&self, holder: &str) -> Vec<(&'static str, Turn)> {
        self.digests.tidy(self.now());
        self.jobs.iter().map(|job| (job.name, self.run_job(job, holder))).collect()
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
        let outcome = (job.run)(&Call::new(self, &principal));
        if let Err(problem) = self.release(job, holder) {
            tracing::warn!(job = job.name, "the lease could not be given back: {problem}");
        }
        match outcome {
            Ok(line) => Turn::Ran(line),
            Err(problem) => Turn::Failed(problem.detail),
        }
    }

    fn take_lease(&self, job: &Job, holder: &str, now: Timestamp) -> Result<bool, Problem> {
        let until = now.as_microsecond().saturating_add(LEASE_S * 1_000_000);
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
