//! Calls into providers that must not take the run down with them.

use formwork_provider_api::{ErrorClass, ProviderError};
use futures::FutureExt;
use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

/// The vendor code that stands for a panic.
pub(crate) const PANIC: &str = "panic";

/// Makes a call; a panic becomes an error whose effect is not known.
///
/// # Errors
/// The call's own, or [`ErrorClass::AnswerLost`] with code [`PANIC`].
pub(crate) async fn catch<T>(call: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(answer) => answer,
        Err(panic) => {
            let message = format!("the provider broke down: {}", message(panic.as_ref()));
            Err(ProviderError::new(ErrorClass::AnswerLost, message).vendor(PANIC, "").help("please report this"))
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
