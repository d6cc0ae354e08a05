//! How the system's allocator is to deal with what is freed, for a program that runs for months.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::os::unix::process::CommandExt;

/// What glibc reads from the environment, and nowhere else, before anything of ours runs (mallopt(3)). Left alone it keeps
/// what a thread freed for the threads to come, in as many shares as eight for each processor, and raises the bound above
/// which it gives memory back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SETTINGS: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// Begins the program anew, in the same process, with an allocator that gives back what computing figures needed for a
/// moment. Whoever set one of the settings is left to it. Where beginning anew is not possible, all works as before and
/// takes more memory.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if SETTINGS.iter().all(|(name, _)| std::env::var_os(name).is_none())
        && let Ok(program) = std::env::current_exe()
    {
        let mut arguments = std::env::args_os();
        let mut anew = std::process::Command::new(program);
        anew.arg0(arguments.next().unwrap_or_default()).args(arguments).envs(SETTINGS);
        // It comes back only where it failed.
        drop(anew.exec());
    }
}
