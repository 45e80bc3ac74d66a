//! What is only ever posted: questions about access and identity, and tokens.

use super::super::access::{self, Attempt, Identity};
use super::super::json::{default_to, integer, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::{About, Answer, Refusal};
use super::form::{Form, Place};
use serde_json::{Value as Json, json};

/// The answer to a review; none if the place is none.
pub(super) fn answer(
    objects: &mut Objects,
    form: &Form,
    place: &Place,
    who: &Identity,
    known: &dyn Fn(&str) -> Option<Identity>,
) -> Answer<Option<Json>> {
    let kind = (place.group.as_str(), place.plural.as_str(), place.subresource.as_str());
    let is_review = matches!(kind.0, "authentication.k8s.io" | "authorization.k8s.io");
    let is_token = kind == ("", "serviceaccounts", "token");
    if !is_review && !is_token {
        return Ok(None);
    }
    if form.method != "POST" {
        return Err(Refusal::not_allowed());
    }
    let mut review = form.object()?;
    let status = match kind.1 {
        "serviceaccounts" => token(objects, place, &mut review)?,
        "selfsubjectreviews" => json!({"userInfo": who.to_json()}),
        "tokenreviews" => review_token(objects, text(&review, &["spec", "token"]), known),
        "selfsubjectaccessreviews" => access_status(objects, who, &review),
        "subjectaccessreviews" | "localsubjectaccessreviews" => {
            let groups = list(&review, &["spec", "groups"]).iter().filter_map(Json::as_str).map(str::to_owned);
            let subject = Identity { user: text(&review, &["spec", "user"]).to_owned(), groups: groups.collect() };
            access_status(objects, &subject, &review)
        }
        "selfsubjectrulesreviews" => rules_of(who),
        _ => return Err(Refusal::no_path()),
    };
    set(&mut review, &["status"], status);
    default_to(&mut review, &["metadata"], json!({}));
    Ok(Some(review))
}

fn token(objects: &mut Objects, place: &Place, request: &mut Json) -> Answer<Json> {
    let account = objects.get("/serviceaccounts", &place.namespace, &place.name);
    let about = About { group: "", plural: "serviceaccounts", kind: "ServiceAccount" };
    account.ok_or_else(|| Refusal::not_found(about, &place.name))?;
    let seconds = integer(request, &["spec", "expirationSeconds"]).unwrap_or(3600).clamp(600, 1 << 32);
    let (token, expires) = access::issue_token(objects, &place.namespace, &place.name, seconds)?;
    set(request, &["kind"], "TokenRequest");
    set(request, &["apiVersion"], "authentication.k8s.io/v1");
    Ok(json!({"token": token, "expirationTimestamp": meta::timestamp(expires)}))
}

fn review_token(objects: &Objects, token: &str, known: &dyn Fn(&str) -> Option<Identity>) -> Json {
    match known(token).or_else(|| access::account_of(objects, token)) {
        Some(identity) => json!({"authenticated": true, "user": identity.to_json()}),
        None => json!({"authenticated": false, "error": "the token is not known here"}),
    }
}

fn access_status(objects: &Objects, who: &Identity, review: &Json) -> Json {
    let word = |name: &str| text(review, &["spec", "resourceAttributes", name]);
    let resource = match word("subresource") {
        "" => word("resource").to_owned(),
        subresource => format!("{}/{subresource}", word("resource")),
    };
    let path = text(review, &["spec", "nonResourceAttributes", "path"]);
    let verb = if path.is_empty() { word("verb") } else { text(review, &["spec", "nonResourceAttributes", "verb"]) };
    let attempt = Attempt {
        verb,
        group: word("group"),
        resource: &resource,
        namespace: word("namespace"),
        name: word("name"),
        path,
    };
    json!({"allowed": access::is_allowed(objects, who, attempt)})
}

fn rules_of(who: &Identity) -> Json {
    let all = who.groups.iter().any(|group| group == "system:masters");
    let rules = if all { json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]) } else { json!([]) };
    let paths = json!([{"verbs": ["get"], "nonResourceURLs": ["*"]}]);
    json!({"resourceRules": rules, "nonResourceRules": paths, "incomplete": !all})
}
