//! The files of cases.

/// A case: sources and expectations.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it is about.
    about: String,
    sections: Vec<Section>,
}

/// `=== KIND argument`, and the lines that follow.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    kind: String,
    /// The path of a source, the stage of an expectation.
    pub(crate) argument: String,
    /// How a source is spelt differently: `(crlf)`, `(bom)`.
    flags: String,
    /// As it stands in the case.
    pub(crate) body: String,
}

/// A source of a case.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Case {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut case = Self { about: String::new(), sections: Vec::new() };
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("=== ") {
                let (kind, rest) = title.split_once(' ').unwrap_or((title, ""));
                let (argument, flags) = rest.split_once(" (").unwrap_or((rest, ""));
                if !matches!(kind, "FILE" | "EXPECT") {
                    return Err(format!("there is no section `{kind}`"));
                }
                case.sections.push(Section {
                    kind: kind.to_owned(),
                    argument: argument.to_owned(),
                    flags: flags.trim_end_matches(')').to_owned(),
                    body: String::new(),
                });
                continue;
            }
            let body = case.sections.last_mut().map_or(&mut case.about, |section| &mut section.body);
            body.push_str(line);
            body.push('\n');
        }
        Ok(case)
    }

    pub(crate) fn expectations(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.kind == "EXPECT")
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        self.sections.iter().filter(|section| section.kind == "FILE").map(Section::source).collect()
    }

    pub(crate) fn replace(&mut self, stage: &str, body: String) {
        let wanted = |section: &&mut Section| section.kind == "EXPECT" && section.argument == stage;
        if let Some(section) = self.sections.iter_mut().find(wanted) {
            section.body = body;
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = self.about.clone();
        for section in &self.sections {
            let flags = if section.flags.is_empty() { String::new() } else { format!(" ({})", section.flags) };
            text.push_str(&format!("=== {} {}{flags}\n{}", section.kind, section.argument, section.body));
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }
}

impl Section {
    fn source(&self) -> Source {
        let mut text = self.body.clone();
        if self.flags.contains("crlf") {
            text = text.replace('\n', "\r\n");
        }
        if self.flags.contains("bom") {
            text.insert(0, '\u{feff}');
        }
        if self.flags.contains("no newline") {
            text.truncate(text.trim_end().len());
        }
        Source { path: self.argument.clone(), text }
    }
}
