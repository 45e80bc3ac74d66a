//! `kubernetes.ingress`.

use super::{objects, one_of};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const BACKEND: &[Attribute] = &[
    Attribute::object(
        "service",
        &[
            Attribute::string("name", "Its name.").required(),
            Attribute::object(
                "port",
                &[Attribute::int("number", "Its number."), Attribute::string("name", "Or its name.")],
                "Its port.",
            ),
        ],
        "A service.",
    ),
    Attribute::object(
        "resource",
        &[
            Attribute::string("api_group", "Its group."),
            Attribute::string("kind", "Its kind.").required(),
            Attribute::string("name", "Its name.").required(),
        ],
        "Another object, instead of a service.",
    ),
];

const PATH: &[Attribute] = &[
    Attribute::string("path", "The path, beginning with `/`."),
    one_of!("path_type", ["Exact", "Prefix", "ImplementationSpecific"], "How paths are compared.").required(),
    Attribute::object("backend", BACKEND, "Where it leads.").required(),
];

const RULE: &[Attribute] = &[
    Attribute::string("host", "The host; absent means all."),
    Attribute::object("http", &[objects!("paths", PATH, "The paths.").required()], "Where paths lead."),
];

const SCHEMA: ResourceSchema = object(
    "ingress",
    "HTTP from outside to services, by host and path.",
    object_attributes![namespaced;
        Attribute::string("ingress_class_name", "Which controller serves it."),
        Attribute::object("default_backend", BACKEND, "Where everything else leads."),
        objects!(
            "tls",
            &[
                Attribute::strings("hosts", "Hosts of the certificate."),
                Attribute::string("secret_name", "Secret with the certificate."),
            ],
            "Certificates."
        ),
        objects!("rules", RULE, "Hosts and paths."),
    ],
);

pub(crate) const INGRESS: Kind = Kind::new(&SCHEMA, "networking.k8s.io/v1", "Ingress", "spec");
