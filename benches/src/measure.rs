//! One run of a program: how much of the machine it took.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Processor time, in user and system mode, of the process and the children that it waited for.
    pub processor: Duration,
    /// From start to end.
    pub wall: Duration,
    /// Peak of resident memory in bytes.
    pub memory: u64,
}

impl Cost {
    /// The smaller of each: what others on the machine took is noise that only adds.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self {
            processor: self.processor.min(other.processor),
            wall: self.wall.min(other.wall),
            memory: self.memory.min(other.memory),
        }
    }
}

/// Runs a command to its end; what it says is dropped.
///
/// # Errors
/// When it cannot be started, or fails: a failed run measures nothing.
pub fn run(command: &mut Command) -> io::Result<Cost> {
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let ended = child.wait4()?;
    let wall = began.elapsed();
    succeeded(command, ended.status)?;
    let used = ended.rusage;
    Ok(Cost { processor: used.utime + used.stime, wall, memory: used.maxrss })
}

fn succeeded(command: &Command, status: ExitStatus) -> io::Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?} ended with {status}; run it by hand to see why")))
}

/// How cost grows with size: 1 is linear. Of the smallest and the largest size; none where that says nothing.
#[must_use]
pub fn exponent(small: (usize, Duration), large: (usize, Duration)) -> Option<f64> {
    let ratio = large.0 as f64 / small.0 as f64;
    let cost = large.1.as_secs_f64() / small.1.as_secs_f64();
    (ratio > 1.0 && cost.is_finite() && cost > 0.0).then(|| cost.ln() / ratio.ln())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_exponent_tells_linear_from_quadratic() {
        let second = Duration::from_secs(1);
        assert!((exponent((10, second), (100, second * 10)).unwrap() - 1.0).abs() < 1e-9);
        assert!((exponent((10, second), (100, second * 100)).unwrap() - 2.0).abs() < 1e-9);
        assert!(exponent((10, second), (10, second)).is_none());
    }

    #[test]
    fn a_failed_run_is_no_measurement() {
        assert!(run(&mut Command::new("false")).is_err());
        assert!(run(&mut Command::new("true")).is_ok());
    }
}
