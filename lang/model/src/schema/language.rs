//! Schemas as the language sees them: the types that config must fit, and those that an expression reads.

use super::{Attribute, AttributeType, Default, Presence};
use crate::{Type, TypeName};
use std::sync::Arc;

impl AttributeType {
    /// The type of the language that config for it must fit.
    #[must_use]
    pub fn to_type(&self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::String | Self::OpenEnum(_) => Type::String,
            Self::Duration => Type::Duration,
            Self::Cidr => Type::Cidr,
            Self::Ip => Type::Ip,
            Self::Url => Type::Url,
            Self::Any | Self::SameAs(_) => Type::Any,
            Self::Enum([only]) => Type::Literal(crate::Literal::String((*only).into())),
            Self::Enum(members) => {
                Type::Union(members.iter().map(|text| crate::Literal::String((*text).into())).collect())
            }
            Self::Reference(targets) => Type::Reference(targets.iter().map(|target| target_name(target)).collect()),
            Self::List(item) => Type::list(item.to_type()),
            Self::Set(item) => Type::set(item.to_type()),
            Self::Map(entry) => Type::map(entry.to_type()),
            Self::Object(fields) => Type::Record(Arc::new(record_type(fields))),
        }
    }
}

fn target_name(target: &str) -> TypeName {
    let (provider, name) = target.split_once('.').unwrap_or(("", target));
    TypeName::new(provider, name)
}

/// The record of the attributes that a config may set; computed ones are left out.
#[must_use]
pub fn record_type(attributes: &[Attribute]) -> crate::RecordType {
    let fields = attributes
        .iter()
        .filter(|attribute| attribute.is_settable())
        .map(|attribute| {
            let optional = attribute.presence != Presence::Required;
            let ty = attribute.config_type();
            crate::Field {
                name: attribute.name.into(),
                ty: if optional { ty.optional() } else { ty },
                optional,
                docs: attribute.docs.into(),
                span: None,
            }
        })
        .collect();
    crate::RecordType { name: None, declaration: None, fields }
}

impl Attribute {
    /// The type that config for it must fit. Secret attributes take plain and secret values.
    #[must_use]
    pub fn config_type(&self) -> Type {
        let ty = self.ty.to_type();
        if self.secret { ty.secret() } else { ty }
    }

    /// The type that an expression sees when it reads the attribute of an object.
    #[must_use]
    pub fn read_type(&self) -> Type {
        let ty = match self.ty {
            AttributeType::Object(fields) => Type::Record(Arc::new(read_record_type(fields))),
            AttributeType::List(AttributeType::Object(fields)) => {
                Type::list(Type::Record(Arc::new(read_record_type(fields))))
            }
            AttributeType::Set(AttributeType::Object(fields)) => {
                Type::set(Type::Record(Arc::new(read_record_type(fields))))
            }
            AttributeType::Map(AttributeType::Object(fields)) => {
                Type::map(Type::Record(Arc::new(read_record_type(fields))))
            }
            // Read back, a reference is the identity.
            AttributeType::Reference(_) => Type::String,
            AttributeType::List(AttributeType::Reference(_)) => Type::list(Type::String),
            AttributeType::Set(AttributeType::Reference(_)) => Type::set(Type::String),
            ty => ty.to_type(),
        };
        let may_be_absent = self.presence == Presence::Optional && matches!(self.default, Default::None);
        let ty = if may_be_absent { ty.optional() } else { ty };
        if self.secret { ty.secret() } else { ty }
    }
}

/// The record of all attributes, as an expression reads them.
#[must_use]
pub fn read_record_type(attributes: &[Attribute]) -> crate::RecordType {
    let fields = attributes
        .iter()
        .filter(|attribute| !attribute.write_only)
        .map(|attribute| crate::Field {
            name: attribute.name.into(),
            ty: attribute.read_type(),
            optional: false,
            docs: attribute.docs.into(),
            span: None,
        })
        .collect();
    crate::RecordType { name: None, declaration: None, fields }
}
