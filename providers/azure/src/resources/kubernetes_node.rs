//! What a node of AKS can be told of its kernel and its kubelet: for the pools of a cluster and for pools of their own.

use formwork_model::schema::{Attribute, AttributeType, Equality, Limit};

/// Settings of the kernel.
const SYSCTLS: &[Attribute] = &[
    Attribute::int("fs_aio_max_nr", "`fs.aio-max-nr`."),
    Attribute::int("fs_file_max", "`fs.file-max`."),
    Attribute::int("fs_inotify_max_user_watches", "`fs.inotify.max_user_watches`."),
    Attribute::int("fs_nr_open", "`fs.nr_open`."),
    Attribute::int("kernel_threads_max", "`kernel.threads-max`."),
    Attribute::int("net_core_netdev_max_backlog", "`net.core.netdev_max_backlog`."),
    Attribute::int("net_core_optmem_max", "`net.core.optmem_max`."),
    Attribute::int("net_core_rmem_default", "`net.core.rmem_default`."),
    Attribute::int("net_core_rmem_max", "`net.core.rmem_max`."),
    Attribute::int("net_core_somaxconn", "`net.core.somaxconn`."),
    Attribute::int("net_core_wmem_default", "`net.core.wmem_default`."),
    Attribute::int("net_core_wmem_max", "`net.core.wmem_max`."),
    Attribute::string("net_ipv4_ip_local_port_range", "`net.ipv4.ip_local_port_range`."),
    Attribute::int("net_ipv4_neigh_default_gc_thresh1", "`net.ipv4.neigh.default.gc_thresh1`."),
    Attribute::int("net_ipv4_neigh_default_gc_thresh2", "`net.ipv4.neigh.default.gc_thresh2`."),
    Attribute::int("net_ipv4_neigh_default_gc_thresh3", "`net.ipv4.neigh.default.gc_thresh3`."),
    Attribute::int("net_ipv4_tcp_fin_timeout", "`net.ipv4.tcp_fin_timeout`."),
    Attribute::int("net_ipv4_tcp_keepalive_probes", "`net.ipv4.tcp_keepalive_probes`."),
    Attribute::int("net_ipv4_tcp_keepalive_time", "`net.ipv4.tcp_keepalive_time`."),
    Attribute::int("net_ipv4_tcp_max_syn_backlog", "`net.ipv4.tcp_max_syn_backlog`."),
    Attribute::int("net_ipv4_tcp_max_tw_buckets", "`net.ipv4.tcp_max_tw_buckets`."),
    Attribute::boolean("net_ipv4_tcp_tw_reuse", "`net.ipv4.tcp_tw_reuse`."),
    Attribute::int("net_ipv4_tcp_keepalive_intvl", "`net.ipv4.tcp_keepalive_intvl`.")
        .vendor("netIpv4TcpkeepaliveIntvl")
        .limits(&[Limit::Range(10, 90)]),
    Attribute::int("net_netfilter_nf_conntrack_buckets", "`net.netfilter.nf_conntrack_buckets`.")
        .limits(&[Limit::Range(65536, 524288)]),
    Attribute::int("net_netfilter_nf_conntrack_max", "`net.netfilter.nf_conntrack_max`.")
        .limits(&[Limit::Range(131072, 2097152)]),
    Attribute::int("vm_max_map_count", "`vm.max_map_count`."),
    Attribute::int("vm_swappiness", "`vm.swappiness`."),
    Attribute::int("vm_vfs_cache_pressure", "`vm.vfs_cache_pressure`."),
];

/// Settings of the operating system.
pub(super) const LINUX_OS_CONFIG: &[Attribute] = &[
    Attribute::int("swap_file_size_mb", "Size of a swap file on each node, in MB.").vendor("swapFileSizeMB"),
    Attribute::object("sysctls", SYSCTLS, "Settings of the kernel, by their names."),
    Attribute::string(
        "transparent_huge_page_defrag",
        "When memory is compacted for huge pages: `always`, `defer`, `defer+madvise`, `madvise`, `never`.",
    ),
    Attribute::string("transparent_huge_page_enabled", "Which memory gets huge pages: `always`, `madvise`, `never`."),
];

/// Settings of the kubelet.
pub(super) const KUBELET_CONFIG: &[Attribute] = &[
    Attribute::strings("allowed_unsafe_sysctls", "Unsafe sysctls that pods may set; `*` at the end is a wildcard."),
    Attribute::int("container_log_max_files", "Log files kept for a container, at least 2.")
        .limits(&[Limit::Range(2, 1_000_000)]),
    Attribute::int("container_log_max_size_mb", "Size at which a log file is rotated, in MB.")
        .vendor("containerLogMaxSizeMB"),
    Attribute::boolean("cpu_cfs_quota", "Whether CPU limits are enforced."),
    Attribute::string("cpu_cfs_quota_period", "Period of the CPU limit, such as `100ms`."),
    Attribute::string("cpu_manager_policy", "Whether pods get processors of their own: `none`, `static`."),
    Attribute::boolean("fail_swap_on", "Whether the kubelet refuses to start where there is swap."),
    Attribute::int("image_gc_high_threshold", "Disk use at which images are collected, in percent."),
    Attribute::int("image_gc_low_threshold", "Disk use down to which images are collected, in percent."),
    Attribute::int("pod_max_pids", "Processes that a pod may have."),
    Attribute::string(
        "topology_manager_policy",
        "How processors and devices are placed together: `none`, `best-effort`, `restricted`, `single-numa-node`.",
    ),
];

const HOST_PORT: &[Attribute] = &[
    Attribute::int("port_start", "First port.").limits(&[Limit::Range(1, 65535)]),
    Attribute::int("port_end", "Last port.").limits(&[Limit::Range(1, 65535)]),
    Attribute::new("protocol", AttributeType::Enum(&["TCP", "UDP"]), "Protocol."),
];

const PUBLIC_IP_TAG: &[Attribute] = &[
    Attribute::string("ip_tag_type", "Kind of tag, such as `RoutingPreference`."),
    Attribute::string("tag", "Its value, such as `Internet`."),
];

/// What nodes have on the network.
pub(super) const NETWORK: &[Attribute] = &[
    Attribute::new(
        "allowed_host_ports",
        AttributeType::List(&AttributeType::Object(HOST_PORT)),
        "Ports of the nodes that may be reached.",
    )
    .equality(Equality::EmptyIsAbsent),
    Attribute::strings("application_security_groups", "Ids of application security groups.")
        .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "node_public_ip_tags",
        AttributeType::List(&AttributeType::Object(PUBLIC_IP_TAG)),
        "Tags of the nodes' public addresses.",
    )
    .vendor("nodePublicIPTags")
    .equality(Equality::EmptyIsAbsent),
];

/// How nodes are replaced.
pub(super) const UPGRADE: &[Attribute] = &[
    Attribute::int("drain_timeout_in_minutes", "How long a node may take to drain, 1 to 1440 minutes.")
        .optional_computed()
        .limits(&[Limit::Range(1, 1440)]),
    Attribute::string(
        "max_surge",
        "Nodes beyond the pool's size while it is upgraded: a number, or a share such as `33%`.",
    )
    .optional_computed(),
    Attribute::int("node_soak_duration_in_minutes", "Pause after each node, 0 to 30 minutes.")
        .optional_computed()
        .limits(&[Limit::Range(0, 30)]),
];

/// Secure boot.
pub(super) const SECURITY: &[Attribute] = &[
    Attribute::boolean("enable_secure_boot", "Whether only signed code boots.").optional_computed(),
    Attribute::boolean("enable_vtpm", "Whether nodes have a virtual TPM.").vendor("enableVTPM").optional_computed(),
];

/// Fields of a pool. `$p` stands before vendor paths; the first and the last ones are the caller's.
macro_rules! pool_fields {
    ($p:literal; $($first:expr,)* ; $($last:expr,)*) => {
        &[
            $($first,)*
            Attribute::new("mode", AttributeType::Enum(&["System", "User"]), "`System` pools carry the cluster's own pods; each cluster needs one.")
                .optional_computed(),
            Attribute::string("vm_size", "Size of the nodes, such as `Standard_D4s_v5`. Another size replaces the pool.")
                .optional_computed()
                .create_only(),
            Attribute::int("count", "Number of nodes. With autoscaling it is the autoscaler's: leave it out.")
                .optional_computed()
                .limits(&[Limit::Range(0, 1000)]),
            Attribute::boolean("enable_auto_scaling", "Whether the number of nodes follows the load.").default_bool(false),
            Attribute::int("min_count", "Least number of nodes, with autoscaling.").limits(&[Limit::Range(0, 1000)]),
            Attribute::int("max_count", "Largest number of nodes, with autoscaling.").limits(&[Limit::Range(0, 1000)]),
            Attribute::new("availability_zones", AttributeType::Set(&AttributeType::String), "Zones of the nodes, such as `[\"1\", \"2\", \"3\"]`.")
                .create_only()
                .equality(Equality::EmptyIsAbsent),
            Attribute::string("orchestrator_version", "Kubernetes version of the nodes; else the cluster's.").optional_computed(),
            Attribute::new("os_type", AttributeType::Enum(&["Linux", "Windows"]), "Operating system.")
                .default_string("Linux")
                .create_only(),
            Attribute::new("os_sku", AttributeType::Enum(&["Ubuntu", "AzureLinux", "CBLMariner", "Windows2019", "Windows2022"]), "Distribution.")
                .vendor(concat!($p, "osSKU"))
                .optional_computed(),
            Attribute::int("os_disk_size_gb", "Size of the system disk, in GB.")
                .vendor(concat!($p, "osDiskSizeGB"))
                .optional_computed()
                .create_only()
                .limits(&[Limit::Range(0, 2048)]),
            Attribute::new("os_disk_type", AttributeType::Enum(&["Managed", "Ephemeral"]), "Whether the system disk outlives the node.")
                .optional_computed()
                .create_only(),
            Attribute::new("kubelet_disk_type", AttributeType::Enum(&["OS", "Temporary"]), "Where images and volumes of pods lie.")
                .optional_computed(),
            Attribute::int("max_pods", "Pods that a node can carry.").optional_computed().create_only().limits(&[Limit::Range(10, 250)]),
            Attribute::reference("vnet_subnet", &["azure.subnet"], "Subnet of the nodes.")
                .vendor(concat!($p, "vnetSubnetID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::reference("pod_subnet", &["azure.subnet"], "Subnet of the pods, where they have one of their own.")
                .vendor(concat!($p, "podSubnetID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::string_map("node_labels", "Labels of the nodes.").equality(Equality::EmptyIsAbsent),
            Attribute::strings("node_taints", "Taints of the nodes, such as `sku=gpu:NoSchedule`.").equality(Equality::EmptyIsAbsent),
            Attribute::boolean("enable_node_public_ip", "Whether each node has a public address.")
                .vendor(concat!($p, "enableNodePublicIP"))
                .default_bool(false),
            Attribute::string("node_public_ip_prefix", "Id of the prefix that the nodes' public addresses come from.")
                .vendor(concat!($p, "nodePublicIPPrefixID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::boolean("enable_encryption_at_host", "Whether disks are encrypted on the host.").create_only().optional_computed(),
            Attribute::boolean("enable_fips", "Whether nodes use FIPS-validated cryptography.").vendor(concat!($p, "enableFIPS")).default_bool(false),
            Attribute::boolean("enable_ultra_ssd", "Whether nodes can use ultra disks.")
                .vendor(concat!($p, "enableUltraSSD"))
                .create_only()
                .optional_computed(),
            Attribute::new("gpu_instance_profile", AttributeType::Enum(&["MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"]), "How a GPU is split.")
                .create_only(),
            Attribute::new("scale_set_priority", AttributeType::Enum(&["Regular", "Spot"]), "Whether nodes are spare capacity that may be taken away.")
                .create_only()
                .optional_computed(),
            Attribute::new("scale_set_eviction_policy", AttributeType::Enum(&["Delete", "Deallocate"]), "What becomes of a spot node that is taken away.")
                .create_only()
                .optional_computed(),
            Attribute::new("spot_max_price", AttributeType::Float, "Most that is paid for a spot node an hour, in US dollars; -1 for the usual price.")
                .optional_computed(),
            Attribute::new("scale_down_mode", AttributeType::Enum(&["Delete", "Deallocate"]), "What becomes of a node when the pool shrinks.")
                .default_string("Delete"),
            Attribute::new("type", AttributeType::Enum(&["VirtualMachineScaleSets", "AvailabilitySet"]), "What the pool is made of.")
                .vendor(concat!($p, "type"))
                .default_string("VirtualMachineScaleSets")
                .create_only(),
            Attribute::new("workload_runtime", AttributeType::Enum(&["OCIContainer", "WasmWasi"]), "What the nodes run.").optional_computed(),
            Attribute::object("upgrade_settings", kubernetes_node::UPGRADE, "How nodes are replaced.").optional_computed(),
            Attribute::object("security_profile", kubernetes_node::SECURITY, "What boots.").optional_computed(),
            Attribute::object("network_profile", kubernetes_node::NETWORK, "Ports and addresses of the nodes.").optional_computed(),
            Attribute::object("kubelet_config", kubernetes_node::KUBELET_CONFIG, "Settings of the kubelet.").create_only(),
            Attribute::object("linux_os_config", kubernetes_node::LINUX_OS_CONFIG, "Settings of Linux.")
                .vendor(concat!($p, "linuxOSConfig"))
                .create_only(),
            Attribute::object(
                "windows_profile",
                &[Attribute::boolean("disable_outbound_nat", "Whether pods go out under their own address.")],
                "Settings of Windows.",
            )
            .create_only(),
            Attribute::string("capacity_reservation_group", "Id of a capacity reservation group.")
                .vendor(concat!($p, "capacityReservationGroupID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::string("host_group", "Id of a dedicated host group.")
                .vendor(concat!($p, "hostGroupID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::string("proximity_placement_group", "Id of a proximity placement group.")
                .vendor(concat!($p, "proximityPlacementGroupID"))
                .create_only()
                .equality(Equality::CaseInsensitive),
            Attribute::object(
                "creation_data",
                &[Attribute::string("source_resource_id", "Id of a snapshot that the pool is made from.").equality(Equality::CaseInsensitive)],
                "What the pool is made from.",
            )
            .create_only(),
            Attribute::object(
                "power_state",
                &[Attribute::new("code", AttributeType::Enum(&["Running", "Stopped"]), "Whether nodes run.").optional_computed()],
                "Whether the pool runs.",
            )
            .optional_computed(),
            $($last,)*
        ]
    };
}

pub(super) use pool_fields;
