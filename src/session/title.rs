use crate::acp::ContentBlock;

/// Longest title, in characters.
const LONGEST: usize = 72;

/// A session's title from its first prompt: the first line that says something, cut at a word.
pub(super) fn title(prompt: &[ContentBlock]) -> Option<String> {
    let line = prompt.iter().find_map(|block| match block {
        ContentBlock::Text(text) => text.text.lines().map(str::trim).find(|line| !line.is_empty()),
        _ => None,
    })?;
    let clean: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = clean.char_indices().nth(LONGEST) else { return Some(clean) };
    let head = &clean[..end];
    let cut = head.rfind(' ').filter(|at| *at > LONGEST / 2).unwrap_or(end);
    Some(format!("{}…", head[..cut].trim_end()))
}
