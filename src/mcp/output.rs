//! What a server's results are to a model and to a person.

use rmcp::model::{CallToolResult, ContentBlock as Block, ResourceContents};

use crate::acp::{ContentBlock, ToolCallContent};
use crate::tool::{MOST_SHOWN, ToolContext, ToolOutput, one_line};

/// Characters of a name or address.
const NAME: usize = 300;

/// The output of a call.
pub(super) async fn of(result: CallToolResult, context: &ToolContext) -> ToolOutput {
    let mut gathered = Gathered::default();
    for block in result.content {
        gathered.block(block);
    }
    if gathered.text.is_empty()
        && let Some(structured) = &result.structured_content
    {
        gathered.line(&serde_json::to_string_pretty(structured).unwrap_or_default());
    }
    gathered.output(result.is_error == Some(true), context).await
}

/// The output of reading a resource.
pub(super) async fn of_resource(contents: Vec<ResourceContents>, context: &ToolContext) -> ToolOutput {
    let mut gathered = Gathered::default();
    for contents in contents {
        gathered.resource(contents);
    }
    gathered.output(false, context).await
}

/// Something of a server as the protocol of clients has it, whose content blocks are the same.
pub(super) fn block(block: &Block) -> Option<ContentBlock> {
    serde_json::from_value(serde_json::to_value(block).ok()?).ok()
}

#[derive(Default)]
struct Gathered {
    text: String,
    /// What only a person sees.
    shown: Vec<ToolCallContent>,
    /// Bytes of it.
    weight: usize,
}

impl Gathered {
    fn line(&mut self, line: &str) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text += line;
    }

    fn block(&mut self, it: Block) {
        match it {
            Block::Text(text) => self.line(&text.text),
            Block::Image(ref image) => self.data(&image.mime_type, image.data.len(), block(&it)),
            Block::Audio(ref audio) => self.data(&audio.mime_type, audio.data.len(), block(&it)),
            Block::Resource(resource) => self.resource(resource.resource),
            Block::ResourceLink(ref link) => {
                let mime = link.mime_type.as_deref().map(|mime| format!(" ({mime})")).unwrap_or_default();
                self.line(&one_line(&format!("resource: {} {}{mime}", link.name, link.uri), NAME));
                self.shown.extend(block(&it).map(Into::into));
            }
            _ => self.line("(something that cannot be shown)"),
        }
    }

    fn resource(&mut self, contents: ResourceContents) {
        match contents {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                self.line(&one_line(&format!("[{uri}]"), NAME));
                self.line(&text);
            }
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                let mime = mime_type.unwrap_or_else(|| "application/octet-stream".into());
                self.line(&one_line(&format!("[{uri}]"), NAME));
                let image = mime.starts_with("image/").then(|| Block::image(blob.clone(), mime.clone()));
                self.data(&mime, blob.len(), image.as_ref().and_then(block));
            }
            _ => self.line("(something that cannot be shown)"),
        }
    }

    /// Says that there is data, and shows it to the person as long as there is room.
    fn data(&mut self, mime: &str, base64: usize, block: Option<ContentBlock>) {
        let (mime, bytes) = (one_line(mime, 60), base64 / 4 * 3);
        self.weight += base64;
        match block.filter(|_| self.weight <= MOST_SHOWN / 3 * 4) {
            Some(block) => {
                self.line(&format!("({mime}, about {bytes} bytes; shown to the user)"));
                self.shown.push(block.into());
            }
            None => self.line(&format!("({mime}, about {bytes} bytes; not shown)")),
        }
    }

    async fn output(self, failed: bool, context: &ToolContext) -> ToolOutput {
        let text = if self.text.is_empty() { "(no output)".to_owned() } else { context.fit(self.text).await };
        let mut output = if failed { ToolOutput::failed(text) } else { ToolOutput::done(text) };
        if !self.shown.is_empty() {
            output.content = vec![output.text.clone().into()];
            output.content.extend(self.shown);
        }
        output
    }
}
