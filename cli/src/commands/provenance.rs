//! x
pub(super) fn run(_: &crate::arguments::Global, _: &crate::arguments::ExplainArguments) -> crate::project::Answer {
    Ok(1)
}
