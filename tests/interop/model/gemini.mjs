// Gemini, `streamGenerateContent`: https://ai.google.dev/api/generate-content

import { lastLine, since, sse, tokens } from "./stream.mjs";

class GeminiWriter {

  constructor(number, usage) {
    this.used = tokens(usage);
    this.id = `response-${number}`;
  }

  event(part, more = {}, rest = {}) {
    const candidates = [{ content: { role: "model", parts: [part] }, index: 0, ...more }];
    return sse({ candidates, modelVersion: "scripted", responseId: this.id, ...rest });
  }

  *line({ text, thought, call }) {
    if (text) yield this.event({ text });
    if (thought) yield this.event({ text: thought, thought: true });
    if (call) yield this.event({ functionCall: { name: call.name, args: call.input }, thoughtSignature: "sealed" });
  }

  *end() {
    const { input, output, thought, cache_read } = this.used;
    const usageMetadata = {
      promptTokenCount: input,
      cachedContentTokenCount: cache_read,
      candidatesTokenCount: output - thought,
      thoughtsTokenCount: thought,
      totalTokenCount: input + output,
    };
    yield this.event({ text: "" }, { finishReason: "STOP" }, { usageMetadata });
  }
}

export const gemini = {
  key: (key) => ["x-goog-api-key", key],
  path: /^\/v1\/models\/scripted:streamGenerateContent\?alt=sse$/,
  writer: (...it) => new GeminiWriter(...it),
  read({ contents, tools = [] }) {
    const isPerson = ({ role, parts }) => role === "user" && parts.some((it) => it.text !== undefined);
    const after = since(contents, isPerson).flatMap((it) => it.parts);
    const responses = after.map((it) => it.functionResponse?.response).filter(Boolean);
    return {
      said: lastLine(contents.findLast(isPerson).parts.map((it) => it.text ?? "").join("\n")),
      results: responses.map((it) => it.output ?? it.error),
      images: after.filter((it) => it.inlineData).length,
      sealed: contents.flatMap((it) => it.parts).filter((it) => it.thoughtSignature === "sealed").length,
      tools: tools.flatMap((it) => it.functionDeclarations.map((it) => it.name)),
    };
  },
};
