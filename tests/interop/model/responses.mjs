// The Responses API of OpenAI: https://platform.openai.com/docs/api-reference/responses-streaming

import { halves, lastLine, since, sse, tokens } from "./stream.mjs";

class ResponsesWriter {
  items = [];
  sequence = 0;

  constructor(number, usage) {
    this.used = tokens(usage);
    this.response = { id: `resp_${number}`, object: "response", created_at: 1, model: "scripted", output: [] };
  }

  event(type, more) {
    return sse({ type, sequence_number: this.sequence++, ...more }, type);
  }

  *open(item) {
    if (!this.sequence) yield this.event("response.created", { response: { ...this.response, status: "in_progress" } });
    if (this.item?.type === "message" && item?.type === "message") return;
    yield* this.done();
    this.item = item;
    this.index = this.items.length;
    if (item) yield this.event("response.output_item.added", { output_index: this.index, item });
  }

  *done() {
    if (!this.item) return;
    yield this.event("response.output_item.done", { output_index: this.index, item: this.item });
    this.items.push(this.item);
    this.item = undefined;
  }

  *line({ text, thought, call }) {
    const place = () => ({ item_id: this.item.id, output_index: this.index });
    if (text) {
      yield* this.open({ id: `msg_${this.sequence}`, type: "message", role: "assistant", status: "completed", content: [] });
      yield this.event("response.output_text.delta", { ...place(), content_index: 0, delta: text });
    }
    if (thought) {
      yield* this.open({ id: `rs_${this.sequence}`, type: "reasoning", summary: [], encrypted_content: "sealed" });
      yield this.event("response.reasoning_summary_text.delta", { ...place(), summary_index: 0, delta: thought });
      this.item.summary.push({ type: "summary_text", text: thought });
    }
    if (call) {
      const call_id = `call_${this.response.id}_${this.sequence}`;
      const { name } = call;
      yield* this.open({ id: `fc_${this.sequence}`, type: "function_call", call_id, name, arguments: "", status: "in_progress" });
      for (const half of halves(JSON.stringify(call.input))) {
        yield this.event("response.function_call_arguments.delta", { ...place(), delta: half });
      }
      Object.assign(this.item, { arguments: JSON.stringify(call.input), status: "completed" });
    }
  }

  *end() {
    yield* this.open();
    const { input, output, thought, cache_read } = this.used;
    const usage = {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cache_read },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: thought },
      total_tokens: input + output,
    };
    const response = { ...this.response, status: "completed", output: this.items, usage };
    yield this.event("response.completed", { response });
  }
}

export const responses = {
  key: (key) => ["authorization", `Bearer ${key}`],
  path: /^\/v1\/responses$/,
  writer: (...it) => new ResponsesWriter(...it),
  read({ input, tools = [] }) {
    const isPerson = (it) => it.type === "message" && it.role === "user";
    const text = (output) => (typeof output === "string" ? output : output.map((it) => it.text ?? "").join("\n"));
    return {
      said: lastLine(text(input.findLast(isPerson).content)),
      results: since(input, isPerson).filter((it) => it.type === "function_call_output").map((it) => text(it.output)),
      images: since(input, isPerson).flatMap((it) => it.output ?? []).filter((it) => it.type === "input_image").length,
      sealed: input.filter((it) => it.type === "reasoning" && it.encrypted_content === "sealed").length,
      tools: tools.map((it) => it.name),
    };
  },
};
