// Holds every line that the agent wrote in transcripts against the protocol: its JSON schema and its order.
// First it has to find every fault that is planted into the transcript, else its word is worth nothing.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Shapes } from "./schema.mjs";

const MEMBERS = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);
/** Methods whose reply names a session, or whose request does. */
const OPENS = new Set(["session/new", "session/load", "session/resume", "session/fork"]);
/** What belongs to a turn, and so comes before the prompt's reply, or, in version 2, before the session is idle. */
const OF_A_TURN = new Set(["agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update", "plan", "plan_update"]);

const VERSIONS = { 1: new Shapes("v1"), 2: new Shapes("v2") };

/** Reads a transcript, one connection after the other, and collects faults. */
class Reading {
  faults = [];
  lines = 0;
  methods = new Set();
  /** As the connection's first reply says. */
  version = 1;
  /** Our requests that wait for their reply, by id. */
  #asked = new Map();
  /** Sessions that were opened, and how many requests may bring updates of a turn now. */
  #sessions = new Map();

  read(transcript) {
    transcript.split("\n").forEach((line, at) => {
      if (!line) return;
      const fault = (text) => this.faults.push(`line ${at + 1}: ${text}: ${line.slice(0, 300)}`);
      if (line.startsWith("> ")) this.#ours(JSON.parse(line.slice(2)));
      else if (line.startsWith("< ")) this.#theirs(line.slice(2), fault);
      else fault("is neither side's");
    });
    return this;
  }

  #ours(message) {
    if (message.method === "initialize") {
      this.#asked.clear();
      this.#sessions.clear();
    }
    if (message.method && message.id !== undefined) this.#asked.set(message.id, message);
    const session = message.params?.sessionId;
    if (message.method === "session/load" || message.params?.replayFrom) this.#sessions.set(session, 1);
    if (message.method === "session/prompt" && this.version === 1) this.#turns(session, 1);
  }

  #turns(session, change) {
    this.#sessions.set(session, (this.#sessions.get(session) ?? 0) + change);
  }

  #theirs(text, fault) {
    this.lines += 1;
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return fault("is no JSON");
    }
    if (message.jsonrpc !== "2.0") fault("has no jsonrpc 2.0");
    const strange = Object.keys(message).filter((key) => !MEMBERS.has(key));
    if (strange.length) fault(`has members that JSON-RPC does not know, ${strange}`);
    if (typeof message.method === "string") this.#call(message, fault);
    else this.#reply(message, fault);
  }

  #call({ id, method, params }, fault) {
    const role = id === undefined ? "Notification" : "Request";
    if (role === "Request" && !Number.isInteger(id)) fault("has an id that is no integer");
    this.methods.add(method);
    this.#shape("client", method, role, params, fault);
    if (method !== "session/update") return;
    if (params.update.sessionUpdate === "state_update") {
      this.#sessions.set(params.sessionId, params.update.state === "idle" ? 0 : 1);
    }
    const turns = this.#sessions.get(params.sessionId);
    if (turns === undefined) fault("is about a session that was not opened");
    else if (turns === 0 && OF_A_TURN.has(params.update.sessionUpdate)) fault("comes after the reply of its turn");
  }

  #reply({ id, result, error }, fault) {
    const request = this.#asked.get(id);
    if (!request) return fault("answers nothing that was asked");
    this.#asked.delete(id);
    if ((result === undefined) === (error === undefined)) return fault("has not one of result and error");
    this.methods.add(request.method);
    if (request.method === "initialize") this.version = result?.protocolVersion ?? this.version;
    if (error !== undefined) {
      VERSIONS[this.version].error(error).forEach(fault);
      if (!/^[^\n]{1,400}$/.test(error.message)) fault("has an error message that is not one short line");
    } else {
      this.#shape("agent", request.method, "Response", result, fault);
    }
    const session = result?.sessionId ?? request.params?.sessionId;
    if (request.method === "session/prompt" && this.version === 1) this.#turns(session, -1);
    else if (OPENS.has(request.method) && error === undefined) {
      this.#sessions.set(session, request.method === "session/load" ? 0 : (this.#sessions.get(session) ?? 0));
    }
  }

  #shape(side, method, role, value, fault) {
    const complaints = VERSIONS[this.version].complaints(side, method, role, value);
    if (complaints) complaints.forEach(fault);
    else if (!method.startsWith("_")) fault(`has a method that is not in the protocol, ${method} (${role})`);
  }
}

/** Transcripts with one fault each, by what was done. */
function* planted(transcript, version) {
  const lines = transcript.split("\n");
  const changed = (mark, change) => {
    const at = lines.findIndex((line) => line.startsWith("< ") && line.includes(mark));
    if (at < 0) throw new Error(`nothing in the transcript holds ${mark}`);
    return [...lines.slice(0, at), change(lines[at]), ...lines.slice(at + 1)].join("\n");
  };
  const replace = (mark, to) => changed(mark, (line) => line.replace(mark, to));
  yield ["a line that is no JSON", changed("{", (line) => line.slice(0, -1))];
  yield ["a line that is no message", changed("{", () => "< starting up")];
  yield ["a member besides those of JSON-RPC", replace('{"jsonrpc"', '{"type":"x","jsonrpc"')];
  yield ["a reply to nothing", changed('"result"', (line) => line.replace(/"id":[^,]+/, '"id":987654'))];
  yield ["an update of an unknown kind", replace('"agent_message_chunk"', '"said"')];
  yield ["an update without its content", replace('"content":', '"contents":')];
  yield ["an undeclared field", replace('"messageId":', '"turn":1,"messageId":')];
  yield ["a stop reason of our own", replace('"end_turn"', '"done"')];
  const asks = '"method":"session/request_permission","params":{"session';
  yield ["a request without its session", replace(`${asks}Id"`, `${asks}"`)];
  yield ["a method of our own", replace('"session/update"', '"session/updated"')];
  yield ["a capability as a boolean", replace('"fork":{}', '"fork":true')];
  if (version === 2) {
    yield ["a receipt of nothing", changed('"result":{"messageId"', (line) => line.replace('"messageId"', '"_messageId"'))];
    yield ["a change without its path", replace('"operation":"add","path"', '"operation":"add","file"')];
    yield ["a plan without its name", replace('"planId":"plan",', "")];
  }
  const reply = lines.findIndex((line) => line.startsWith("< ") && line.includes('"stopReason":"end_turn"'));
  const late = lines.findLastIndex((line, at) => at < reply && line.includes('"agent_message_chunk"'));
  yield ["an update after its reply", [...lines.slice(0, reply + 1), lines[late], ...lines.slice(reply + 1)].join("\n")];
}

let failed = false;
const report = (topic, faults) => {
  console.log(`${faults.length ? "not ok" : "ok"} schema: ${topic}`);
  faults.slice(0, 20).forEach((fault) => console.log(`  ${fault}`));
  failed ||= faults.length > 0;
};
for (const path of process.argv.slice(2)) {
  const transcript = readFileSync(path, "utf8");
  const reading = new Reading().read(transcript);
  const topic = `${basename(path)}, ${reading.lines} lines, ${reading.methods.size} methods`;
  report(topic, reading.lines ? reading.faults : ["nothing was written"]);
  if (reading.faults.length) continue;
  const missed = [...planted(transcript, reading.version)].filter(([, text]) => !new Reading().read(text).faults.length);
  report(`planted faults are found in ${basename(path)}`, missed.map(([name]) => `missed: ${name}`));
}
process.exitCode = failed || process.argv.length < 3 ? 1 : 0;
