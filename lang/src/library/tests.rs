//! What the table of functions promises as a whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;

#[test]
fn functions_are_sorted_and_found() {
    assert!(FUNCTIONS.len() > 100);
    assert!(FUNCTIONS.is_sorted_by(|one, two| one.name < two.name));
    for function in FUNCTIONS {
        assert_eq!(find(function.name).unwrap().name, function.name);
    }
    assert!(find("no_such_function").is_none());
    assert!(find("").is_none());
}

#[test]
fn functions_are_described() {
    for function in FUNCTIONS {
        assert!(function.docs.ends_with('.'), "{}", function.name);
        assert!(!function.group.is_empty(), "{}", function.name);
        assert!(function.examples.len() >= 2, "{}", function.name);
        let repeated = function.parameters.iter().rev().skip(1).any(|parameter| parameter.variadic);
        assert!(!repeated, "{}: only the last parameter may be variadic", function.name);
        for default in function.parameters.iter().filter_map(|parameter| parameter.default) {
            assert!(serde_json::from_str::<serde_json::Value>(default).is_ok(), "{}: {default}", function.name);
        }
        let optional = function.parameters.iter().skip_while(|parameter| parameter.default.is_none());
        assert!(optional.clone().all(|parameter| parameter.default.is_some()), "{}", function.name);
    }
}

#[test]
fn durations_survive_a_round_trip() {
    for milliseconds in [0, 1, 999, 1000, 5_400_000, 90_061_001, -1500, i64::MAX] {
        assert_eq!(parse_duration(&format_duration(milliseconds)), Some(milliseconds));
    }
    for text in ["", "-", "5", "s", "1.5h", "1s1m", "1s1s", "1y", "99999999999999999d", " 1s", "1 s", "+1s"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}

#[test]
fn comparing_is_exact_for_large_numbers() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = |one: i64, two: f64| compare(&Value::Int(one), &Value::Float(two)).unwrap();
    assert_eq!(order(9_007_199_254_740_993, 9_007_199_254_740_992.0), Greater);
    assert_eq!(order(i64::MAX, 9_223_372_036_854_775_808.0), Less);
    assert_eq!(order(i64::MIN, -9_223_372_036_854_775_808.0), Equal);
    assert_eq!((order(1, 1.5), order(-1, -1.5), order(2, 2.0)), (Less, Greater, Equal));
    assert_eq!(compare(&Value::Int(1), &Value::string("1")), None);
    assert_eq!(equal(&Value::Int(1), &Value::Float(1.0)), Some(true));
    assert_eq!(equal(&Value::Null, &Value::Bool(false)), Some(false));
}

fn call(name: &str, arguments: &[Value]) -> Value {
    let mut refuse_file = |_: &str| Err(String::new());
    let mut refuse_directory = |_: &str| Err(String::new());
    let mut environment =
        Environment { module_directory: "", read_file: &mut refuse_file, list_directory: &mut refuse_directory };
    (find(name).unwrap().call)(&mut environment, arguments).unwrap()
}

fn unknown(attribute: &str) -> Value {
    let address = formwork_model::Address::resource("vnet");
    Value::attribute(address, formwork_model::AttributePath::member(attribute))
}

fn waits(name: &str, arguments: &[Value]) -> bool {
    assert!(find(name).unwrap().works_with_unknown_items);
    matches!(call(name, arguments), Value::Unknown(_))
}

#[test]
fn what_does_not_depend_on_unknown_items_is_known() {
    let list = Value::list([unknown("a"), Value::Int(1)]);
    let map = Value::map([("k", unknown("a"))]);
    let text = Value::string;
    assert_eq!(call("length", std::slice::from_ref(&list)), Value::Int(2));
    assert_eq!(call("keys", std::slice::from_ref(&map)), Value::list([text("k")]));
    assert_eq!(call("values", std::slice::from_ref(&map)), Value::list([unknown("a")]));
    assert_eq!(call("contains", &[list.clone(), Value::Int(1)]), Value::Bool(true));
    assert_eq!(call("contains", &[map.clone(), text("k")]), Value::Bool(true));
    assert_eq!(call("lookup", &[map.clone(), text("k"), Value::Int(1)]), unknown("a"));
    assert_eq!(call("first", std::slice::from_ref(&list)), unknown("a"));
    assert_eq!(call("any", &[Value::list([unknown("a"), Value::Bool(true)])]), Value::Bool(true));
    assert_eq!(call("all", &[Value::list([unknown("a"), Value::Bool(false)])]), Value::Bool(false));
    assert_eq!(call("concat", &[Value::list([list.clone(), list.clone()])]).as_items().unwrap().len(), 4);
    assert_eq!(
        call("merge", &[Value::list([map.clone(), Value::map([("k", Value::Int(2))])])]).as_map().unwrap().len(),
        1
    );
    assert_eq!(call("zip_map", &[Value::list([text("k")]), Value::list([unknown("a")])]), map);
}

#[test]
fn what_depends_on_unknown_items_waits() {
    let list = Value::list([unknown("a"), Value::Int(1)]);
    let set = Value::set([unknown("a"), unknown("b")]);
    assert_eq!(equal(&set, &Value::set([Value::Int(1)])), None);
    assert_eq!(equal(&list, &Value::list([unknown("b"), Value::Int(1)])), None);
    assert_eq!(equal(&list, &Value::list([unknown("b"), Value::Int(2)])), Some(false));
    assert!(waits("length", std::slice::from_ref(&set)));
    assert!(waits("first", std::slice::from_ref(&set)));
    assert!(waits("contains", &[list.clone(), Value::Int(2)]));
    assert!(waits("contains", &[Value::map([("k", Value::Null)]), unknown("a")]));
    assert!(waits("index_of", &[list.clone(), Value::Int(1)]));
    assert!(waits("any", &[Value::list([unknown("a"), Value::Bool(false)])]));
    assert!(waits("all", &[Value::list([unknown("a"), Value::Bool(true)])]));
    assert!(waits("concat", &[Value::list([list, unknown("b")])]));
    assert!(waits("merge", &[Value::list([unknown("a")])]));
    assert!(waits("zip_map", &[Value::list([unknown("a")]), Value::list([Value::Null])]));
    assert!(waits("pick", &[Value::map([("k", Value::Null)]), Value::list([unknown("a")])]));
}

fn computed(name: &str, types: &[Type]) -> String {
    match find(name).unwrap().result {
        ResultType::Computed(compute) => compute(types).to_string(),
        ResultType::Shape(_) => panic!("{name} has a fixed shape"),
    }
}

fn record(fields: &[(&str, Type)]) -> Type {
    let field = |(name, ty): &(&str, Type)| formwork_model::Field {
        name: (*name).into(),
        ty: ty.clone(),
        optional: false,
        docs: Default::default(),
        span: None,
    };
    let fields = fields.iter().map(field).collect();
    Type::Record(std::sync::Arc::new(formwork_model::RecordType { name: None, declaration: None, fields }))
}

#[test]
fn computed_results_follow_the_arguments() {
    assert_eq!(computed("min", &[Type::Int, Type::Int]), "int");
    assert_eq!(computed("min", &[Type::Int, Type::Float]), "float");
    assert_eq!(computed("sum", &[Type::list(Type::Int)]), "int");
    assert_eq!(computed("sum", &[Type::list(Type::Any)]), "any");
    let (a, b) = (record(&[("a", Type::Int)]), record(&[("b", Type::String)]));
    assert_eq!(computed("merge", &[a.clone(), b.clone()]), "{ a: int, b: string }");
    assert_eq!(computed("merge", &[a.clone(), record(&[("a", Type::Bool)])]), "{ a: bool }");
    assert_eq!(computed("merge", &[Type::map(Type::Int), a.clone()]), "map<int>");
    assert_eq!(computed("merge", &[Type::map(Type::Int), b.clone()]), "map<any>");
    let (one, two) = (record(&[("x", a.clone())]), record(&[("x", b)]));
    assert_eq!(computed("merge", &[one.clone(), two.clone()]), "{ x: { b: string } }");
    assert_eq!(computed("deep_merge", &[one, two]), "{ x: { a: int, b: string } }");
    assert_eq!(computed("entries", &[Type::map(Type::Bool)]), "list<{ key: string, value: bool }>");
    assert_eq!(computed("entries", &[a]), "list<{ key: string, value: int }>");
    assert_eq!(computed("to_secret", &[Type::Int]), computed("to_secret", &[Type::Int.secret()]));
}

/// Values of every kind, among them the outermost ones.
fn odd_values() -> Vec<Value> {
    let texts =
        ["", "a", "é日", "10.0.0.0/8", "fd00::/48", "::/0", "1.2.3", "2024-01-01T00:00:00Z", "%Y%", "(", "${a", "../x"];
    let mut values: Vec<Value> = texts.into_iter().map(Value::string).collect();
    values.extend([0, 1, -1, 7, i64::MAX, i64::MIN].map(Value::Int));
    values.extend([0.5, -0.0, 1e300, f64::MIN].map(Value::Float));
    values.extend([0, 90_000, i64::MAX, i64::MIN].map(Value::Duration));
    values.extend([Value::Null, Value::Bool(true), unknown("a"), Value::Map(formwork_model::Map::new())]);
    values.extend([Value::list([]), Value::list([Value::Int(1), Value::string("a"), Value::Null]), Value::set([])]);
    values
        .extend([Value::list([Value::list([Value::Int(1)]), Value::list([unknown("a")])]), Value::set([unknown("a")])]);
    values.push(Value::map([("a", Value::map([("b", Value::Int(1))])), ("c", unknown("a"))]));
    values
}

/// Tries a function with all these values in all places.
fn try_all(function: &LibraryFunction, values: &[Value], arguments: &mut Vec<Value>) {
    if arguments.len() == function.parameters.len() {
        let mut read = |_: &str| Ok(std::sync::Arc::from("${a} $${b}".as_bytes()));
        let mut list = |_: &str| Ok(vec!["a".to_owned(), "b.txt".to_owned()]);
        let mut environment = Environment { module_directory: "", read_file: &mut read, list_directory: &mut list };
        if let Err(error) = (function.call)(&mut environment, arguments) {
            assert!(!error.message.is_empty(), "{}", function.name);
            assert!(error.argument.is_none_or(|index| index < arguments.len()), "{}{arguments:?}", function.name);
        }
        return;
    }
    for value in values {
        arguments.push(value.clone());
        try_all(function, values, arguments);
        arguments.pop();
    }
}

#[test]
fn no_arguments_make_a_function_panic() {
    let values = odd_values();
    let few: Vec<Value> = values.iter().step_by(3).cloned().collect();
    for function in FUNCTIONS {
        let values = if function.parameters.len() > 2 { &few } else { &values };
        try_all(function, values, &mut Vec::new());
    }
}
