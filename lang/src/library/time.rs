//! Durations, and points in time that are given as RFC 3339 texts. Nothing here reads a clock: `std.time` does.

use super::arguments::{BASE, Outcome, duration, gives, optional, required, text};
use super::{FunctionError, LibraryFunction, Parameter, Shape};
use formwork_model::Value;
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

const GROUP: LibraryFunction = LibraryFunction { group: "time", result: gives(Shape::Int), ..BASE };

const DURATION: Parameter = required("duration", Shape::Duration);
const TIME: Parameter = required("time", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "duration_milliseconds",
        docs: "The duration as a whole number of milliseconds.",
        examples: &[("duration_milliseconds(90s)", "90000"), ("duration_milliseconds(250ms)", "250")],
        parameters: &[DURATION],
        call: |_, arguments| Ok(Value::Int(duration(arguments, 0)?)),
        ..GROUP
    },
    LibraryFunction {
        name: "duration_seconds",
        docs: "The duration as a whole number of seconds. A duration that is not whole seconds is an error.",
        examples: &[("duration_seconds(1h30m)", "5400"), ("duration_seconds(0s)", "0")],
        parameters: &[DURATION],
        call: |_, arguments| whole(arguments, 1_000, "seconds"),
        ..GROUP
    },
    LibraryFunction {
        name: "duration_minutes",
        docs: "The duration as a whole number of minutes. A duration that is not whole minutes is an error.",
        examples: &[("duration_minutes(2h)", "120"), ("duration_minutes(1d)", "1440")],
        parameters: &[DURATION],
        call: |_, arguments| whole(arguments, 60_000, "minutes"),
        ..GROUP
    },
    LibraryFunction {
        name: "duration_hours",
        docs: "The duration as a whole number of hours. A duration that is not whole hours is an error.",
        examples: &[("duration_hours(2d)", "48"), ("duration_hours(120m)", "2")],
        parameters: &[DURATION],
        call: |_, arguments| whole(arguments, 3_600_000, "hours"),
        ..GROUP
    },
    LibraryFunction {
        name: "duration_days",
        docs: "The duration as a whole number of days of 24 hours. A duration that is not whole days is an error.",
        examples: &[("duration_days(72h)", "3"), ("duration_days(30d)", "30")],
        parameters: &[DURATION],
        call: |_, arguments| whole(arguments, 86_400_000, "days"),
        ..GROUP
    },
    LibraryFunction {
        name: "time_add",
        docs: "The time that is `duration` later, or earlier where it is negative. The offset from UTC stays.",
        examples: &[
            (r#"time_add("2024-02-28T12:00:00Z", 1d)"#, r#""2024-02-29T12:00:00Z""#),
            (r#"time_add("2024-05-01T00:30:00+02:00", -1h)"#, r#""2024-04-30T23:30:00+02:00""#),
        ],
        parameters: &[TIME, DURATION],
        result: gives(Shape::String),
        call: |_, arguments| {
            let (time, distance) = (time(arguments, 0)?, duration(arguments, 1)?);
            let later = time.checked_add(SignedDuration::from_millis(distance)).map_err(|_| {
                FunctionError::of(1, "the result lies outside of the years -9999 to 9999")
                    .help("use a shorter duration")
            })?;
            Ok(Value::string(written(&later)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "time_between",
        docs: "How long it is from the first time to the second; negative where the second is earlier. Fractions of a millisecond are dropped.",
        examples: &[
            (r#"time_between("2024-05-01T00:00:00Z", "2024-05-02T06:00:00Z")"#, "1d6h"),
            (r#"time_between("2024-05-01T02:00:00+02:00", "2024-05-01T00:00:00Z")"#, "0s"),
        ],
        parameters: &[required("from", Shape::String), required("to", Shape::String)],
        result: gives(Shape::Duration),
        call: |_, arguments| {
            let (from, to) = (time(arguments, 0)?, time(arguments, 1)?);
            let distance = to.timestamp().duration_since(from.timestamp());
            let milliseconds = i64::try_from(distance.as_millis());
            milliseconds.map(Value::Duration).map_err(|_| FunctionError::whole("the duration does not fit 64 bits"))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "time_format",
        docs: "The time in another form, in its own offset from UTC: `%Y` year, `%m` month, `%d` day, `%H` hour, `%M` minute, `%S` second, `%j` day of the year, `%a` and `%A` weekday, `%b` and `%B` month's name, `%s` seconds since 1970, `%%` a percent sign.",
        examples: &[
            (r#"time_format("2024-05-01T09:05:00Z", "%Y%m%d-%H%M")"#, r#""20240501-0905""#),
            (r#"time_format("2024-05-01T09:05:00Z", "%A, %d %B")"#, r#""Wednesday, 01 May""#),
        ],
        parameters: &[TIME, required("format", Shape::String)],
        result: gives(Shape::String),
        call: |_, arguments| {
            let (time, format) = (time(arguments, 0)?, text(arguments, 1)?);
            strtime::format(format, &time).map(Value::string).map_err(|error| {
                FunctionError::of(1, format!("`{format}` is no form of time: {error}"))
                    .help("write `%Y-%m-%d` and the like; `%%` for a percent sign")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "time_compare",
        docs: "-1 where the first time is before the second, 0 where they are the same instant, 1 where it is after.",
        examples: &[
            (r#"time_compare("2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z")"#, "-1"),
            (r#"time_compare("2024-05-01T02:00:00+02:00", "2024-05-01T00:00:00Z")"#, "0"),
        ],
        parameters: &[TIME, required("other", Shape::String)],
        call: |_, arguments| {
            let order = time(arguments, 0)?.timestamp().cmp(&time(arguments, 1)?.timestamp());
            Ok(Value::Int(order as i64))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "time_from_unix",
        docs: "The time that lies so many seconds after the beginning of 1970, in UTC.",
        examples: &[
            ("time_from_unix(0)", r#""1970-01-01T00:00:00Z""#),
            ("time_from_unix(1714554300)", r#""2024-05-01T09:05:00Z""#),
        ],
        parameters: &[optional("seconds", Shape::Int, "0")],
        result: gives(Shape::String),
        call: |_, arguments| {
            let seconds = super::arguments::int(arguments, 0)?;
            Timestamp::from_second(seconds).map(|time| Value::string(time.to_string())).map_err(|_| {
                FunctionError::of(0, format!("{seconds} lies outside of the years -9999 to 9999"))
                    .help("write seconds, not milliseconds")
            })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "time_to_unix",
        docs: "The number of whole seconds from the beginning of 1970 in UTC to the time.",
        examples: &[
            (r#"time_to_unix("2024-05-01T09:05:00Z")"#, "1714554300"),
            (r#"time_to_unix("1970-01-01T01:00:00+01:00")"#, "0"),
        ],
        parameters: &[TIME],
        call: |_, arguments| Ok(Value::Int(time(arguments, 0)?.timestamp().as_second())),
        ..GROUP
    },
];

fn whole(arguments: &[Value], unit: i64, name: &str) -> Outcome {
    let milliseconds = duration(arguments, 0)?;
    if milliseconds % unit == 0 {
        return Ok(Value::Int(milliseconds / unit));
    }
    Err(FunctionError::of(0, format!("{} is not a whole number of {name}", super::format_duration(milliseconds)))
        .help(format!("use a smaller unit, or `floor(duration_milliseconds(…) / {unit})`")))
}

/// A time with its own offset from UTC.
fn time(arguments: &[Value], index: usize) -> Result<Zoned, FunctionError> {
    let text = text(arguments, index)?;
    let refuse = || {
        FunctionError::of(index, format!("`{text}` is no RFC 3339 time"))
            .help("write date, time and offset, such as `2024-05-01T12:00:00Z`")
    };
    let instant: Timestamp = text.parse().map_err(|_| refuse())?;
    let offset = offset(text).ok_or_else(refuse)?;
    Ok(instant.to_zoned(TimeZone::fixed(offset)))
}

/// The offset at the end of an RFC 3339 text; `Z` is 0.
fn offset(text: &str) -> Option<Offset> {
    if text.ends_with(['Z', 'z']) {
        return Some(Offset::UTC);
    }
    let (_, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (sign, rest) = offset.split_at_checked(1)?;
    let (hours, minutes) = rest.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    match sign {
        "+" => Offset::from_seconds(seconds).ok(),
        "-" => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

fn written(time: &Zoned) -> String {
    let offset = time.offset();
    if offset == Offset::UTC {
        return time.timestamp().to_string();
    }
    time.timestamp().display_with_offset(offset).to_string()
}
