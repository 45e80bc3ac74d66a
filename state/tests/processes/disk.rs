//! Full and read-only disks, and power loss.

use crate::child::{Killed, Speaking, start};
use crate::files::{Dice, code, open, read, times, try_open};
use crate::kill::Said;
use crate::samples::create;
use libtest_mimic::Failed;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A mounted file system; gone in the end.
struct Mount(PathBuf);

impl Mount {
    /// None where this may not be done here.
    fn new(arguments: &[&str], at: &Path) -> Option<Self> {
        fs::create_dir_all(at).ok()?;
        run(Command::new("mount").args(arguments).arg(at)).then(|| Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run(Command::new("umount").arg(&self.0));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

const NO_MOUNT: &str = "mounting needs root";

/// What a process said that wrote until it could not, and what is there afterwards.
fn check_filled(child: Speaking, directory: &Path, expected: &str) {
    let lines = child.rest();
    let last = lines.iter().filter_map(|line| line.strip_prefix("acknowledged ")).next_back();
    let last: u64 = last.expect("nothing was acknowledged").parse().unwrap();
    let end: Vec<&str> = lines.iter().filter(|line| !line.starts_with("acknowledged")).map(String::as_str).collect();
    let told = format!("append {expected}");
    let state = format!("state {last}");
    assert_eq!(end, [told.as_str(), "again E3014", &format!("held {expected}"), &state, &format!("close {expected}")]);
    assert_eq!(read(directory).unwrap().state.serial, last);
}

pub(crate) fn file_size_limit() -> Result<Option<String>, Failed> {
    let directory = tempfile::tempdir()?;
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\""];
    let child = start("fill", directory.path(), &limited);
    check_filled(child, directory.path(), "E3010");
    let store = open(directory.path());
    store.append_and_wait(create("more").to_vec()).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    Ok(None)
}

pub(crate) fn full() -> Result<Option<String>, Failed> {
    let place = tempfile::tempdir()?;
    let Some(mount) = Mount::new(&["-t", "tmpfs", "-o", "size=512k", "tmpfs"], &place.path().join("disk")) else {
        return Ok(Some(NO_MOUNT.to_owned()));
    };
    let directory = mount.0.join("state");
    check_filled(start("fill", &directory, &[]), &directory, "E3010");
    // There is no room for a checkpoint either: it fails, and the journal still holds everything.
    let before = read(&directory).unwrap().state;
    let store = open(&directory);
    assert_eq!(code(&store.close().unwrap_err()), "E3010");
    assert_eq!(read(&directory).unwrap().state, before);
    assert!(run(Command::new("mount").args(["-o", "remount,size=64m"]).arg(&mount.0)));
    let store = open(&directory);
    store.append_and_wait(create("more").to_vec()).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    assert_eq!(read(&directory).unwrap().state.serial, before.serial + 2);
    Ok(None)
}

pub(crate) fn read_only() -> Result<Option<String>, Failed> {
    let place = tempfile::tempdir()?;
    let Some(mount) = Mount::new(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"], &place.path().join("disk")) else {
        return Ok(Some(NO_MOUNT.to_owned()));
    };
    let directory = mount.0.join("state");
    let store = open(&directory);
    store.append_and_wait(create("one").to_vec()).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    drop(store);
    assert!(run(Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0)));
    for directory in [&directory, &mount.0.join("new")] {
        let error = try_open(directory).err().expect("it was opened");
        assert_eq!(code(&error), "E3011", "{error}");
    }
    assert_eq!(read(&directory).unwrap().state.rows.len(), 1);
    Ok(None)
}

/// The disk is a file; what has reached that file has survived. While the writer stands still the file is copied, and
/// the copy is mounted as after a power loss.
pub(crate) fn power_loss() -> Result<Option<String>, Failed> {
    let place = tempfile::tempdir()?;
    let image = place.path().join("disk.ext4");
    fs::File::create(&image)?.set_len(64 * 1024 * 1024)?;
    if !run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image)) {
        return Ok(Some("there is no mkfs.ext4".to_owned()));
    }
    let image_name = image.to_string_lossy().into_owned();
    let Some(mount) = Mount::new(&["-o", "loop", &image_name], &place.path().join("disk")) else {
        return Ok(Some(NO_MOUNT.to_owned()));
    };
    let mut losses = Losses { place: place.path().to_owned(), image, ..Losses::default() };
    let mut dice = Dice(0x00c0_ffee_1234_5678);
    let Speaking { mut child, lines } = start("append", &mount.0.join("state"), &[]);
    let said = Arc::new(Mutex::new(Said::default()));
    let heard = said.clone();
    let listener = std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| heard.lock().unwrap().hear(&line));
    });
    for round in 0..times("FORMWORK_STATE_POWER_LOSSES", 6) {
        let begun = said.lock().unwrap().begun.len();
        while said.lock().unwrap().begun.len() == begun {
            std::thread::sleep(Duration::from_millis(1));
        }
        fs::write(mount.0.join(format!("unsynced_{round}")), "this was never flushed")?;
        std::thread::sleep(Duration::from_micros(dice.below(60_000) as u64));
        signal(&child, "-STOP");
        // What it said until now is heard before the copy is made.
        std::thread::sleep(Duration::from_millis(50));
        let copied = losses.copy(round);
        let before = said.lock().unwrap().clone();
        signal(&child, "-CONT");
        losses.check(&copied?, round, &before)?;
    }
    child.kill();
    listener.join().unwrap();
    eprintln!(
        "{} power losses, {} records acknowledged, none lost; of {} files without a flush {} were lost",
        losses.count,
        said.lock().unwrap().acknowledged,
        losses.count,
        losses.unsynced_lost
    );
    assert!(losses.unsynced_lost > 0, "these copies prove nothing: they hold what was never flushed");
    Ok(None)
}

fn signal(child: &Killed, signal: &str) {
    assert!(run(Command::new("kill").arg(signal).arg(child.0.id().to_string())));
}

#[derive(Default)]
struct Losses {
    place: PathBuf,
    image: PathBuf,
    count: usize,
    unsynced_lost: usize,
}

impl Losses {
    fn copy(&self, round: usize) -> std::io::Result<PathBuf> {
        let copied = self.place.join(format!("copy_{round}.ext4"));
        let mut file = fs::File::create(&copied)?;
        std::io::copy(&mut fs::File::open(&self.image)?, &mut file)?;
        file.flush()?;
        Ok(copied)
    }

    /// What was said before the copy was made is in it.
    fn check(&mut self, copied: &Path, round: usize, said: &Said) -> Result<(), Failed> {
        let name = copied.to_string_lossy().into_owned();
        let after = self.place.join(format!("after_{round}"));
        let mount = Mount::new(&["-o", "loop", &name], &after).ok_or("the copy cannot be mounted")?;
        let state = read(&mount.0.join("state")).map_err(|error| format!("{error:?}"))?.state;
        said.check(&state, &format!("power loss {round}"));
        let store = open(&mount.0.join("state"));
        assert_eq!(store.state(), state);
        store.close().map_err(|error| error.to_string())?;
        drop(store);
        let unsynced = fs::read(mount.0.join(format!("unsynced_{round}"))).unwrap_or_default();
        self.unsynced_lost += usize::from(unsynced.is_empty());
        self.count += 1;
        drop(mount);
        fs::remove_file(copied)?;
        Ok(())
    }
}
