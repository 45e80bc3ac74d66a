//! Address ranges and addresses, IPv4 and IPv6.

use super::arguments::{
    BASE, Outcome, check_item_count, gives, int, item_text, items, optional, required, text, variadic, wrong,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape, check_cidr, check_ip};
use formwork_model::Value;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const GROUP: LibraryFunction = LibraryFunction { group: "networks", ..BASE };

const RANGE: Parameter = required("range", Shape::Cidr);
const RANGES: Parameter = required("ranges", Shape::Items(&Shape::Cidr));
const RANGE_OR_IP: Shape = Shape::OneOf(&[Shape::Cidr, Shape::Ip]);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "cidr_contains",
        docs: "Whether the address or the whole of the other range lies in the range. Ranges of different IP versions contain nothing of each other.",
        examples: &[
            (r#"cidr_contains("10.0.0.0/16", "10.0.4.0/24")"#, "true"),
            (r#"cidr_contains("10.0.0.0/16", "10.1.0.1")"#, "false"),
        ],
        parameters: &[RANGE, required("inner", RANGE_OR_IP)],
        result: gives(Shape::Bool),
        call: |_, arguments| {
            let (outer, inner) = (range(arguments, 0)?, range_or_address(arguments, 1)?);
            Ok(Value::Bool(outer.contains(&inner)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_overlaps",
        docs: "Whether the two ranges have an address in common.",
        examples: &[
            (r#"cidr_overlaps("10.0.0.0/16", "10.0.4.0/24")"#, "true"),
            (r#"cidr_overlaps("10.0.0.0/16", "10.1.0.0/16")"#, "false"),
        ],
        parameters: &[RANGE, required("other", Shape::Cidr)],
        result: gives(Shape::Bool),
        call: |_, arguments| Ok(Value::Bool(overlaps(range(arguments, 0)?, range(arguments, 1)?))),
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_disjoint",
        docs: "Whether no two of the ranges have an address in common. Good for an `assert` on a map of subnets.",
        examples: &[
            (r#"cidr_disjoint(["10.0.0.0/24", "10.0.1.0/24"])"#, "true"),
            (r#"cidr_disjoint(["10.0.0.0/16", "10.0.1.0/24"])"#, "false"),
        ],
        parameters: &[RANGES],
        result: gives(Shape::Bool),
        call: |_, arguments| {
            let mut ranges = ranges(arguments)?;
            ranges.sort();
            let neighbours = ranges.iter().zip(ranges.iter().skip(1));
            Ok(Value::Bool(!neighbours.into_iter().any(|(one, two)| overlaps(*one, *two))))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_merge",
        docs: "The fewest ranges that cover the same addresses, sorted.",
        examples: &[
            (r#"cidr_merge(["10.0.0.0/24", "10.0.1.0/24"])"#, r#"["10.0.0.0/23"]"#),
            (r#"cidr_merge(["10.0.0.0/16", "10.0.4.0/24"])"#, r#"["10.0.0.0/16"]"#),
        ],
        parameters: &[RANGES],
        result: gives(Shape::List(&Shape::Cidr)),
        call: |_, arguments| Ok(Value::list(IpNet::aggregate(&ranges(arguments)?).iter().map(give_range))),
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_subnet",
        docs: "The subnet with the number `number`, counted from 0, when the range is cut into parts whose prefix is `new_bits` longer. A negative number counts from the end.",
        examples: &[
            (r#"cidr_subnet("10.0.0.0/16", 8, 2)"#, r#""10.0.2.0/24""#),
            (r#"cidr_subnet("fd00::/48", 16, 1)"#, r#""fd00:0:0:1::/64""#),
            (r#"cidr_subnet("10.0.0.0/16", 4, -1)"#, r#""10.0.240.0/20""#),
        ],
        parameters: &[RANGE, required("new_bits", Shape::Int), required("number", Shape::Int)],
        result: gives(Shape::Cidr),
        call: subnet,
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_subnets",
        docs: "One subnet after the other in the range, each with a prefix that is longer by the given number of bits. A subnet begins at the next multiple of its size, so large ones in front leave no gaps.",
        examples: &[
            (r#"cidr_subnets("10.0.0.0/16", 4, 4, 8)"#, r#"["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/24"]"#),
            (r#"cidr_subnets("10.0.0.0/16", 8, 4)"#, r#"["10.0.0.0/24", "10.0.16.0/20"]"#),
        ],
        parameters: &[RANGE, variadic("new_bits", Shape::Int)],
        result: gives(Shape::List(&Shape::Cidr)),
        call: subnets,
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_host",
        docs: "The address with the number `number`, counted from 0, in the range. A negative number counts from the end: -1 is the last address.",
        examples: &[
            (r#"cidr_host("10.0.2.0/24", 5)"#, r#""10.0.2.5""#),
            (r#"cidr_host("10.0.2.0/24", -1)"#, r#""10.0.2.255""#),
        ],
        parameters: &[RANGE, required("number", Shape::Int)],
        result: gives(Shape::Ip),
        call: host,
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_network",
        docs: "The first address of the range.",
        examples: &[
            (r#"cidr_network("10.0.2.0/24")"#, r#""10.0.2.0""#),
            (r#"cidr_network("fd00::/48")"#, r#""fd00::""#),
        ],
        parameters: &[RANGE],
        result: gives(Shape::Ip),
        call: |_, arguments| Ok(Value::string(range(arguments, 0)?.network().to_string())),
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_netmask",
        docs: "The netmask of an IPv4 range, as some systems want it. IPv6 has none.",
        examples: &[
            (r#"cidr_netmask("10.0.0.0/16")"#, r#""255.255.0.0""#),
            (r#"cidr_netmask("10.0.0.0/30")"#, r#""255.255.255.252""#),
        ],
        parameters: &[RANGE],
        result: gives(Shape::Ip),
        call: |_, arguments| match range(arguments, 0)? {
            IpNet::V4(net) => Ok(Value::string(net.netmask().to_string())),
            IpNet::V6(_) => {
                Err(FunctionError::of(0, "IPv6 has no netmasks")
                    .help("use the prefix length: `cidr_prefix_length(range)`"))
            }
        },
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_prefix_length",
        docs: "The number of bits in front that all addresses of the range share.",
        examples: &[(r#"cidr_prefix_length("10.0.0.0/16")"#, "16"), (r#"cidr_prefix_length("fd00::/48")"#, "48")],
        parameters: &[RANGE],
        result: gives(Shape::Int),
        call: |_, arguments| Ok(Value::Int(range(arguments, 0)?.prefix_len().into())),
        ..GROUP
    },
    LibraryFunction {
        name: "cidr_size",
        docs: "The number of addresses in the range.",
        examples: &[(r#"cidr_size("10.0.0.0/24")"#, "256"), (r#"cidr_size("10.0.0.1/32")"#, "1")],
        parameters: &[RANGE],
        result: gives(Shape::Int),
        call: |_, arguments| {
            let net = range(arguments, 0)?;
            let bits = net.max_prefix_len() - net.prefix_len();
            1_i64.checked_shl(bits.into()).filter(|size| *size > 0).map(Value::Int).ok_or_else(|| {
                FunctionError::of(0, "it has more addresses than 64 bits can count")
                    .help("compare prefix lengths instead: `cidr_prefix_length(range)`")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "ip_add",
        docs: "The address that comes `count` after this one, or before it where `count` is negative.",
        examples: &[(r#"ip_add("10.0.0.255", 1)"#, r#""10.0.1.0""#), (r#"ip_add("10.0.1.0", -1)"#, r#""10.0.0.255""#)],
        parameters: &[required("address", Shape::Ip), optional("count", Shape::Int, "1")],
        result: gives(Shape::Ip),
        call: |_, arguments| {
            let (address, count) = (address(arguments, 0)?, int(arguments, 1)?);
            moved(address, count.into()).map(|address| Value::string(address.to_string())).ok_or_else(|| {
                FunctionError::of(1, format!("{address} has no address {count} away")).help("write a smaller count")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "ip_version",
        docs: "4 or 6: the version of the address or range.",
        examples: &[(r#"ip_version("10.0.0.1")"#, "4"), (r#"ip_version("fd00::/48")"#, "6")],
        parameters: &[required("of", RANGE_OR_IP)],
        result: gives(Shape::Int),
        call: |_, arguments| Ok(Value::Int(if range_or_address(arguments, 0)?.addr().is_ipv4() { 4 } else { 6 })),
        ..GROUP
    },
];

fn range(arguments: &[Value], index: usize) -> Result<IpNet, FunctionError> {
    check_cidr(text(arguments, index)?).map_err(|error| FunctionError { argument: Some(index), ..error })
}

fn address(arguments: &[Value], index: usize) -> Result<IpAddr, FunctionError> {
    check_ip(text(arguments, index)?).map_err(|error| FunctionError { argument: Some(index), ..error })
}

/// An address counts as the range that holds only it.
fn range_or_address(arguments: &[Value], index: usize) -> Result<IpNet, FunctionError> {
    let text = text(arguments, index)?;
    if text.contains('/') { range(arguments, index) } else { address(arguments, index).map(IpNet::from) }
}

fn ranges(arguments: &[Value]) -> Result<Vec<IpNet>, FunctionError> {
    let parse =
        |item: &Value| check_cidr(item_text(item, 0)?).map_err(|error| FunctionError { argument: Some(0), ..error });
    items(arguments, 0)?.iter().map(parse).collect()
}

fn give_range(net: &IpNet) -> Value {
    Value::string(net.to_string())
}

fn overlaps(one: IpNet, two: IpNet) -> bool {
    one.contains(&two) || two.contains(&one)
}

/// The address as a number, with the number of bits of its version.
fn as_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The address of a number in the version of `like`.
fn as_address(number: u128, like: IpAddr) -> Option<IpAddr> {
    match like {
        IpAddr::V4(_) => u32::try_from(number).ok().map(|number| Ipv4Addr::from(number).into()),
        IpAddr::V6(_) => Some(Ipv6Addr::from(number).into()),
    }
}

fn moved(address: IpAddr, distance: i128) -> Option<IpAddr> {
    as_address(as_number(address).checked_add_signed(distance)?, address)
}

fn new_prefix(net: IpNet, bits: i64, index: usize) -> Result<u8, FunctionError> {
    let room = net.max_prefix_len() - net.prefix_len();
    u8::try_from(bits).ok().filter(|bits| *bits <= room).map(|bits| net.prefix_len() + bits).ok_or_else(|| {
        FunctionError::of(index, format!("a prefix of {} bits cannot become {bits} bits longer", net.prefix_len()))
            .help(format!("write 0 to {room}"))
    })
}

/// The size of a range as a power of two: 2^128 does not fit, and nothing is ever counted in it.
fn size_of(net: IpNet, prefix: u8) -> u128 {
    1_u128.checked_shl((net.max_prefix_len() - prefix).into()).unwrap_or(0)
}

/// Turns a number that may count from the end into an offset below `count`; a count of 0 stands for 2^128.
fn offset(number: i64, count: u128) -> Option<u128> {
    let distance = u128::from(number.unsigned_abs());
    if number >= 0 {
        (count == 0 || distance < count).then_some(distance)
    } else {
        (count == 0 || distance <= count).then(|| count.wrapping_sub(distance))
    }
}

fn subnet(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (net, bits, number) = (range(arguments, 0)?, int(arguments, 1)?, int(arguments, 2)?);
    let prefix = new_prefix(net, bits, 1)?;
    let count = 1_u128.checked_shl((prefix - net.prefix_len()).into()).unwrap_or(0);
    let place = offset(number, count).ok_or_else(|| {
        FunctionError::of(2, format!("there is no subnet {number} in {net} with {bits} new bits"))
            .help(format!("there are {count} of them: write 0 to {}, or take more bits", count.wrapping_sub(1)))
    })?;
    let start = as_number(net.network()).wrapping_add(place.wrapping_mul(size_of(net, prefix)));
    give_subnet(start, net, prefix)
}

fn give_subnet(start: u128, like: IpNet, prefix: u8) -> Outcome {
    let net = as_address(start, like.addr()).and_then(|address| IpNet::new(address, prefix).ok());
    net.as_ref().map(give_range).ok_or_else(|| FunctionError::of(0, "the subnet lies outside of the range"))
}

fn subnets(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let net = range(arguments, 0)?;
    let bits = items(arguments, 1)?;
    check_item_count(bits.len())?;
    let last = as_number(net.broadcast());
    // None once the very last address of the version is used up.
    let mut next = Some(as_number(net.network()));
    let mut result = Vec::new();
    for (position, new_bits) in bits.iter().enumerate() {
        let Value::Int(new_bits) = new_bits.exposed() else { return Err(wrong(1, "whole numbers", new_bits)) };
        let prefix = new_prefix(net, *new_bits, 1)?;
        let size = size_of(net, prefix);
        let start = next.and_then(|next| next.checked_next_multiple_of(size.max(1)));
        let full = || {
            FunctionError::of(1, format!("{net} has no room left for subnet {position}, counted from 0"))
                .help("write more bits (smaller subnets), put large subnets in front, or use a larger range")
        };
        let start = start.filter(|start| last - start.min(&last) >= size.wrapping_sub(1) && *start <= last);
        let start = start.ok_or_else(full)?;
        result.push(give_subnet(start, net, prefix)?);
        next = start.checked_add(size).filter(|_| size > 0);
    }
    Ok(Value::list(result))
}

fn host(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (net, number) = (range(arguments, 0)?, int(arguments, 1)?);
    let count = size_of(net, net.prefix_len());
    let place = offset(number, count).ok_or_else(|| {
        FunctionError::of(1, format!("there is no address {number} in {net}"))
            .help(format!("it has {count} addresses: write 0 to {}", count.wrapping_sub(1)))
    })?;
    let found = as_address(as_number(net.network()).wrapping_add(place), net.addr());
    found.map(|address| Value::string(address.to_string())).ok_or_else(|| FunctionError::of(1, "it lies outside"))
}
