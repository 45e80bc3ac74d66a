//! `argocd.cluster`: a further cluster that Argo CD may go to; a Secret that it knows by its label.

use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, ResourceSchema};

const CONFIG: &[Attribute] = &[
    Attribute::string("bearer_token", "Token of a service account."),
    Attribute::string("username", "User."),
    Attribute::string("password", "Password."),
    Attribute::object(
        "tls_client_config",
        &[
            Attribute::string("ca_data", "The API server's CA, in base64."),
            Attribute::string("cert_data", "Client certificate, in base64."),
            Attribute::string("key_data", "Its key, in base64."),
            Attribute::string("server_name", "Name that the API server's certificate must have."),
            Attribute::boolean("insecure", "Whether any certificate is trusted."),
        ],
        "Certificates.",
    ),
    Attribute::object(
        "aws_auth_config",
        &[
            Attribute::string("cluster_name", "Name of the EKS cluster."),
            Attribute::string("role_arn", "Role to take on.").vendor("roleARN"),
            Attribute::string("profile", "Profile."),
        ],
        "Credentials of AWS.",
    ),
    Attribute::object(
        "exec_provider_config",
        &[
            Attribute::string("command", "The program, in Argo CD's image.").required(),
            Attribute::strings("args", "Its arguments."),
            Attribute::string_map("env", "Its environment."),
            Attribute::string("api_version", "Version of the credential."),
            Attribute::string("install_hint", "What is said when it is missing."),
        ],
        "A program that prints credentials.",
    ),
    Attribute::string("proxy_url", "Proxy."),
    Attribute::boolean("disable_compression", "Whether answers are not compressed."),
];

const SCHEMA: ResourceSchema = object(
    "cluster",
    "A further cluster that applications may go to, with its credentials, which are sealed in the state and never shown.",
    object_attributes![secret;
        Attribute::string("server", "Address of its API.").required(),
        Attribute::string("cluster_name", "Its name in Argo CD.").vendor("stringData.name").required(),
        Attribute::object("config", CONFIG, "How it is reached.").secret().default(Preset::Json("{}")),
        Attribute::string("namespaces", "Only these namespaces, with commas between."),
        Attribute::boolean("cluster_resources", "Whether objects outside of namespaces are managed, with `namespaces`."),
        Attribute::reference("project", &["argocd.project"], "Only for this project."),
        Attribute::int("shard", "Which controller watches it."),
        Attribute::new("cluster_labels", AttributeType::Map(&AttributeType::String), "Labels, for generators of application sets.")
            .vendor("metadata.labels"),
    ],
);

pub(crate) const CLUSTER: Kind =
    Kind::new(&SCHEMA, "v1", "Secret", "stringData").labelled("argocd.argoproj.io/secret-type", "cluster");
