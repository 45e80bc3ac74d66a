//! As whom pods and containers run, and what they may.

use super::{objects, one_of};
use formwork_model::schema::Attribute;

const SELINUX: &[Attribute] = &[
    Attribute::string("user", "User."),
    Attribute::string("role", "Role."),
    Attribute::string("type", "Type."),
    Attribute::string("level", "Level."),
];

const PROFILE: &[Attribute] = &[
    one_of!("type", ["RuntimeDefault", "Unconfined", "Localhost"], "Which profile.").required(),
    Attribute::string("localhost_profile", "The node's profile."),
];

const WINDOWS: &[Attribute] = &[
    Attribute::string("gmsa_credential_spec_name", "Name of the credentials."),
    Attribute::string("gmsa_credential_spec", "The credentials."),
    Attribute::string("run_as_user_name", "User."),
    Attribute::boolean("host_process", "Whether it runs as a process of the node."),
];

/// Of a pod.
pub(crate) const POD: &[Attribute] = &[
    Attribute::int("run_as_user", "User id."),
    Attribute::int("run_as_group", "Group id."),
    Attribute::boolean("run_as_non_root", "Whether root is refused."),
    Attribute::int("fs_group", "Group of volumes."),
    one_of!("fs_group_change_policy", ["OnRootMismatch", "Always"], "When the group of volumes is set."),
    Attribute::new(
        "supplemental_groups",
        formwork_model::schema::AttributeType::List(&formwork_model::schema::AttributeType::Int),
        "Further groups.",
    ),
    one_of!("supplemental_groups_policy", ["Merge", "Strict"], "Whether the image's groups count."),
    Attribute::object("seccomp_profile", PROFILE, "Which system calls it may make."),
    Attribute::object("app_armor_profile", PROFILE, "AppArmor's profile."),
    Attribute::object("se_linux_options", SELINUX, "SELinux's context."),
    one_of!("se_linux_change_policy", ["MountOption", "Recursive"], "How volumes get SELinux's context.")
        .vendor("seLinuxChangePolicy"),
    objects!(
        "sysctls",
        &[Attribute::string("name", "Its name.").required(), Attribute::string("value", "Its value.").required()],
        "Settings of the kernel."
    ),
    Attribute::object("windows_options", WINDOWS, "On Windows."),
];

/// Of a container.
pub(crate) const CONTAINER: &[Attribute] = &[
    Attribute::int("run_as_user", "User id."),
    Attribute::int("run_as_group", "Group id."),
    Attribute::boolean("run_as_non_root", "Whether root is refused."),
    Attribute::boolean("read_only_root_filesystem", "Whether its own files cannot be written."),
    Attribute::boolean("allow_privilege_escalation", "Whether it may gain rights."),
    Attribute::boolean("privileged", "Whether it may do everything on the node."),
    Attribute::object(
        "capabilities",
        &[Attribute::strings("add", "It may."), Attribute::strings("drop", "It may not; `ALL` for all.")],
        "Rights of root, one by one.",
    ),
    Attribute::object("seccomp_profile", PROFILE, "Which system calls it may make."),
    Attribute::object("app_armor_profile", PROFILE, "AppArmor's profile."),
    Attribute::object("se_linux_options", SELINUX, "SELinux's context."),
    one_of!("proc_mount", ["Default", "Unmasked"], "What it sees of `/proc`."),
    Attribute::object("windows_options", WINDOWS, "On Windows."),
];
