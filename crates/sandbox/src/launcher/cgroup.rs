//! A fresh control group per run, version 1 or 2, bounded by the kernel and removed afterwards.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::init::OWN_THREADS;
use crate::limits::Limits;

const PREFIX: &str = "squad-run-";

/// The period over which a share of the processors is counted, in microseconds (the kernel's own default).
const CPU_PERIOD: u64 = 100_000;

/// A group of one run: one folder in version 2, one per controller in version 1.
#[derive(Debug)]
pub(crate) struct Leaf {
    folders: Vec<PathBuf>,
    memory: PathBuf,
    /// The file in which the kernel counts what it killed for want of memory.
    events: &'static str,
    /// The file through which a process joins.
    members: &'static str,
}

impl Leaf {
    /// Makes the group, or says nothing where this process may not or where memory or processes cannot be bounded.
    pub(crate) fn create(limits: &Limits) -> Option<Self> {
        let homes = Homes::find()?;
        let name = format!("{PREFIX}{}", std::process::id());
        let leaf = match &homes {
            Homes::V1 { memory, pids, cpu } => v1(memory, pids, cpu.as_deref(), &name, limits),
            Homes::V2(candidates) => candidates.iter().find_map(|home| v2(home, &name, limits)),
        };
        if leaf.is_none() {
            tracing::debug!("no control group can be made here");
        }
        leaf
    }

    /// Moves this single-threaded process into the group. A process that moves itself by `tasks` spares the kernel the wait
    /// for all processors that moving another one costs: several milliseconds per run.
    pub(crate) fn join(&self) -> io::Result<()> {
        self.folders.iter().try_for_each(|folder| fs::write(folder.join(self.members), "0"))
    }

    /// How many processes the kernel killed because the group was out of memory.
    pub(crate) fn kills(&self) -> u64 {
        let text = fs::read_to_string(self.memory.join(self.events)).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix("oom_kill "))
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }

    /// The processes that are still in the group.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.memory.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        for folder in &self.folders {
            // The kernel lets go of a group a moment after its last process was reaped.
            for _ in 0..50 {
                match fs::remove_dir(folder) {
                    Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    _ => break,
                }
            }
        }
    }
}

fn v1(memory: &Path, pids: &Path, cpu: Option<&Path>, name: &str, limits: &Limits) -> Option<Leaf> {
    let mut leaf = Leaf {
        folders: Vec::new(),
        memory: memory.join(name),
        events: "memory.oom_control",
        members: "tasks",
    };
    let make = |leaf: &mut Leaf, home: &Path| -> Option<PathBuf> {
        let folder = home.join(name);
        fresh(&folder).ok()?;
        leaf.folders.push(folder.clone());
        Some(folder)
    };
    let folder = make(&mut leaf, memory)?;
    fs::write(folder.join("memory.limit_in_bytes"), limits.memory_bytes.to_string()).ok()?;
    // Only where the kernel accounts swap.
    let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), limits.memory_bytes.to_string());
    if pids != memory {
        make(&mut leaf, pids)?;
    }
    fs::write(pids.join(name).join("pids.max"), (limits.pids + OWN_THREADS).to_string()).ok()?;
    if let (Some(cpu), Some(share)) = (cpu, limits.cpus) {
        let folder = make(&mut leaf, cpu)?;
        fs::write(folder.join("cpu.cfs_quota_us"), cpu_quota(share).to_string()).ok()?;
    }
    Some(leaf)
}

fn v2(home: &Path, name: &str, limits: &Limits) -> Option<Leaf> {
    let folder = home.join(name);
    fresh(&folder).ok()?;
    let leaf = Leaf {
        folders: vec![folder.clone()],
        memory: folder.clone(),
        events: "memory.events",
        members: "cgroup.procs",
    };
    if !bounds_memory_and_processes(&folder) {
        fs::write(home.join("cgroup.subtree_control"), "+memory +pids").ok()?;
    }
    if !bounds_memory_and_processes(&folder) {
        return None;
    }
    fs::write(folder.join("memory.max"), limits.memory_bytes.to_string()).ok()?;
    fs::write(folder.join("pids.max"), (limits.pids + OWN_THREADS).to_string()).ok()?;
    let _ = fs::write(folder.join("memory.swap.max"), "0");
    let _ = fs::write(folder.join("memory.oom.group"), "1");
    if let Some(share) = limits.cpus {
        let _ = fs::write(home.join("cgroup.subtree_control"), "+cpu");
        fs::write(folder.join("cpu.max"), format!("{} {CPU_PERIOD}", cpu_quota(share))).ok()?;
    }
    Some(leaf)
}

/// A group that no run is in. One of the same name belonged to a launcher that was killed and whose id is used again.
fn fresh(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir(folder)?;
            fs::create_dir(folder)
        }
        made => made,
    }
}

fn bounds_memory_and_processes(folder: &Path) -> bool {
    folder.join("memory.max").exists() && folder.join("pids.max").exists()
}

fn cpu_quota(share: f64) -> u64 {
    ((share * CPU_PERIOD as f64) as u64).max(1000)
}

/// Where groups of this process can be made.
#[derive(Debug)]
enum Homes {
    V1 {
        memory: PathBuf,
        pids: PathBuf,
        cpu: Option<PathBuf>,
    },
    /// Best first: below the own group, beside it, at the top.
    V2(Vec<PathBuf>),
}

impl Homes {
    fn find() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        Self::parse(&mounts, &own)
    }

    fn parse(mounts: &str, own: &str) -> Option<Self> {
        let v1 = |controller: &str| -> Option<PathBuf> {
            let path = own.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let controllers = fields.next()?;
                controllers.split(',').any(|name| name == controller).then(|| fields.next())?
            })?;
            let mount = mounts.lines().filter_map(Mount::parse).find(|mount| {
                mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller)
            })?;
            mount.folder(path)
        };
        if let (Some(memory), Some(pids)) = (v1("memory"), v1("pids")) {
            return Some(Self::V1 { memory, pids, cpu: v1("cpu") });
        }
        let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
        let mount = mounts.lines().filter_map(Mount::parse).find(|mount| mount.kind == "cgroup2")?;
        let top = PathBuf::from(mount.point);
        let own = mount.folder(path)?;
        let beside = own.parent().filter(|folder| folder.starts_with(&top)).map(Path::to_path_buf);
        let mut candidates: Vec<PathBuf> = [Some(own), beside, Some(top)].into_iter().flatten().collect();
        candidates.dedup();
        Some(Self::V2(candidates))
    }

    fn folders(self) -> Vec<PathBuf> {
        match self {
            Self::V1 { memory, pids, cpu } => [Some(memory), Some(pids), cpu].into_iter().flatten().collect(),
            Self::V2(candidates) => candidates,
        }
    }
}

/// One line of `/proc/self/mountinfo`, as far as it matters here.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        Some(Self {
            root: before.next()?,
            point: before.next()?,
            kind: after.next()?,
            options: after.nth(1)?,
        })
    }

    /// Where the group `path` is found below this mount.
    fn folder(&self, path: &str) -> Option<PathBuf> {
        let below = Path::new(path).strip_prefix(self.root).ok()?;
        Some(Path::new(self.point).join(below))
    }
}

/// Removes groups that killed launchers left behind. Only empty groups can be removed, so a live run is safe.
pub(crate) fn sweep() {
    let Some(homes) = Homes::find() else { return };
    for home in homes.folders() {
        let Ok(entries) = fs::read_dir(&home) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(process) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            if !Path::new("/proc").join(process).exists() {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hybrid_host_is_read_as_version_one() {
        let mounts = "30 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      31 25 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
                      32 25 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        let own = "8:pids:/\n4:memory:/job/a\n0::/";
        let Some(Homes::V1 { memory, pids, cpu }) = Homes::parse(mounts, own) else {
            panic!("version 1 expected")
        };
        assert_eq!(memory, Path::new("/sys/fs/cgroup/memory/job/a"));
        assert_eq!(pids, Path::new("/sys/fs/cgroup/pids"));
        assert_eq!(cpu, None);
    }

    #[test]
    fn a_container_that_sees_only_its_own_group_is_understood() {
        let mounts = "30 25 0:26 /docker/abc /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate";
        let Some(Homes::V2(candidates)) = Homes::parse(mounts, "0::/docker/abc/init\n") else {
            panic!("version 2 expected")
        };
        assert_eq!(candidates, [PathBuf::from("/sys/fs/cgroup/init"), PathBuf::from("/sys/fs/cgroup")]);
    }

    #[test]
    fn a_host_without_groups_has_no_home() {
        assert!(Homes::parse("25 1 0:5 / / rw - ext4 /dev/vda rw", "").is_none());
    }
}
