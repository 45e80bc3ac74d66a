//! The grammar's rules in the user's words.

use super::grammar::Rule;

/// What would have fitted, without what always fits (operators, comments) and without saying the same twice.
pub(super) fn words(rules: &[Rule]) -> Vec<&'static str> {
    let begins_value = rules.iter().any(|rule| matches!(rule, Rule::parenthesised | Rule::list | Rule::missing_value));
    let begins_type =
        rules.iter().any(|rule| matches!(rule, Rule::type_expression | Rule::type_record | Rule::type_group));
    let mut words = Vec::new();
    // `:` is tried in entries as well, but only as a habit.
    let in_entry = rules.contains(&Rule::fat_arrow);
    for rule in rules.iter().filter(|rule| !(in_entry && **rule == Rule::colon)) {
        let word = match word(*rule) {
            Some("a name" | "a text" | "`{`") if begins_value => Some("a value"),
            Some("a name" | "a text" | "`{`") if begins_type => Some("a type"),
            word => word,
        };
        words.extend(word.filter(|word| !words.contains(word)));
    }
    words
}

fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::word | Rule::provider_name | Rule::path | Rule::address | Rule::parameter | Rule::type_field => "a name",
        Rule::string | Rule::string_key => "a text",
        Rule::missing_value
        | Rule::list
        | Rule::parenthesised
        | Rule::if_expression
        | Rule::match_expression
        | Rule::unary => "a value",
        Rule::type_expression | Rule::type_record | Rule::type_group | Rule::type_literal | Rule::type_name => "a type",
        Rule::record | Rule::with_many | Rule::match_start => "`{`",
        Rule::parameters | Rule::decorator_arguments => "`(`",
        Rule::colon => "`:`",
        Rule::default | Rule::double_equals | Rule::stands_for => "`=`",
        Rule::type_end => "`>`",
        Rule::dot => "`.` and the name of the type",
        Rule::arrow | Rule::result => "`->`",
        Rule::kw_then => "`then`",
        Rule::kw_else => "`else`",
        Rule::kw_in => "`in`",
        Rule::kw_if | Rule::header_condition => "`if`",
        Rule::kw_for | Rule::iteration => "`for`",
        Rule::kw_with | Rule::with => "`with`",
        Rule::kw_after | Rule::after => "`after`",
        Rule::kw_where | Rule::condition => "`where`",
        Rule::provider_reference => "a provider",
        Rule::module_source => "the path of a module",
        Rule::pattern | Rule::arm => "a pattern",
        Rule::wrong_gives => "`=>`",
        _ => return None,
    })
}
