//! x
pub(super) fn run(_: &crate::arguments::Global, _: &crate::arguments::ShowArguments) -> crate::project::Answer {
    Ok(1)
}
