// The chat completions of OpenAI: https://platform.openai.com/docs/api-reference/chat-streaming

import { halves, lastLine, since, sse, tokens } from "./stream.mjs";

class ChatWriter {
  calls = 0;

  constructor(number, usage) {
    this.used = tokens(usage);
    this.id = `chatcmpl-${number}`;
  }

  chunk(delta, more = {}) {
    const choices = [{ index: 0, delta, finish_reason: null, ...more }];
    return sse({ id: this.id, object: "chat.completion.chunk", created: 1, model: "scripted", choices });
  }

  *line({ text, thought, call }) {
    if (text) yield this.chunk({ content: text });
    if (thought) yield this.chunk({ reasoning_content: thought });
    if (call) {
      const index = this.calls++;
      const fn = { name: call.name, arguments: "" };
      yield this.chunk({ tool_calls: [{ index, id: `call_${this.id}_${index}`, type: "function", function: fn }] });
      for (const half of halves(JSON.stringify(call.input))) {
        yield this.chunk({ tool_calls: [{ index, function: { arguments: half } }] });
      }
    }
  }

  *end() {
    yield this.chunk({}, { finish_reason: this.calls ? "tool_calls" : "stop" });
    const { input, output, thought, cache_read } = this.used;
    const usage = {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: cache_read },
      completion_tokens_details: { reasoning_tokens: thought },
    };
    yield sse({ id: this.id, object: "chat.completion.chunk", created: 1, model: "scripted", choices: [], usage });
    yield "data: [DONE]\n\n";
  }
}

export const chat = {
  key: (key) => ["authorization", `Bearer ${key}`],
  path: /^\/v1\/chat\/completions$/,
  writer: (...it) => new ChatWriter(...it),
  read({ messages, tools = [] }) {
    // What a tool has shown beside its text comes as words of the person.
    const isPerson = ({ role, content }) => role === "user" && typeof content === "string";
    const after = since(messages, isPerson);
    return {
      said: lastLine(messages.findLast(isPerson).content),
      results: after.filter((it) => it.role === "tool").map((it) => it.content),
      images: after.flatMap((it) => it.content ?? []).filter((it) => it.type === "image_url").length,
      sealed: messages.filter((it) => it.reasoning_content).length,
      tools: tools.map((it) => it.function.name),
    };
  },
};
