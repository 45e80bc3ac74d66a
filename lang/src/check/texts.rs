//! Texts that have to be address ranges, addresses or URLs.

use super::report::TypeProblem;
use ecow::EcoString;
use formwork_model::{Span, Type};

/// Whether a text is what `ty` takes.
///
/// # Errors
/// Says why not.
pub(crate) fn check_text(text: &str, ty: &Type) -> Result<(), String> {
    match ty {
        Type::Cidr => match text.parse::<ipnet::IpNet>() {
            Ok(_) => match crate::library::check_cidr(text) {
                Ok(_) => Ok(()),
                Err(_) => Err("it has bits set behind its prefix".to_owned()),
            },
            Err(_) if text.parse::<std::net::IpAddr>().is_ok() => Err("the prefix length is missing".to_owned()),
            Err(_) => Err("an address, `/` and a prefix length are expected".to_owned()),
        },
        Type::Ip => {
            text.parse::<std::net::IpAddr>().map(|_| ()).map_err(|_| "an IPv4 or IPv6 address is expected".to_owned())
        }
        Type::Url => match url::Url::parse(text) {
            Ok(_) => match crate::library::check_url(text) {
                Ok(_) => Ok(()),
                Err(_) => Err("it has no host".to_owned()),
            },
            Err(url::ParseError::RelativeUrlWithoutBase) => Err("the scheme is missing".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        _ => Ok(()),
    }
}

/// What is told of a text that is not what it has to be.
pub(crate) fn bad_text(text: &EcoString, ty: &Type, span: Span) -> TypeProblem {
    let reason = check_text(text, ty).err().unwrap_or_default();
    let (ty, help) = match ty {
        Type::Cidr => ("cidr", cidr_help(text)),
        Type::Ip => ("ip", "write an address such as \"10.0.0.4\"".to_owned()),
        _ => ("url", "write an address with its scheme, such as \"https://example.com/\"".to_owned()),
    };
    TypeProblem::BadText { text: text.clone(), ty, reason, span, help }
}

fn cidr_help(text: &str) -> String {
    if let Ok(net) = text.parse::<ipnet::IpNet>() {
        return format!("write \"{}\"", net.trunc());
    }
    match text.parse::<std::net::IpAddr>() {
        Ok(address) => format!("write \"{address}/{}\" for this one address", if address.is_ipv4() { 32 } else { 128 }),
        Err(_) => "write a range such as \"10.0.0.0/16\"".to_owned(),
    }
}
