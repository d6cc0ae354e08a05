//! The parts of a control's page: front matter, sections and fenced blocks, each with its line.

/// A page, split.
pub(crate) struct Page<'t> {
    /// The front matter's lines, without the `---` around it; it begins on line 2.
    pub front: Option<String>,
    /// Fenced blocks in order.
    pub fences: Vec<Fence<'t>>,
    /// Number of the last line.
    pub end: u32,
    sections: Vec<(&'t str, String)>,
}

/// A fenced block.
pub(crate) struct Fence<'t> {
    /// What follows the backticks.
    info: &'t str,
    /// The lines within.
    pub text: String,
    /// The line after the opening fence.
    pub line: u32,
}

impl<'t> Fence<'t> {
    pub(crate) fn tag(&self) -> &'t str {
        self.info.split_whitespace().next().unwrap_or_default()
    }

    /// What follows the tag.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'t str> {
        self.info.split_whitespace().skip(1)
    }
}

impl<'t> Page<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let mut lines = (1u32..).zip(text.strip_prefix('\u{feff}').unwrap_or(text).lines()).peekable();
        let mut page = Self { front: None, fences: Vec::new(), end: 1, sections: Vec::new() };
        if lines.peek().is_some_and(|(_, line)| line.trim_end() == "---") {
            lines.next();
            let front: Vec<_> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim_end() != "---").collect();
            page.front = Some(front.join("\n"));
        }
        let mut open: Option<Fence<'t>> = None;
        for (number, line) in lines {
            page.end = number;
            if let Some(fence) = &mut open {
                if line.trim() == "```" {
                    page.fences.extend(open.take());
                } else {
                    fence.text.push_str(line);
                    fence.text.push('\n');
                }
            } else if let Some(info) = line.strip_prefix("```") {
                open = Some(Fence { info: info.trim(), text: String::new(), line: number + 1 });
            }
            match line.strip_prefix("## ") {
                Some(title) if open.is_none() => page.sections.push((title.trim(), String::new())),
                _ => {
                    if let Some((_, body)) = page.sections.last_mut() {
                        body.push_str(line);
                        body.push('\n');
                    }
                }
            }
        }
        page.fences.extend(open);
        page
    }

    /// The Markdown under a heading, trimmed.
    pub(crate) fn section(&self, name: &str) -> Option<String> {
        self.sections.iter().find(|(title, _)| *title == name).map(|(_, body)| body.trim().to_owned())
    }
}
