//! The containers of a pod.

use super::{any, objects, one_of, security};
use crate::quantity::QUANTITY;
use formwork_model::schema::Attribute;

const KEY: &[Attribute] = &[
    Attribute::string("name", "Name of the object.").required(),
    Attribute::string("key", "The key in it.").required(),
    Attribute::boolean("optional", "Whether it may be missing."),
];

const ENV: &[Attribute] = &[
    Attribute::string("name", "Name of the variable.").required(),
    Attribute::string("value", "Its value."),
    Attribute::object(
        "value_from",
        &[
            Attribute::object("config_map_key_ref", KEY, "From a config map."),
            Attribute::object("secret_key_ref", KEY, "From a secret."),
            Attribute::object(
                "field_ref",
                &[
                    Attribute::string("field_path", "The field, such as `metadata.name`.").required(),
                    Attribute::string("api_version", "Version of the field's form."),
                ],
                "From the pod.",
            ),
            Attribute::object(
                "resource_field_ref",
                &[
                    Attribute::string("resource", "The resource, such as `limits.memory`.").required(),
                    Attribute::string("container_name", "Of which container."),
                    Attribute::string("divisor", "In which unit.").limits(QUANTITY),
                ],
                "From what a container may use.",
            ),
        ],
        "From where its value comes.",
    ),
];

const SOURCE: &[Attribute] = &[
    Attribute::string("name", "Name of the object.").required(),
    Attribute::boolean("optional", "Whether it may be missing."),
];

const PORT: &[Attribute] = &[
    Attribute::int("container_port", "Its number.").required(),
    Attribute::string("name", "Its name, for services."),
    one_of!("protocol", ["TCP", "UDP", "SCTP"], "The protocol; TCP if absent."),
    Attribute::int("host_port", "Port of the node."),
    Attribute::string("host_ip", "Address of the node.").vendor("hostIP"),
];

const HTTP_GET: &[Attribute] = &[
    any!("port", "Number or name of the port.").required(),
    Attribute::string("path", "The path."),
    Attribute::string("host", "The host; the pod if absent."),
    one_of!("scheme", ["HTTP", "HTTPS"], "The scheme; HTTP if absent."),
    objects!(
        "http_headers",
        &[Attribute::string("name", "Its name.").required(), Attribute::string("value", "Its value.").required()],
        "Headers."
    ),
];

const TCP_SOCKET: &[Attribute] = &[
    any!("port", "Number or name of the port.").required(),
    Attribute::string("host", "The host; the pod if absent."),
];

const EXEC: &[Attribute] = &[Attribute::strings("command", "Program and arguments; 0 is good.")];

const PROBE: &[Attribute] = &[
    Attribute::object("http_get", HTTP_GET, "A request; 200 to 399 is good."),
    Attribute::object("tcp_socket", TCP_SOCKET, "A connection."),
    Attribute::object("exec", EXEC, "A program in the container."),
    Attribute::object(
        "grpc",
        &[
            Attribute::int("port", "The port.").required(),
            Attribute::string("service", "The service that is asked for."),
        ],
        "gRPC's health check.",
    ),
    Attribute::int("initial_delay_seconds", "When it begins."),
    Attribute::int("period_seconds", "How often."),
    Attribute::int("timeout_seconds", "How long it may take."),
    Attribute::int("success_threshold", "So often good in a row is good."),
    Attribute::int("failure_threshold", "So often bad in a row is bad."),
    Attribute::int("termination_grace_period_seconds", "How long the container may take to end then."),
];

const HANDLER: &[Attribute] = &[
    Attribute::object("exec", EXEC, "A program in the container."),
    Attribute::object("http_get", HTTP_GET, "A request."),
    Attribute::object("tcp_socket", TCP_SOCKET, "A connection."),
    Attribute::object("sleep", &[Attribute::int("seconds", "For so long.").required()], "A pause."),
];

const MOUNT: &[Attribute] = &[
    Attribute::string("name", "The volume.").required(),
    Attribute::string("mount_path", "Where it is seen.").required(),
    Attribute::string("sub_path", "Only this path of it."),
    Attribute::string("sub_path_expr", "The same, with variables."),
    Attribute::boolean("read_only", "Whether it cannot be written."),
    one_of!(
        "recursive_read_only",
        ["Disabled", "IfPossible", "Enabled"],
        "Whether what is mounted in it cannot be written, either."
    ),
    one_of!("mount_propagation", ["None", "HostToContainer", "Bidirectional"], "Who sees mounts in it."),
];

const RESOURCES: &[Attribute] = &[
    Attribute::string_map("requests", "What is kept for it: `{ cpu = \"100m\", memory = \"128Mi\" }`.")
        .limits(QUANTITY),
    Attribute::string_map("limits", "What it may use at most.").limits(QUANTITY),
    objects!(
        "claims",
        &[Attribute::string("name", "The pod's claim.").required(), Attribute::string("request", "One request of it."),],
        "Devices of the pod's claims."
    ),
];

macro_rules! container {
    ($($more:expr),* $(,)?) => {
        &[
            Attribute::string("name", "Its name.").required(),
            Attribute::string("image", "The image; with a digest it can never change."),
            one_of!("image_pull_policy", ["Always", "IfNotPresent", "Never"], "When the image is pulled."),
            Attribute::strings("command", "The program, instead of the image's."),
            Attribute::strings("args", "Its arguments, instead of the image's."),
            Attribute::string("working_dir", "Where it starts."),
            objects!("env", ENV, "Variables."),
            objects!(
                "env_from",
                &[
                    Attribute::string("prefix", "Put before each name."),
                    Attribute::object("config_map_ref", SOURCE, "A config map."),
                    Attribute::object("secret_ref", SOURCE, "A secret."),
                ],
                "Variables from all keys of an object."
            ),
            objects!("ports", PORT, "Ports on which it listens."),
            Attribute::object("resources", RESOURCES, "What it needs and may use."),
            objects!(
                "resize_policy",
                &[
                    Attribute::string("resource_name", "`cpu` or `memory`.").required(),
                    one_of!("restart_policy", ["NotRequired", "RestartContainer"], "Whether it is started again.").required(),
                ],
                "What becomes of it when its resources change."
            ),
            objects!("volume_mounts", MOUNT, "Volumes that it sees."),
            objects!(
                "volume_devices",
                &[
                    Attribute::string("name", "The volume.").required(),
                    Attribute::string("device_path", "Where it is seen.").required(),
                ],
                "Volumes that it sees as devices."
            ),
            Attribute::object("startup_probe", PROBE, "Whether it has started; until then the others wait."),
            Attribute::object("readiness_probe", PROBE, "Whether it takes requests."),
            Attribute::object("liveness_probe", PROBE, "Whether it lives; else it is started again."),
            Attribute::object(
                "lifecycle",
                &[
                    Attribute::object("post_start", HANDLER, "Right after it started."),
                    Attribute::object("pre_stop", HANDLER, "Before it ends."),
                    Attribute::string("stop_signal", "The signal that ends it."),
                ],
                "What is done at its start and end.",
            ),
            Attribute::object("security_context", security::CONTAINER, "As whom it runs, and what it may."),
            Attribute::string("termination_message_path", "File with its last words."),
            one_of!("termination_message_policy", ["File", "FallbackToLogsOnError"], "Where its last words are."),
            Attribute::boolean("stdin", "Whether it has a standard input."),
            Attribute::boolean("stdin_once", "Whether that ends with the first client."),
            Attribute::boolean("tty", "Whether it has a terminal."),
            $($more,)*
        ]
    };
}

/// A container.
pub(crate) const CONTAINER: &[Attribute] = container![];

/// A container that runs before the others.
pub(crate) const INIT_CONTAINER: &[Attribute] =
    container![one_of!("restart_policy", ["Always"], "`Always`: it runs beside the others.")];
