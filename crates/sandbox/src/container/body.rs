//! A container as the Docker daemon is told of it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountBindOptions,
    MountBindOptionsPropagationEnum, MountType, ResourcesUlimits,
};

use super::daemon::LABEL;
use super::owner::Owner;
use super::program::Program;
use crate::Limits;
use crate::launcher::policy::{Node, NodeKind};

/// Parts of `/proc` and `/sys` that describe or steer the whole machine; the first ones are Docker's own.
const MASKED: [&str; 17] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sysrq-trigger",
    "/proc/interrupts",
    "/proc/config.gz",
];

/// Processes of a container that are none of the command's: process 1.
const OWN_THREADS: u64 = 1;

pub(super) struct Plan<'a> {
    pub(super) image: &'a str,
    pub(super) runtime: Option<&'a str>,
    pub(super) program: &'a Program,
    pub(super) nodes: &'a [Node],
    pub(super) limits: &'a Limits,
    /// The user and group of the host as whom everything in the container runs.
    pub(super) user: (u32, u32),
    pub(super) owner: &'a Owner,
}

pub(super) fn body(plan: &Plan<'_>) -> ContainerCreateBody {
    let (uid, gid) = plan.user;
    ContainerCreateBody {
        hostname: Some("sandbox".into()),
        user: Some(format!("{uid}:{gid}")),
        image: Some(plan.image.into()),
        entrypoint: Some(plan.program.entrypoint.clone()),
        cmd: Some(Vec::new()),
        working_dir: Some("/".into()),
        labels: Some([(LABEL.to_owned(), plan.owner.to_string())].into()),
        // The daemon closes the input when squad's end of it closes, whatever the reason: then process 1 ends.
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(host_config(plan)),
        ..Default::default()
    }
}

fn host_config(plan: &Plan<'_>) -> HostConfig {
    let limits = plan.limits;
    let memory = i64::try_from(limits.memory_bytes).unwrap_or(i64::MAX);
    let masked = MASKED.map(String::from).into();
    HostConfig {
        runtime: plan.runtime.map(str::to_owned),
        network_mode: Some("none".into()),
        ipc_mode: Some("none".into()),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".into()]),
        // The daemon's own system call filter stays: it allows only what is known. Process 1 adds ours.
        security_opt: Some(vec!["no-new-privileges".into()]),
        masked_paths: Some(masked),
        pids_limit: Some(i64::try_from(limits.pids + OWN_THREADS).unwrap_or(i64::MAX)),
        memory: Some(memory),
        // As much as the memory: no swap.
        memory_swap: Some(memory),
        nano_cpus: limits.cpus.map(|share| (share * 1e9) as i64),
        oom_score_adj: Some(500),
        ulimits: Some(vec![ResourcesUlimits { name: Some("core".into()), soft: Some(0), hard: Some(0) }]),
        log_config: Some(HostConfigLogConfig { typ: Some("none".into()), config: None }),
        init: Some(false),
        auto_remove: Some(true),
        tmpfs: Some(tmpfs(plan)),
        mounts: Some(mounts(plan)),
        ..Default::default()
    }
}

fn tmpfs(plan: &Plan<'_>) -> HashMap<String, String> {
    let (uid, gid) = plan.user;
    let folders = plan.nodes.iter().filter_map(|node| {
        let options = match &node.kind {
            NodeKind::Tmpfs { bytes, mode } => format!("size={bytes},mode={mode:o}"),
            // It is made where nothing else can be written.
            NodeKind::Folder => "size=1g,mode=755".into(),
            NodeKind::Mask if node.target.is_dir() => {
                return Some((path(&node.target), "size=4k,mode=555,ro".into()));
            }
            _ => return None,
        };
        // Docker's own `noexec` would forbid what tests compile there. Inodes are kernel memory: bound them, generously.
        Some((path(&node.target), format!("{options},uid={uid},gid={gid},nr_inodes=400k,nosuid,nodev,exec")))
    });
    folders.collect()
}

fn mounts(plan: &Plan<'_>) -> Vec<Mount> {
    let mounted = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut mounts = Vec::new();
    for (host, inside) in &plan.program.mounts {
        mounts.push(bind(host, inside, false));
    }
    // Docker would show the host's.
    mounts.push(bind(Path::new("/dev/null"), Path::new("/etc/resolv.conf"), false));
    for node in plan.nodes {
        match &node.kind {
            // Docker shows all of `/sys`, read-only.
            NodeKind::Bind { .. } if node.target.starts_with("/sys") => {}
            NodeKind::Bind { source, writable } => {
                mounts.push(bind(source, &node.target, *writable));
                for below in mount_points_below(&mounted, source) {
                    let rest = below.strip_prefix(source).expect("it was found below").to_path_buf();
                    mounts.push(bind(&below, &node.target.join(rest), *writable));
                }
            }
            NodeKind::Mask if node.target.is_file() => {
                mounts.push(bind(Path::new("/dev/null"), &node.target, false));
            }
            _ => {}
        }
    }
    mounts
}

/// One file system only: a mount below it would stay writable, because older daemons make just the top read-only.
fn bind(source: &Path, target: &Path, writable: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(path(source)),
        target: Some(path(target)),
        read_only: Some(!writable),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::PRIVATE),
            non_recursive: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Where other file systems are mounted below a folder.
fn mount_points_below(mounted: &str, folder: &Path) -> Vec<PathBuf> {
    let points =
        mounted.lines().filter_map(|line| line.split(' ').nth(4)).map(|point| point.replace("\\040", " "));
    let mut below: Vec<PathBuf> =
        points.map(PathBuf::from).filter(|point| point.starts_with(folder) && point != folder).collect();
    below.sort();
    below.dedup();
    below
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_below_a_folder_are_found() {
        let mounted = "21 1 8:1 / / rw - ext4 /dev/sda rw\n\
                       22 21 8:2 / /usr rw - ext4 /dev/sdb rw\n\
                       23 22 8:3 / /usr/my\\040share rw - ext4 /dev/sdc rw\n\
                       24 21 8:4 / /usrlocal rw - ext4 /dev/sdd rw\n";
        assert_eq!(mount_points_below(mounted, Path::new("/usr")), [Path::new("/usr/my share")]);
        assert!(mount_points_below(mounted, Path::new("/home")).is_empty());
    }
}
