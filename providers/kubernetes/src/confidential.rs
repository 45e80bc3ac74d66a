//! Refusals of Secrets: what API servers and webhooks quote of what was sent is taken out of their words. The engine knows
//! the texts of the config; here those are known that are made of them: `data` decoded, `stringData` encoded.

use crate::error::Status;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_provider_api::Scrubber;
use serde_json::Value as Json;

/// From here on, API servers before 1.23 quote the body around a mistake, cut off anywhere.
const QUOTES: &str = ", error found in #";

/// The refusal without the texts of the Secret that was sent.
pub(crate) fn without_texts(mut status: Status, sent: Option<&Json>) -> Status {
    let mut scrubber = Scrubber::new();
    let maps = ["data", "stringData"].into_iter().filter_map(|name| sent?.get(name)?.as_object());
    for text in maps.flat_map(|map| map.values()).filter_map(Json::as_str) {
        scrubber.learn_text(text);
        if let Some(clear) = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            scrubber.learn_text(&clear);
        }
    }
    let clean = |message: &str| scrubber.scrub(message.split(QUOTES).next().unwrap_or_default());
    status.message = clean(&status.message);
    for cause in status.details.iter_mut().flat_map(|details| details.causes.iter_mut().flatten()) {
        cause.message = clean(&cause.message);
    }
    status
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn quoted_texts_are_taken_out() {
        let sent = json!({ "data": { "a": "aHVudGVyMg==" } });
        let body = json!({
            "message": "denied: weak hunter2 (aHVudGVyMg==), error found in #10 byte of ...|hunt|...",
            "details": { "causes": [{ "reason": "x", "message": "is hunter2", "field": "data" }] },
        });
        let status = without_texts(Status::read(422, &body.to_string()), Some(&sent));
        assert!(status.message.starts_with("denied: weak "), "{status:?}");
        assert!(!format!("{status:?}").contains("hunt") && !format!("{status:?}").contains("aHVudGVyMg"), "{status:?}");
        assert!(status.causes().first().unwrap().message.starts_with("is "));
    }
}
