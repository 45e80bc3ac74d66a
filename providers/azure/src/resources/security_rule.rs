//! `azure.security_rule`: a rule of a network security group. The same fields stand in the group's `security_rules`.

use crate::resource::{ArmType, Hooks, Listing, Scope};
use crate::schema::{FULL, ID, NETWORK_NAME, choice, name, parent, refer, texts, versions};
use crate::validate::{Findings, is_set};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_model::{AttributePath, ValueRef};

/// The fields of a rule, alone and in its group.
macro_rules! fields {
    ($($first:expr,)*) => {
        &[
            $($first,)*
            Attribute::int("priority", "Lower ones come first; unique among the rules of a direction.")
                .vendor("properties.priority")
                .required()
                .limits(&[Limit::Range(100, 4096)]),
            choice("direction", &["Inbound", "Outbound"], "Which traffic is judged.")
                .vendor("properties.direction")
                .required(),
            choice("access", &["Allow", "Deny"], "What happens to it.").vendor("properties.access").required(),
            choice("protocol", &["*", "Tcp", "Udp", "Icmp", "Esp", "Ah"], "Protocol; `*` for any.")
                .vendor("properties.protocol")
                .required(),
            Attribute::string("source_address_prefix", "Range, service tag such as `Internet`, or `*`.")
                .vendor("properties.sourceAddressPrefix"),
            texts("source_address_prefixes", "Ranges or service tags, where there are several.")
                .vendor("properties.sourceAddressPrefixes"),
            refer("source_application_security_groups", &AttributeType::String,
                "properties.sourceApplicationSecurityGroups[].id", "Ids of application security groups."),
            Attribute::string("source_port_range", "Port, range such as `1024-65535`, or `*`.")
                .vendor("properties.sourcePortRange"),
            texts("source_port_ranges", "Ports or ranges, where there are several.")
                .vendor("properties.sourcePortRanges"),
            Attribute::string("destination_address_prefix", "Range, service tag such as `VirtualNetwork`, or `*`.")
                .vendor("properties.destinationAddressPrefix"),
            texts("destination_address_prefixes", "Ranges or service tags, where there are several.")
                .vendor("properties.destinationAddressPrefixes"),
            refer("destination_application_security_groups", &AttributeType::String,
                "properties.destinationApplicationSecurityGroups[].id", "Ids of application security groups."),
            Attribute::string("destination_port_range", "Port, range, or `*`.")
                .vendor("properties.destinationPortRange"),
            texts("destination_port_ranges", "Ports or ranges, where there are several.")
                .vendor("properties.destinationPortRanges"),
            Attribute::string("description", "Why it is there.")
                .vendor("properties.description")
                .equality(Equality::EmptyIsAbsent)
                .limits(&[Limit::Length(0, 140)]),
        ]
    };
}

/// The fields of a rule within its group.
pub(crate) const EMBEDDED: &[Attribute] = fields![Attribute::string("name", "Unique in the group.").required(),];

const RULE: &[Attribute] = fields![
    name("Unique in the group.", NETWORK_NAME),
    parent("network_security_group", &["azure.network_security_group"], "The group that it is a part of."),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "security_rule",
    "A rule of a network security group (`Microsoft.Network/networkSecurityGroups/securityRules`).",
)
.attributes(RULE)
.recognised_by(Recognition::NaturalKey)
.usually_takes_s(3)
.import_help("the rule's id, `…/networkSecurityGroups/NAME/securityRules/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.Network/networkSecurityGroups/securityRules",
    versions::NETWORK,
    Scope::Child("network_security_group"),
)
.with_listing(Listing::embedded("Microsoft.Network/networkSecurityGroups", "properties.securityRules"))
.serialised()
.with_hooks(&Rule);

struct Rule;

/// What names one side of a rule: one of these must be set.
const SIDES: &[(&str, &[&str])] = &[
    ("a source", &["source_address_prefix", "source_address_prefixes", "source_application_security_groups"]),
    ("a source port", &["source_port_range", "source_port_ranges"]),
    (
        "a destination",
        &["destination_address_prefix", "destination_address_prefixes", "destination_application_security_groups"],
    ),
    ("a destination port", &["destination_port_range", "destination_port_ranges"]),
];

impl Hooks for Rule {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        for (what, names) in SIDES {
            let first = names.first().copied().unwrap_or_default();
            if !names.iter().any(|name| is_set(config, name)) {
                let help = format!("write `{first} = \"*\"` for any");
                findings.error(AttributePath::root(), format!("the rule does not say {what}"), help);
            }
        }
    }
}
