//! A plan as a comment on a pull request: summary first, details folded, in a diff's colours.

use super::{Detail, summary, text};
use crate::render::paint::Paint;
use formwork_engine::plan::Plan;
use formwork_engine::ports::Providers;

/// Comments are cut by code hosts at 65,536 characters; this leaves room for the frame.
const LONGEST: usize = 60_000;

/// The plan as Markdown.
pub(crate) fn markdown(plan: &Plan, providers: &dyn Providers) -> String {
    let body = text(plan, providers, Paint::new(false), Detail::Folded);
    let mut marks = Marks::default();
    let mut lines: Vec<String> = body.lines().map(|line| marks.as_diff(line)).collect();
    let mut length = 0;
    let kept = lines.iter().take_while(|line| {
        length += line.len() + 1;
        length <= LONGEST
    });
    let kept = kept.count();
    let cut = lines.len() - kept;
    lines.truncate(kept);
    let mut out = format!(
        "### Formwork plan: `{}` in `{}`\n\n**{}**\n",
        plan.header.stack,
        plan.header.environment,
        summary(plan)
    );
    for warning in &plan.warnings {
        out.push_str(&format!("\n> ⚠️ {} {}\n", warning.code, warning.message));
    }
    if !lines.is_empty() {
        // A longer fence than any inside keeps documents with fences whole.
        out.push_str("\n<details><summary>Details</summary>\n\n````diff\n");
        out.push_str(&lines.join("\n"));
        out.push_str("\n````\n");
        if cut > 0 {
            out.push_str(&format!("\n… and {cut} more lines; run `formwork show` to see all of it.\n"));
        }
        out.push_str("\n</details>\n");
    }
    out
}

/// Columns in which a plan's marks stand: of an object, of an attribute, of a line within a document.
const OBJECT: usize = 2;
const ATTRIBUTE: usize = 6;
const LINE: usize = 8;

/// A diff colours by the first character of a line: the mark goes there. What merely begins like a mark, such as an item
/// of a list in a document, is none.
#[derive(Default)]
struct Marks {
    /// Of the attribute that further lines belong to.
    attribute: char,
}

impl Marks {
    fn as_diff(&mut self, line: &str) -> String {
        if line.trim().is_empty() {
            return String::new();
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent > ATTRIBUTE {
            return self.further(line);
        }
        let mark = if indent == OBJECT || indent == ATTRIBUTE { mark_at(line, indent) } else { ' ' };
        self.attribute = if indent == ATTRIBUTE { mark } else { ' ' };
        format!("{mark}{line}")
    }

    /// A further line of an attribute's value: all of it is new or gone, or it has a mark of its own.
    fn further(&self, line: &str) -> String {
        if self.attribute != '!' {
            return format!("{}{line}", self.attribute);
        }
        let own = match line.as_bytes().get(LINE..LINE + 2) {
            Some(b"+ ") => '+',
            Some(b"- ") => '-',
            _ => return format!(" {line}"),
        };
        let (before, behind) = (" ".repeat(LINE + 2), line.get(LINE + 2..).unwrap_or(""));
        format!("{own}{before}{behind}")
    }
}

fn mark_at(line: &str, column: usize) -> char {
    let marked = line.get(column..).unwrap_or("");
    match marked.chars().next() {
        // A replacement is neither new nor gone.
        _ if marked.starts_with("-/+") || marked.starts_with("+/-") => '!',
        Some('+') => '+',
        Some('-') => '-',
        Some('~') => '!',
        _ => ' ',
    }
}
