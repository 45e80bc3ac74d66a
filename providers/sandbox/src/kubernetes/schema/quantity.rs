//! Amounts such as `500m` and `1Gi`, brought to the one form in which an API server keeps them.

const BINARY: [(&str, u32); 7] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60), ("", 0)];
const DECIMAL: [(&str, i32); 11] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18), ("", 0)];

/// The canonical form: no fraction, the largest suffix without losing anything. None if it is no amount.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (digits, scale) = parse_number(number)?;
    let sign = if negative && digits != 0 { "-" } else { "" };
    let written = match BINARY.iter().find(|(one, _)| !one.is_empty() && *one == suffix) {
        Some((_, power)) => binary(digits, scale, *power)?,
        None => decimal(digits, scale, suffix)?,
    };
    Some(format!("{sign}{written}"))
}

/// Digits without the point, and how many of them stood behind it.
fn parse_number(text: &str) -> Option<(u128, i32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, i32::try_from(fraction.len()).ok()?))
}

fn binary(digits: u128, scale: i32, power: u32) -> Option<String> {
    let units = digits.checked_mul(1u128.checked_shl(power)?)?;
    let divisor = 10u128.checked_pow(u32::try_from(scale).ok()?)?;
    if units % divisor != 0 {
        return decimal(units, scale, "");
    }
    let units = units / divisor;
    if units < 1024 {
        return Some(units.to_string());
    }
    let fits = BINARY.iter().rev().find(|(name, power)| !name.is_empty() && units.is_multiple_of(1 << power));
    Some(fits.map_or_else(|| units.to_string(), |(name, power)| format!("{}{name}", units >> power)))
}

fn decimal(digits: u128, scale: i32, suffix: &str) -> Option<String> {
    let exponent = match suffix.strip_prefix(['e', 'E']).and_then(|power| power.parse::<i32>().ok()) {
        Some(power) => return exponential(digits, power - scale),
        None => DECIMAL.iter().find(|(name, _)| *name == suffix)?.1 - scale,
    };
    let (digits, exponent) = without_zeros(digits, exponent);
    let steps = exponent.div_euclid(3).clamp(-3, 6) * 3;
    let name = DECIMAL.iter().find(|(_, power)| *power == steps)?.0;
    let rest = u32::try_from(exponent - steps).ok()?;
    Some(format!("{}{name}", digits.checked_mul(10u128.checked_pow(rest)?)?))
}

fn exponential(digits: u128, exponent: i32) -> Option<String> {
    let (digits, exponent) = without_zeros(digits, exponent);
    let steps = exponent.div_euclid(3) * 3;
    let digits = digits.checked_mul(10u128.checked_pow(u32::try_from(exponent - steps).ok()?)?)?;
    Some(if steps == 0 { digits.to_string() } else { format!("{digits}e{steps}") })
}

const fn without_zeros(mut digits: u128, mut exponent: i32) -> (u128, i32) {
    if digits == 0 {
        return (0, 0);
    }
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    (digits, exponent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::canonical;

    #[test]
    fn amounts_are_written_as_an_api_server_writes_them() {
        let cases = [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("100Mi", "100Mi"),
            ("2000k", "2M"),
            ("1e3", "1e3"),
            ("0", "0"),
            ("0Gi", "0"),
            ("128", "128"),
            ("1000", "1k"),
            ("-5m", "-5m"),
        ];
        for (given, wanted) in cases {
            assert_eq!(canonical(given).as_deref(), Some(wanted), "{given}");
        }
        assert_eq!(canonical("five"), None);
        assert_eq!(canonical("1 Gi"), None);
    }
}
