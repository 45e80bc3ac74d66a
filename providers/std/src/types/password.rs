//! `std.random_password`: a secret text of chosen classes of characters.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Limit, ResourceSchema};
use formwork_model::{AttributePath, Map, Value, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, Finding, OperationSink, ProviderError};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};

const SPECIAL: &str = "!@#$%&*()-_=+[]{}<>:?";

/// A class of characters: the attribute that turns it on, the one with its minimum, its characters.
const CLASSES: [(&str, &str, &str); 4] = [
    ("lower", "min_lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "min_upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("digits", "min_digits", "0123456789"),
    ("special", "min_special", SPECIAL),
];

const fn class(name: &'static str, docs: &'static str) -> Attribute {
    Attribute::boolean(name, docs).default_bool(true).create_only()
}

const fn minimum(name: &'static str, docs: &'static str) -> Attribute {
    Attribute::int(name, docs).default_int(0).create_only().limits(&[Limit::Range(0, 1024)])
}

pub(crate) const SCHEMA: ResourceSchema = made_once(
    "random_password",
    "A random secret text, from the operating system's source of randomness.",
)
.attributes(&[
    Attribute::int("length", "How many characters.").required().create_only().limits(&[Limit::Range(1, 1024)]),
    class("lower", "Takes lower-case letters."),
    class("upper", "Takes upper-case letters."),
    class("digits", "Takes digits."),
    class("special", "Takes special characters."),
    minimum("min_lower", "At least so many lower-case letters."),
    minimum("min_upper", "At least so many upper-case letters."),
    minimum("min_digits", "At least so many digits."),
    minimum("min_special", "At least so many special characters."),
    Attribute::string("special_characters", "The special characters to take from; left out: `!@#$%&*()-_=+[]{}<>:?`.")
        .create_only()
        .limits(&[Limit::Length(1, 100)]),
    TRIGGERS,
    Attribute::string("result", "The password.").computed().secret(),
]);

pub(crate) struct RandomPassword;

#[async_trait]
impl LocalType for RandomPassword {
    fn validate(&self, config: &ValueBuf) -> Vec<Finding> {
        let map = config.to_value().as_map().cloned().unwrap_or_default();
        if !Value::Map(map.clone()).is_known() {
            return Vec::new();
        }
        let finding = |(path, message): (&str, String)| Finding {
            warning: false,
            path: AttributePath::member(path),
            message,
            help: Some("raise `length`, lower a minimum, or turn a class on".to_owned()),
        };
        Recipe::new(&map).complaint().map(finding).into_iter().collect()
    }

    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let recipe = Recipe::new(&values);
        if let Some((path, message)) = recipe.complaint() {
            return Err(ProviderError::invalid(message).at(AttributePath::member(path)));
        }
        values.insert("result", Value::string(recipe.password(&mut rand::rng())).secret());
        Ok(applied(values))
    }
}

/// What a password is made from.
struct Recipe {
    length: usize,
    /// Each class that is on: its characters and its minimum.
    classes: Vec<(Vec<char>, usize)>,
    /// A class that is off and has a minimum all the same.
    off_with_minimum: Option<&'static str>,
}

impl Recipe {
    fn new(values: &Map) -> Self {
        let number = |name: &str| match values.get(name) {
            Some(Value::Int(number)) => usize::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        let special = values.get("special_characters").and_then(Value::as_str);
        let mut recipe = Self { length: number("length"), classes: Vec::new(), off_with_minimum: None };
        for (switch, minimum, characters) in CLASSES {
            let on = !matches!(values.get(switch), Some(Value::Bool(false)));
            let characters = if switch == "special" { special.unwrap_or(characters) } else { characters };
            if on {
                recipe.classes.push((characters.chars().collect(), number(minimum)));
            } else if number(minimum) > 0 {
                recipe.off_with_minimum = Some(minimum);
            }
        }
        recipe
    }

    /// Why no password can be made, and of which attribute that is said.
    fn complaint(&self) -> Option<(&'static str, String)> {
        let minimum: usize = self.classes.iter().map(|(_, minimum)| minimum).sum();
        if self.classes.is_empty() {
            return Some(("length", "every class of characters is off".to_owned()));
        }
        if let Some(attribute) = self.off_with_minimum {
            return Some((attribute, "the class is off and has a minimum".to_owned()));
        }
        (minimum > self.length)
            .then(|| ("length", format!("the minima add up to {minimum}, and length is {}", self.length)))
    }

    /// The minima first, the rest from all classes, then shuffled: each place is equally likely for each character.
    fn password(&self, random: &mut impl Rng) -> String {
        let all: Vec<char> = self.classes.iter().flat_map(|(characters, _)| characters.iter().copied()).collect();
        let mut password: Vec<char> = Vec::with_capacity(self.length);
        for (characters, minimum) in &self.classes {
            password.extend((0..*minimum).filter_map(|_| characters.choose(random)));
        }
        while password.len() < self.length {
            password.extend(all.choose(random));
        }
        password.shuffle(random);
        password.into_iter().collect()
    }
}
