// What a conversation looks like to a person, put together from `session/update`s: the same whether they
// were seen live or replayed, however the text was cut into chunks.

const TEXTS = {
  user_message_chunk: "user",
  agent_message_chunk: "agent",
  agent_thought_chunk: "thought",
};

/** Folds updates into entries, in the order of their first appearance. */
export function fold(updates) {
  const entries = [];
  const tools = new Map();
  for (const update of updates) {
    const kind = update.sessionUpdate;
    if (kind in TEXTS) {
      text(entries, TEXTS[kind], update);
    } else if (kind === "tool_call") {
      if (tools.has(update.toolCallId)) throw new Error(`tool_call ${update.toolCallId} was announced twice`);
      const call = { entry: "tool", ...fields(update) };
      tools.set(update.toolCallId, call);
      entries.push(call);
    } else if (kind === "tool_call_update") {
      const call = tools.get(update.toolCallId);
      if (!call) throw new Error(`tool_call_update for ${update.toolCallId}, which was never announced`);
      if (["completed", "failed"].includes(call.status)) {
        throw new Error(`tool_call_update for ${update.toolCallId} after it was ${call.status}`);
      }
      Object.assign(call, fields(update));
    } else if (kind === "plan") {
      entries.push({ entry: "plan", plan: update.entries });
    }
  }
  return entries;
}

function text(entries, voice, update) {
  if (!update.messageId) throw new Error(`${update.sessionUpdate} without a messageId`);
  const last = entries.at(-1);
  const words = update.content.text ?? JSON.stringify(update.content);
  if (last?.entry === voice && last.message === update.messageId) last.text += words;
  else entries.push({ entry: voice, message: update.messageId, text: words });
}

function fields({ sessionUpdate, _meta, ...rest }) {
  return rest;
}

/** All that a voice said, as one text. */
export function said(updates, voice) {
  return fold(updates)
    .filter((it) => it.entry === voice)
    .map((it) => it.text)
    .join("\n");
}
