//! Every code that evaluation and the merging of inputs report has a case and a page.

use crate::{case, files, root};
use formwork_lang::syntax;
use formwork_model::{BinaryOperator, FileId};
use libtest_mimic::Failed;
use std::collections::BTreeSet;

/// Codes of what the checker finds first in a stack of text; unit tests try them.
const ELSEWHERE: &[&str] = &["E0601", "E0611", "E0616"];

pub fn every_code_is_tried() -> Result<(), Failed> {
    let mut tried = BTreeSet::new();
    for path in files() {
        for case in case::read_file(&path)? {
            for (_, expected) in case.expected {
                tried.extend(expected.split(|character: char| !character.is_alphanumeric()).map(str::to_owned));
            }
        }
    }
    let codes = reported();
    let pages = root().join("docs/diagnostics");
    let untried: Vec<&String> =
        codes.iter().filter(|code| !tried.contains(*code) && !ELSEWHERE.contains(&code.as_str())).collect();
    let unexplained: Vec<&String> = codes.iter().filter(|code| !pages.join(format!("{code}.md")).exists()).collect();
    if codes.len() > 20 && untried.is_empty() && unexplained.is_empty() {
        return Ok(());
    }
    Err(format!("{} codes\nwithout a case: {untried:?}\nwithout a page: {unexplained:?}", codes.len()).into())
}

/// Every operator there is.
const OPERATORS: &[BinaryOperator] = &[
    BinaryOperator::Multiply,
    BinaryOperator::Divide,
    BinaryOperator::Remainder,
    BinaryOperator::Add,
    BinaryOperator::Subtract,
    BinaryOperator::Coalesce,
    BinaryOperator::Less,
    BinaryOperator::LessOrEqual,
    BinaryOperator::Greater,
    BinaryOperator::GreaterOrEqual,
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::And,
    BinaryOperator::Or,
];

/// Every form of an expression, as the tree prints it, that has no operator of two sides.
const FORMS: &[&str] = &[
    "operator: Not",
    "operator: Negate",
    "Member { base",
    "Index { base",
    "optional: true",
    "Call { function",
    "If { condition",
    "Match { subject",
    "iteration: Iteration {",
    "Spread { value",
    "spread: true",
    "Computed(",
    "Template(",
    "Short(",
    "Duration(",
    "Float(",
    "Null",
];

/// Every operator and form of expression is evaluated by a case.
pub fn every_operator_is_tried() -> Result<(), Failed> {
    let mut trees = String::new();
    for path in files() {
        for (name, text) in case::read_file(&path)?.into_iter().flat_map(|case| case.files) {
            if name.ends_with(".fw") {
                trees.push_str(&format!("{:?}", syntax::parse(FileId(0), &text).0.items));
            }
        }
    }
    let binary = OPERATORS.iter().map(|operator| format!("Binary {{ operator: {operator:?},"));
    let forms = binary.chain(FORMS.iter().map(|form| (*form).to_owned()));
    let untried: Vec<String> = forms.filter(|form| !trees.contains(form)).collect();
    // Nothing that the language has is missing above: each precedence and each symbol is named once.
    let symbols: BTreeSet<&str> = OPERATORS.iter().map(|operator| operator.symbol()).collect();
    let declared = std::fs::read_to_string(root().join("lang/model/src/residual.rs"))?;
    let count = declared
        .split("fn symbol(self)")
        .nth(1)
        .map_or(0, |body| body.split("fn precedence").next().unwrap().matches("=> \"").count());
    if untried.is_empty() && symbols.len() == OPERATORS.len() && count == OPERATORS.len() {
        return Ok(());
    }
    Err(format!("without a case: {untried:?}; {} operators listed, {count} declared", OPERATORS.len()).into())
}

/// The codes in the sources.
fn reported() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for folder in ["evaluate", "residual", "inputs", "explain"] {
        let directory = root().join("lang/src").join(folder);
        for entry in std::fs::read_dir(directory).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let quoted = text.split('"').skip(1).step_by(2);
            let is_code = |word: &&str| {
                word.len() == 5
                    && (word.starts_with("E0") || word.starts_with("W0"))
                    && word.bytes().skip(1).all(|byte| byte.is_ascii_digit())
            };
            codes.extend(quoted.filter(is_code).map(str::to_owned));
        }
    }
    codes
}
