//! The lint of schemas finds each kind of mistake.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use formwork_model::schema::{
    Attribute, AttributeType, Default, Equality, ProviderSchema, ResourceSchema, Rule, SecretScheme,
};
use formwork_provider_api::schema_check::lint;

const BAD: ProviderSchema = ProviderSchema {
    name: "Bad",
    version: "1",
    docs: "",
    configuration: &[],
    configuration_rules: &[],
    resources: &[
        ResourceSchema::new("zebra", "A type.")
            .attributes(&[
                Attribute::string("id", "Id.").computed().create_only(),
                Attribute::string("badName", "Name."),
                Attribute::string("twice", "One."),
                Attribute::string("twice", "Two."),
                Attribute::string("silent", ""),
                Attribute::int("number", "Number.").default_string("three"),
                Attribute::new("json", AttributeType::Any, "Json.").default(Default::Json("{")),
                Attribute::string("needed", "Needed.").required().default_string("x"),
                Attribute::new("enumeration", AttributeType::Enum(&["a"]), "Enum.").default_string("b"),
                Attribute::reference("other", &["Bad.nothing"], "Reference."),
                Attribute::reference("loose", &["nothing"], "Reference."),
                Attribute::strings("keyed", "Keyed.").keyed_by(&["name"]),
                Attribute::int("cased", "Cased.").equality(Equality::CaseInsensitive),
                Attribute::new("same", AttributeType::SameAs("nobody"), "Same.").computed(),
                Attribute::object("block", &[Attribute::string("Inner", "Inner.")], "Block."),
            ])
            .identity(&["uid"])
            .natural_key("key")
            .timeouts(0, 1, 1)
            .version(0)
            .rules(&[Rule::AtMostOneOf(&["id", "ghost"])]),
        ResourceSchema::new("ant", "A type.").attributes(&[Attribute::string("id", "Id.").computed()]),
    ],
    data: &[],
    ephemerals: &[],
    secrets: &[
        SecretScheme { name: "a-safe", form: "NAME", example: "a-safe:x", docs: "", pattern: "[0-9]+", keyed: false },
        SecretScheme { name: "open", form: "NAME", example: "open:x", docs: "A safe.", pattern: "(", keyed: false },
    ],
};

#[test]
fn each_mistake_is_told() {
    let complaints = lint(&BAD).join("\n");
    let expected = [
        "Bad: `Bad` is not snake_case",
        "Bad: its docs are no sentence",
        "a-safe: `a-safe` is not snake_case",
        "a-safe: its docs are no sentence",
        "a-safe: its example does not match its pattern",
        "open: its pattern is none",
        "Bad.ant: resources must be sorted by name, each once",
        "Bad.zebra.id: computed attributes cannot be create-only or write-only",
        "`badName` is not snake_case",
        "Bad.zebra.twice: two attributes have this name",
        "Bad.zebra.silent: its docs are no sentence",
        "Bad.zebra.number: its default is a string, not int",
        "Bad.zebra.json: its default is no JSON: {",
        "Bad.zebra.needed: a default that can never hold",
        "Bad.zebra.enumeration: its default \"b\" is none of its values",
        "Bad.zebra.other: it refers to `Bad.nothing`, which does not exist",
        "Bad.zebra.loose: `nothing` is not `provider.type`",
        "Bad.zebra.keyed: element keys are for lists of objects",
        "Bad.zebra.cased: equality CaseInsensitive does not fit its type",
        "Bad.zebra.same: it is the same as `nobody`, which is no attribute",
        "Bad.zebra.block.Inner: `Inner` is not snake_case",
        "Bad.zebra: identity `uid` is no attribute",
        "Bad.zebra: natural key `key` is no attribute",
        "Bad.zebra: a time limit is zero",
        "Bad.zebra: versions begin with 1",
        "Bad.zebra: rule `ghost` is no attribute",
    ];
    for complaint in expected {
        assert!(complaints.contains(complaint), "{complaint}\nis not in\n{complaints}");
    }
    // Both names of the resources, and the pattern's error, which has lines of its own.
    let told = lint(&BAD).len();
    assert_eq!(told, expected.len() + 1, "{complaints}");
}

#[test]
fn a_good_schema_passes() {
    let complaints = lint(&common::PROVIDER);
    assert_eq!(complaints, Vec::<String>::new());
}
