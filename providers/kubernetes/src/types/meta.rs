//! Parts that many kinds have: selectors, references by name.

use super::objects;
use formwork_model::schema::Attribute;

/// A label selector.
pub(crate) const LABEL_SELECTOR: &[Attribute] = &[
    Attribute::string_map("match_labels", "Labels that must all be there."),
    objects!(
        "match_expressions",
        &[
            Attribute::string("key", "The label.").required(),
            super::one_of!("operator", ["In", "NotIn", "Exists", "DoesNotExist"], "How values are compared.")
                .required(),
            Attribute::strings("values", "The values, for `In` and `NotIn`."),
        ],
        "Further requirements, all of which must hold."
    ),
];

/// A reference to an object by name alone, in the same namespace.
pub(crate) const LOCAL_REFERENCE: &[Attribute] = &[Attribute::string("name", "Its name.").required()];
