//! What a person can do when the kernel or the host's settings stand in the way.

use std::fs;

use crate::Tier;

/// Why namespaces may be refused here, and the way out.
pub(crate) fn for_namespaces() -> String {
    let setting = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").is_some_and(|value| value == "1") {
        return "AppArmor lets only known programs create user namespaces: install `bubblewrap` \
                (`apt-get install bubblewrap`) and try again"
            .into();
    }
    if setting("/proc/sys/kernel/unprivileged_userns_clone").is_some_and(|value| value == "0") {
        return "allow user namespaces: `sysctl -w kernel.unprivileged_userns_clone=1`".into();
    }
    if setting("/proc/sys/user/max_user_namespaces").is_some_and(|value| value == "0") {
        return "allow user namespaces: `sysctl -w user.max_user_namespaces=10000`".into();
    }
    if fs::exists("/.dockerenv").unwrap_or(false) || fs::exists("/run/.containerenv").unwrap_or(false) {
        return "squad seems to run in a container that forbids namespaces: start it with `--privileged`, or with \
                `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`"
            .into();
    }
    "Linux 5.12 or newer with user namespaces is needed".into()
}

/// What a person can do when containers run and do not hold.
pub(crate) fn for_containers(tier: Tier) -> String {
    if tier == Tier::Gvisor {
        return "install a current gVisor (https://gvisor.dev/docs/user_guide/install) and register it without \
                `--ignore-cgroups` (`runsc install` as root, then restart Docker)"
            .into();
    }
    "see that `docker run` works for this user, and that `docker info` warns of no limit that is not supported".into()
}
