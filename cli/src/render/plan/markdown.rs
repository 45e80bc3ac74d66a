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
    let mut lines: Vec<String> = body.lines().map(as_diff).collect();
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

/// A diff colours by the first character of a line: the mark goes there.
fn as_diff(line: &str) -> String {
    let rest = line.trim_start();
    let indent = " ".repeat(line.len() - rest.len());
    let mark = match rest.chars().next() {
        Some('+') => '+',
        Some('-') => '-',
        Some('~') => '!',
        _ => ' ',
    };
    format!("{mark}{indent}{rest}")
}
