//! What is sent (`body`), and what odd answers mean (`answer`); recorded ones are held for all dialects together.

mod answer;
mod body;

use super::OpenAiChat;
use super::vendor::Vendor;

fn dialect(vendor: Vendor) -> OpenAiChat {
    OpenAiChat { vendor }
}
