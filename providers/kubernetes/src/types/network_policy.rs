//! `kubernetes.network_policy`.

use super::{any, meta, objects, one_of};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};

const PEER: &[Attribute] = &[
    Attribute::object("pod_selector", meta::LABEL_SELECTOR, "Pods with these labels; `{}` is all."),
    Attribute::object("namespace_selector", meta::LABEL_SELECTOR, "Namespaces with these labels; `{}` is all."),
    Attribute::object(
        "ip_block",
        &[
            Attribute::new("cidr", AttributeType::Cidr, "The range.").required(),
            Attribute::new("except", AttributeType::List(&AttributeType::Cidr), "Without these ranges in it."),
        ],
        "Addresses, instead of pods.",
    ),
];

const PORT: &[Attribute] = &[
    any!("port", "Number or name of the port; absent means all."),
    Attribute::int("end_port", "Last port of a range."),
    one_of!("protocol", ["TCP", "UDP", "SCTP"], "The protocol; TCP if absent."),
];

const SCHEMA: ResourceSchema = object(
    "network_policy",
    "Which connections pods may have.",
    object_attributes![namespaced;
        Attribute::object("pod_selector", meta::LABEL_SELECTOR, "Pods that it is for; `{}` is all.").required(),
        Attribute::new(
            "policy_types",
            AttributeType::List(&AttributeType::Enum(&["Ingress", "Egress"])),
            "Which directions it restricts.",
        ),
        objects!(
            "ingress",
            &[
                objects!("from", PEER, "Who may connect; absent means everybody."),
                objects!("ports", PORT, "To which ports; absent means all."),
            ],
            "What may come in; `[]` means nothing."
        ),
        objects!(
            "egress",
            &[
                objects!("to", PEER, "To whom; absent means everybody."),
                objects!("ports", PORT, "To which ports; absent means all."),
            ],
            "What may go out; `[]` means nothing."
        ),
    ],
);

pub(crate) const NETWORK_POLICY: Kind = Kind::new(&SCHEMA, "networking.k8s.io/v1", "NetworkPolicy", "spec");
