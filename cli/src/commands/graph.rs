//! x
pub(super) fn run(_: &crate::arguments::Global, _: &crate::arguments::GraphArguments) -> crate::project::Answer {
    Ok(1)
}
