// Anthropic Messages: https://platform.claude.com/docs/en/build-with-claude/streaming

import { halves, lastLine, since, sse, tokens } from "./stream.mjs";

class AnthropicWriter {
  index = 0;
  calls = 0;

  constructor(number, usage) {
    this.used = tokens(usage);
    this.id = `msg_${number}`;
  }

  event(type, more = {}) {
    return sse({ type, ...more }, type);
  }

  usage() {
    const { input, cache_read } = this.used;
    return { input_tokens: input - cache_read, cache_read_input_tokens: cache_read, cache_creation_input_tokens: 0 };
  }

  delta(delta) {
    return this.event("content_block_delta", { index: this.index, delta });
  }

  *begin() {
    if (this.begun) return;
    this.begun = true;
    const usage = { ...this.usage(), output_tokens: 1 };
    const message = { id: this.id, type: "message", role: "assistant", model: "scripted", content: [], usage };
    yield this.event("message_start", { message });
  }

  *block(kind, content_block) {
    if (this.open === kind) return;
    yield* this.stop();
    this.open = kind;
    yield this.event("content_block_start", { index: this.index, content_block });
  }

  *stop() {
    if (!this.open) return;
    if (this.open === "thinking") yield this.delta({ type: "signature_delta", signature: "sealed" });
    yield this.event("content_block_stop", { index: this.index++ });
    this.open = undefined;
  }

  *line({ text, thought, call }) {
    yield* this.begin();
    if (text) {
      yield* this.block("text", { type: "text", text: "" });
      yield this.delta({ type: "text_delta", text });
    }
    if (thought) {
      yield* this.block("thinking", { type: "thinking", thinking: "", signature: "" });
      yield this.delta({ type: "thinking_delta", thinking: thought });
    }
    if (call) {
      const id = `toolu_${this.id}_${this.calls++}`;
      yield* this.block(id, { type: "tool_use", id, name: call.name, input: {} });
      for (const half of halves(JSON.stringify(call.input))) {
        yield this.delta({ type: "input_json_delta", partial_json: half });
      }
    }
  }

  *end() {
    yield* this.begin();
    yield* this.stop();
    const { output, thought } = this.used;
    const usage = { ...this.usage(), output_tokens: output, output_tokens_details: { thinking_tokens: thought } };
    yield this.event("message_delta", { delta: { stop_reason: this.calls ? "tool_use" : "end_turn" }, usage });
    yield this.event("message_stop");
  }
}

export const anthropic = {
  key: (key) => ["x-api-key", key],
  path: /^\/v1\/messages$/,
  writer: (...it) => new AnthropicWriter(...it),
  read({ messages, tools = [] }) {
    const isPerson = ({ role, content }) => role === "user" && content.some((it) => it.type === "text");
    const text = (content) => content.map((it) => it.text ?? "").join("\n");
    const after = since(messages, isPerson).flatMap((it) => it.content);
    return {
      said: lastLine(text(messages.findLast(isPerson).content)),
      results: after.filter((it) => it.type === "tool_result").map((it) => text(it.content)),
      images: after.flatMap((it) => it.content ?? []).filter((it) => it.type === "image").length,
      sealed: messages.flatMap((it) => it.content).filter((it) => it.signature === "sealed").length,
      tools: tools.map((it) => it.name),
    };
  },
};
