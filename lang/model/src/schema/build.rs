//! How schemas are written down: functions that the compiler runs.

use super::{
    Attribute, AttributeType, Capabilities, Default, Equality, Limit, Presence, Recognition, ResourceSchema, Rule,
    SecretMembers, Timeouts,
};

impl Attribute {
    /// An optional attribute.
    #[must_use]
    pub const fn new(name: &'static str, ty: AttributeType, docs: &'static str) -> Self {
        Self {
            name,
            docs,
            ty,
            presence: Presence::Optional,
            default: Default::None,
            create_only: false,
            write_only: false,
            secret: false,
            equality: Equality::Exact,
            element_keys: &[],
            vendor: "",
            limits: &[],
            secret_members: &[],
        }
    }

    /// An optional text.
    #[must_use]
    pub const fn string(name: &'static str, docs: &'static str) -> Self {
        Self::new(name, AttributeType::String, docs)
    }

    /// An optional whole number.
    #[must_use]
    pub const fn int(name: &'static str, docs: &'static str) -> Self {
        Self::new(name, AttributeType::Int, docs)
    }

    /// An optional truth value.
    #[must_use]
    pub const fn boolean(name: &'static str, docs: &'static str) -> Self {
        Self::new(name, AttributeType::Bool, docs)
    }

    /// A text with one value for ever, which need not be written: `defaults` of the provider do not touch it.
    #[must_use]
    pub const fn fixed(name: &'static str, value: &'static [&'static str; 1], docs: &'static str) -> Self {
        let [text] = *value;
        Self::new(name, AttributeType::Enum(value), docs).default_string(text)
    }

    /// An optional list of texts.
    #[must_use]
    pub const fn strings(name: &'static str, docs: &'static str) -> Self {
        Self::new(name, AttributeType::List(&AttributeType::String), docs)
    }

    /// An optional map of texts.
    #[must_use]
    pub const fn string_map(name: &'static str, docs: &'static str) -> Self {
        Self::new(name, AttributeType::Map(&AttributeType::String), docs)
    }

    /// An optional nested block.
    #[must_use]
    pub const fn object(name: &'static str, fields: &'static [Self], docs: &'static str) -> Self {
        Self::new(name, AttributeType::Object(fields), docs)
    }

    /// An optional reference to an object.
    #[must_use]
    pub const fn reference(name: &'static str, targets: &'static [&'static str], docs: &'static str) -> Self {
        Self::new(name, AttributeType::Reference(targets), docs)
    }

    /// The config must set it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    /// The cloud sets it.
    #[must_use]
    pub const fn computed(mut self) -> Self {
        self.presence = Presence::Computed;
        self
    }

    /// The config may set it, else the cloud does.
    #[must_use]
    pub const fn optional_computed(mut self) -> Self {
        self.presence = Presence::OptionalComputed;
        self
    }

    /// A change replaces the object.
    #[must_use]
    pub const fn create_only(mut self) -> Self {
        self.create_only = true;
        self
    }

    /// Sent, never read back.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Secret, whatever its value.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Has this default.
    #[must_use]
    pub const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// Has this default.
    #[must_use]
    pub const fn default_bool(self, truth: bool) -> Self {
        self.default(Default::Bool(truth))
    }

    /// Has this default.
    #[must_use]
    pub const fn default_int(self, number: i64) -> Self {
        self.default(Default::Int(number))
    }

    /// Has this default.
    #[must_use]
    pub const fn default_string(self, text: &'static str) -> Self {
        self.default(Default::String(text))
    }

    /// Different values may mean the same.
    #[must_use]
    pub const fn equality(mut self, equality: Equality) -> Self {
        self.equality = equality;
        self
    }

    /// Items are told apart by these fields; order does not matter.
    #[must_use]
    pub const fn keyed_by(mut self, keys: &'static [&'static str]) -> Self {
        self.element_keys = keys;
        self
    }

    /// The vendor's path.
    #[must_use]
    pub const fn vendor(mut self, path: &'static str) -> Self {
        self.vendor = path;
        self
    }

    /// Limits of the value.
    #[must_use]
    pub const fn limits(mut self, limits: &'static [Limit]) -> Self {
        self.limits = limits;
        self
    }

    /// Members of its open value are secret by what the value says of itself.
    #[must_use]
    pub const fn secret_members(mut self, members: &'static [SecretMembers]) -> Self {
        self.secret_members = members;
        self
    }
}

impl ResourceSchema {
    /// A type without attributes: identity `id`, half an hour for each operation, update, find, import.
    #[must_use]
    pub const fn new(name: &'static str, docs: &'static str) -> Self {
        Self {
            name,
            docs,
            version: 1,
            attributes: &[],
            identity: &["id"],
            identity_in_account: "",
            natural_key: "",
            recognition: Recognition::None,
            settle_ms: 0,
            timeouts: Timeouts { create_s: 1800, update_s: 1800, delete_s: 1800 },
            expected_create_s: 5,
            expected_update_s: 2,
            expected_delete_s: 2,
            import_help: "the object's id",
            capabilities: Capabilities {
                update: true,
                find: true,
                batch_read: false,
                list: false,
                import: true,
                expand: false,
                repair: true,
            },
            rules: &[],
            held_by_users: false,
        }
    }

    /// Has these attributes.
    #[must_use]
    pub const fn attributes(mut self, attributes: &'static [Attribute]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Is identified by these attributes.
    #[must_use]
    pub const fn identity(mut self, attributes: &'static [&'static str]) -> Self {
        self.identity = attributes;
        self
    }

    /// This identity attribute means one object, whatever types and provider blocks of the account lead to it.
    #[must_use]
    pub const fn identified_in_account_by(mut self, attribute: &'static str) -> Self {
        self.identity_in_account = attribute;
        self
    }

    /// A literal may refer to it by this attribute.
    #[must_use]
    pub const fn natural_key(mut self, attribute: &'static str) -> Self {
        self.natural_key = attribute;
        self
    }

    /// A create is recognised so.
    #[must_use]
    pub const fn recognised_by(mut self, recognition: Recognition) -> Self {
        self.recognition = recognition;
        self
    }

    /// Lists may not show a fresh object for so long.
    #[must_use]
    pub const fn settles_in_ms(mut self, milliseconds: u64) -> Self {
        self.settle_ms = milliseconds;
        self
    }

    /// Default time limits, in seconds.
    #[must_use]
    pub const fn timeouts(mut self, create_s: u32, update_s: u32, delete_s: u32) -> Self {
        self.timeouts = Timeouts { create_s, update_s, delete_s };
        self
    }

    /// How long a create usually takes, in seconds; an update and a delete take half of that, unless
    /// [`Self::usually_changes_in_s`] says otherwise behind it.
    #[must_use]
    pub const fn usually_takes_s(mut self, seconds: u32) -> Self {
        self.expected_create_s = seconds;
        self.usually_changes_in_s(seconds / 2, seconds / 2)
    }

    /// How long an update and a delete usually take, in seconds.
    #[must_use]
    pub const fn usually_changes_in_s(mut self, update_s: u32, delete_s: u32) -> Self {
        self.expected_update_s = update_s;
        self.expected_delete_s = delete_s;
        self
    }

    /// What `import` takes.
    #[must_use]
    pub const fn import_help(mut self, text: &'static str) -> Self {
        self.import_help = text;
        self
    }

    /// What the provider can do with it.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Rules between attributes.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }

    /// The service refuses to delete an object while others refer to it.
    #[must_use]
    pub const fn held_by_users(mut self) -> Self {
        self.held_by_users = true;
        self
    }

    /// The stored form's version.
    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
}
