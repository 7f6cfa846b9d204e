//! The system calls that nothing inside needs and that open ways out or into the kernel.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::error::{Step, StepError};

/// Refused with `EPERM`, whatever the arguments.
const REFUSED: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// `open_tree_attr`, the newest of the mount family (Linux 6.15); `libc` has no name for it yet.
const OPEN_TREE_ATTR: i64 = 467;

/// Every `CLONE_NEW…` flag that `clone` takes.
const NAMESPACE_FLAGS: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Socket families that stay: everything inside talks to itself through them.
const SOCKET_FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// On x86-64 every call has a twin number with this bit (the x32 ABI), which a filter must name as well.
#[cfg(target_arch = "x86_64")]
const TWIN: Option<i64> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const TWIN: Option<i64> = None;

/// Puts the filters in force for this process and all it starts. `no_new_privs` must be set before.
pub(crate) fn apply() -> Result<(), StepError> {
    for program in programs().step("compile the system call filter")? {
        seccompiler::apply_filter(&program).step("install the system call filter")?;
    }
    Ok(())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn programs() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let mut refused: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    refused.insert(OPEN_TREE_ATTR, Vec::new());
    refused.insert(libc::SYS_clone, namespaces()?);
    refused.insert(libc::SYS_socket, vec![SeccompRule::new(other_families()?)?]);
    refused.insert(libc::SYS_ioctl, terminal_injection()?);

    // A filter cannot look into the structure that `clone3` points to: programs then fall back to `clone`.
    let missing: Rules = [(libc::SYS_clone3, Vec::new())].into();

    Ok([compile(refused, libc::EPERM)?, compile(missing, libc::ENOSYS)?])
}

fn namespaces() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    NAMESPACE_FLAGS
        .iter()
        .map(|flag| {
            let flag = u64::from(flag.cast_unsigned());
            SeccompRule::new(vec![SeccompCondition::new(0, Len::Qword, Op::MaskedEq(flag), flag)?])
        })
        .collect()
}

fn other_families() -> Result<Vec<SeccompCondition>, seccompiler::BackendError> {
    SOCKET_FAMILIES
        .iter()
        .map(|family| SeccompCondition::new(0, Len::Dword, Op::Ne, u64::from(family.cast_unsigned())))
        .collect()
}

fn terminal_injection() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    [libc::TIOCSTI, libc::TIOCLINUX]
        .iter()
        .map(|request| SeccompRule::new(vec![SeccompCondition::new(1, Len::Dword, Op::Eq, *request)?]))
        .collect()
}

fn compile(mut rules: Rules, errno: i32) -> Result<BpfProgram, seccompiler::BackendError> {
    if let Some(twin) = TWIN {
        let twins: Rules = rules.iter().map(|(call, rules)| (call | twin, rules.clone())).collect();
        rules.extend(twins);
    }
    let architecture = std::env::consts::ARCH.try_into()?;
    let refuse = SeccompAction::Errno(errno.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?.try_into()
}
