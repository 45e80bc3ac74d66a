//! Record sets of public and private DNS zones: one type for each kind of record.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, id_text, name, parent, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

/// Names of record sets.
const RECORD_NAME: &[Limit] = &[
    Limit::Length(1, 253),
    Limit::Pattern(r"^(@|\*|(\*\.)?[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)$", "`@` for the zone itself, `*`, or labels"),
];

const NAME: Attribute = name("Name below the zone; `@` for the zone itself, `*` for any other.", RECORD_NAME);
const TTL_DOCS: &str = "How long resolvers keep it, in seconds.";
const TTL_LIMITS: &[Limit] = &[Limit::Range(1, 2_147_483_647)];
const METADATA: Attribute = Attribute::string_map("metadata", "Notes of your own, as record sets take no tags.")
    .equality(Equality::EmptyIsAbsent);
const FQDN: Attribute = Attribute::string("fqdn", "The whole name, with a point at its end.").computed();
const ADDRESSES: AttributeType = AttributeType::Set(&AttributeType::Ip);

/// A record set: attributes between the zone and the time to live, and where it is served.
macro_rules! record_set {
    ($type_name:literal, $zone:literal, $ttl:literal, $kind:literal, $version:expr, $docs:literal, [$($attribute:expr),* $(,)?]) => {
        const ATTRIBUTES: &[Attribute] = &[
            NAME,
            parent("zone", &[$zone], "The zone."),
            $($attribute,)*
            Attribute::int("ttl", TTL_DOCS).vendor($ttl).default_int(3600).limits(TTL_LIMITS),
            METADATA,
            ID,
            FQDN,
        ];
        /// The schema.
        pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new($type_name, $docs)
            .attributes(ATTRIBUTES)
            .recognised_by(Recognition::NaturalKey)
            .usually_takes_s(2)
            .import_help("the record set's id, `…/ZONE/TYPE/NAME`")
            .capabilities(FULL);
        /// The type.
        pub(crate) static RESOURCE: ArmType = ArmType::new(&SCHEMA, $kind, $version, Scope::Child("zone")).with_etag();
    };
}

/// `azure.private_dns_a_record`
pub(crate) mod private_a {
    use super::*;
    record_set!(
        "private_dns_a_record",
        "azure.private_dns_zone",
        "properties.ttl",
        "Microsoft.Network/privateDnsZones/A",
        versions::PRIVATE_DNS,
        "IPv4 addresses of a name in a private zone (`Microsoft.Network/privateDnsZones/A`).",
        [Attribute::new("ipv4_addresses", ADDRESSES, "The addresses.")
            .vendor("properties.aRecords[].ipv4Address")
            .required()]
    );
}

/// `azure.dns_a_record`
pub(crate) mod a {
    use super::*;
    record_set!(
        "dns_a_record",
        "azure.dns_zone",
        "properties.TTL",
        "Microsoft.Network/dnsZones/A",
        versions::DNS,
        "IPv4 addresses of a name in a zone (`Microsoft.Network/dnsZones/A`).",
        [
            Attribute::new("ipv4_addresses", ADDRESSES, "The addresses; none for an alias.")
                .vendor("properties.ARecords[].ipv4Address")
                .equality(Equality::EmptyIsAbsent),
            id_text(
                "target_resource",
                "properties.targetResource.id",
                "Id of an object whose address it is an alias of."
            ),
        ]
    );
}

/// `azure.dns_cname_record`
pub(crate) mod cname {
    use super::*;
    record_set!(
        "dns_cname_record",
        "azure.dns_zone",
        "properties.TTL",
        "Microsoft.Network/dnsZones/CNAME",
        versions::DNS,
        "Another name for a name in a zone (`Microsoft.Network/dnsZones/CNAME`).",
        [
            Attribute::string("cname", "The other name.").vendor("properties.CNAMERecord.cname"),
            id_text("target_resource", "properties.targetResource.id", "Id of an object that it is an alias of."),
        ]
    );
}

/// `azure.dns_txt_record`
pub(crate) mod txt {
    use super::*;
    record_set!(
        "dns_txt_record",
        "azure.dns_zone",
        "properties.TTL",
        "Microsoft.Network/dnsZones/TXT",
        versions::DNS,
        "Texts of a name in a zone (`Microsoft.Network/dnsZones/TXT`).",
        [Attribute::new(
            "txt_records",
            AttributeType::List(&AttributeType::List(&AttributeType::String)),
            "The texts; each is a list of parts of at most 255 characters.",
        )
        .vendor("properties.TXTRecords[].value")
        .required()
        .equality(Equality::Unordered)]
    );
}
