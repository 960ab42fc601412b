//! Images, which the user sees and the model is told about.

use std::path::Path;

use crate::acp::{ContentBlock, ImageContent};
use crate::tool::output::Failure;
use crate::tool::{ToolOutput, label, limit};
use crate::workspace::{Place, Workspace, WorkspaceError};

/// The media type that the name promises, if it is that of an image clients show.
pub(super) fn mime_of(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
        _ => None,
    }
}

pub(super) fn read(
    workspace: &Workspace,
    place: &Place,
    name: &str,
    mime: &'static str,
) -> Result<ToolOutput, Failure> {
    let data = workspace.read(place, limit::IMAGE).map_err(|error| match error {
        WorkspaceError::TooLarge { size, limit, .. } => {
            let (size, limit) = (label::size(size), label::size(limit));
            Failure(format!("{name} is an image of {size}; images are shown up to {limit}"))
        }
        other => other.into(),
    })?;
    let size = label::size(data.bytes.len() as u64);
    if !is(mime, &data.bytes) {
        return Err(Failure(format!("{name} ({size}) is named like {mime} and is something else")));
    }
    if data.bytes.len() > limit::IMAGE_SHOWN {
        let limit = label::size(limit::IMAGE_SHOWN as u64);
        return Ok(ToolOutput::done(format!(
            "({name}: {mime}, {size}; not shown, as it is larger than {limit})"
        )));
    }
    let image = ImageContent::new(base64(&data.bytes), mime);
    Ok(ToolOutput::done(format!("({name}: {mime}, {size}; shown to the user)"))
        .content(vec![ContentBlock::Image(image).into()]))
}

fn is(mime: &str, bytes: &[u8]) -> bool {
    match mime {
        "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => bytes.starts_with(b"GIF8"),
        _ => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
    }
}

/// RFC 4648, section 4.
pub(in crate::tool) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) as usize & 0x3f;
            let digit = ALPHABET.get(index).filter(|_| place <= group.len()).unwrap_or(&b'=');
            text.push(char::from(*digit));
        }
    }
    text
}
