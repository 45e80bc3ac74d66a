//! What a provider answers is checked, never trusted: a plan may not contradict the config, what was applied may not
//! contradict the plan, a read may not change a type.
//!
//! Each function gives every breach that it finds; none means that the answer may be used. The engine records the
//! object first and raises the breach then, so that nothing is lost by a provider's mistake.

mod fit;
mod promise;
mod rows;
mod trail;

use crate::semantic::{given, same};
use crate::{ReadOutcome, StoredObject};
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{Address, AttributePath, Code, Diagnostic, ValueRef};
pub use rows::expanded;
use std::fmt;

/// Whose answer is checked.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The type within the provider.
    pub type_name: &'a str,
    /// The object; none for an answer about many.
    pub address: Option<&'a Address>,
}

/// Which promise of the contract was broken. One variant, one code, one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Breach {
    /// A planned value is not what the config says.
    PlanContradictsConfig,
    /// An applied value is not what was planned.
    ApplyContradictsPlan,
    /// A value has not the type that the schema says.
    WrongType,
    /// A value is still unknown after the cloud was asked.
    LeftUnknown,
    /// An attribute that the schema does not know.
    SurplusAttribute,
    /// An object without its identity.
    NoIdentity,
    /// A read of one object was answered with another.
    OtherObject,
    /// A read of many has not one answer for each.
    WrongCount,
    /// Two rows of a block have one key.
    RepeatedKey,
    /// A row has a type that the provider does not have.
    UnknownRowType,
    /// Rows that must come after each other, or after one that does not exist.
    ImpossibleOrder,
}

impl Breach {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::PlanContradictsConfig,
        Self::ApplyContradictsPlan,
        Self::WrongType,
        Self::LeftUnknown,
        Self::SurplusAttribute,
        Self::NoIdentity,
        Self::OtherObject,
        Self::WrongCount,
        Self::RepeatedKey,
        Self::UnknownRowType,
        Self::ImpossibleOrder,
    ];

    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> Code {
        Code::new(match self {
            Self::PlanContradictsConfig => "E4101",
            Self::ApplyContradictsPlan => "E4102",
            Self::WrongType => "E4103",
            Self::LeftUnknown => "E4104",
            Self::SurplusAttribute => "E4105",
            Self::NoIdentity => "E4106",
            Self::OtherObject => "E4107",
            Self::WrongCount => "E4108",
            Self::RepeatedKey => "E4109",
            Self::UnknownRowType => "E4110",
            Self::ImpossibleOrder => "E4111",
        })
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::PlanContradictsConfig => "planned something else than the config says",
            Self::ApplyContradictsPlan => "applied something else than was planned",
            Self::WrongType => "answered with a value of the wrong type",
            Self::LeftUnknown => "left a value unknown that it must know now",
            Self::SurplusAttribute => "answered with an attribute that its schema does not have",
            Self::NoIdentity => "answered with an object that has no identity",
            Self::OtherObject => "answered a read with another object",
            Self::WrongCount => "did not answer for each object that was read",
            Self::RepeatedKey => "made two rows with the same key",
            Self::UnknownRowType => "made a row of a type that it does not have",
            Self::ImpossibleOrder => "made rows whose order is impossible",
        }
    }

    /// Whether the object may have been changed although the answer is wrong.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::PlanContradictsConfig | Self::RepeatedKey | Self::UnknownRowType | Self::ImpossibleOrder => {
                "this is a mistake of the provider, nothing was changed; report it with its version"
            }
            _ => {
                "this is a mistake of the provider; what it answered is recorded. Report it with the provider's version"
            }
        }
    }
}

/// One breach: who promised what, and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckError {
    /// Which promise.
    pub breach: Breach,
    /// The provider's name.
    pub provider: String,
    /// Its version.
    pub version: String,
    /// The type within the provider.
    pub type_name: String,
    /// The object.
    pub address: Option<Address>,
    /// The attribute; the root where it is about the whole answer.
    pub path: AttributePath,
    /// What was promised; secrets are masked.
    pub promised: String,
    /// What came; secrets are masked.
    pub came: String,
}

impl fmt::Display for CheckError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, version, type_name, .. } = self;
        write!(formatter, "provider {provider} {version} {}: {provider}.{type_name}", self.breach.sentence())?;
        if let Some(address) = &self.address {
            write!(formatter, " `{address}`")?;
        }
        if !self.path.steps().is_empty() {
            write!(formatter, ", attribute `{}`", self.path)?;
        }
        write!(formatter, ": expected {}, got {}", self.promised, self.came)
    }
}

impl std::error::Error for CheckError {}

impl CheckError {
    /// What people are told.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.breach.code(), self.to_string()).help(self.breach.help())
    }
}

/// Longest text of a value in a message, in characters.
const LONGEST: usize = 200;

fn shown(value: Option<ValueRef<'_>>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = format!("{value:?}");
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// Where breaches are gathered.
struct Report<'a> {
    subject: &'a Subject<'a>,
    breaches: Vec<CheckError>,
}

impl<'a> Report<'a> {
    const fn new(subject: &'a Subject<'a>) -> Self {
        Self { subject, breaches: Vec::new() }
    }

    fn add(&mut self, breach: Breach, path: AttributePath, promised: String, came: String) {
        self.breaches.push(CheckError {
            breach,
            provider: self.subject.provider.to_owned(),
            version: self.subject.version.to_owned(),
            type_name: self.subject.type_name.to_owned(),
            address: self.subject.address.cloned(),
            path,
            promised,
            came,
        });
    }
}

/// Checks a plan: it has the schema's types, and says what the config says wherever the config says something.
#[must_use]
pub fn planned(
    subject: &Subject<'_>,
    schema: &ResourceSchema,
    config: ValueRef<'_>,
    planned: ValueRef<'_>,
) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    fit::attributes(&mut report, schema.attributes, planned, fit::Unknowns::Allowed);
    if report.breaches.is_empty() {
        promise::config_kept(&mut report, schema.attributes, config, planned);
    }
    report.breaches
}

/// Checks what a create or update answered: it has the schema's types, nothing in it is unknown, it has an identity, and
/// what was known in the plan is what came. Computed attributes too may only change where the plan left them unknown.
#[must_use]
pub fn applied(
    subject: &Subject<'_>,
    schema: &ResourceSchema,
    planned: ValueRef<'_>,
    applied: ValueRef<'_>,
) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    fit::attributes(&mut report, schema.attributes, applied, fit::Unknowns::Refused);
    identity_given(&mut report, schema, applied);
    if planned.as_bytes() != applied.as_bytes() && report.breaches.is_empty() {
        promise::plan_kept(&mut report, schema.attributes, planned, applied);
    }
    report.breaches
}

/// Checks an object that was read, found, imported or listed: it has the schema's types and an identity.
#[must_use]
pub fn observed(subject: &Subject<'_>, schema: &ResourceSchema, values: ValueRef<'_>) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    fit::attributes(&mut report, schema.attributes, values, fit::Unknowns::Refused);
    identity_given(&mut report, schema, values);
    report.breaches
}

/// Checks one answer of a read: as [`observed`], and it is the object that was asked for.
#[must_use]
pub fn read(
    subject: &Subject<'_>,
    schema: &ResourceSchema,
    asked: ValueRef<'_>,
    outcome: &ReadOutcome,
) -> Vec<CheckError> {
    let ReadOutcome::Present(object) = outcome else { return Vec::new() };
    let mut report = Report { subject, breaches: observed(subject, schema, object.values.view()) };
    if report.breaches.is_empty() {
        identity_same(&mut report, schema, asked, object.values.view());
    }
    report.breaches
}

/// Checks that a read of many has one answer for each.
#[must_use]
pub fn read_count(subject: &Subject<'_>, asked: &[StoredObject], outcomes: &[ReadOutcome]) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    if asked.len() != outcomes.len() {
        let (promised, came) = (format!("{} answers", asked.len()), outcomes.len().to_string());
        report.add(Breach::WrongCount, AttributePath::root(), promised, came);
    }
    report.breaches
}

/// Checks that a map of attributes has the schema's types; unknown parts fit everything.
#[must_use]
pub fn fits(subject: &Subject<'_>, attributes: &[Attribute], values: ValueRef<'_>) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    fit::attributes(&mut report, attributes, values, fit::Unknowns::Allowed);
    report.breaches
}

/// Checks what a data source or an ephemeral value gave: it has the schema's types, nothing in it is unknown, and what
/// the config says is as it says.
#[must_use]
pub fn answered(
    subject: &Subject<'_>,
    schema: &ResourceSchema,
    config: ValueRef<'_>,
    values: ValueRef<'_>,
) -> Vec<CheckError> {
    let mut report = Report::new(subject);
    fit::attributes(&mut report, schema.attributes, values, fit::Unknowns::Refused);
    if report.breaches.is_empty() {
        promise::echo_kept(&mut report, schema.attributes, config, values);
    }
    report.breaches
}

fn identity_given(report: &mut Report<'_>, schema: &ResourceSchema, values: ValueRef<'_>) {
    for name in schema.identity.iter().filter(|name| given(values, name).is_none()) {
        report.add(Breach::NoIdentity, AttributePath::member(*name), "an identity".to_owned(), "nothing".to_owned());
    }
}

fn identity_same(report: &mut Report<'_>, schema: &ResourceSchema, asked: ValueRef<'_>, came: ValueRef<'_>) {
    for name in schema.identity {
        let Some(attribute) = schema.attribute(name) else { continue };
        let (wanted, is) = (given(asked, name), given(came, name));
        if wanted.is_some() && !same(attribute, wanted, is) {
            report.add(Breach::OtherObject, AttributePath::member(*name), shown(wanted), shown(is));
        }
    }
}
