// The official TypeScript client of the version-2 draft against the real binary: $ADJUTANT, transcript to the file given.
// The agent is on pipes, or, if a transport is named, a server on a port.

import assert from "node:assert/strict";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as acp from "@agentclientprotocol/sdk/experimental/v2";
import { start } from "./agent.mjs";
import { Watchers } from "./watchers.mjs";
import { handled } from "./talk.mjs";
import { Mind } from "../mind.mjs";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";

const { values, positionals } = parseArgs({ options: { over: { type: "string" } }, allowPositionals: true });
const { over } = values;
const [transcript] = positionals;
const binary = resolve(process.env.ADJUTANT ?? "");
assert(transcript && existsSync(binary), "usage: ADJUTANT=<binary> node draft.mjs [--over <transport>] <transcript>");
const { agent, client } = acp.methods;

const steps = new Steps(["ts sdk, version 2", over].filter(Boolean).join(", "));
const ends = over ? "ends in order when it is told to" : "ends by itself when its stdin is closed";

class Draft {
  /** Everything that was shown, in order. */
  updates = [];
  questions = [];
  /** Kinds of options that the next questions are answered with. */
  answers = [];
  #watchers = new Watchers();

  static async open(cwd, env) {
    const draft = new Draft();
    draft.log = createWriteStream(transcript, { flags: "a" });
    draft.process = await start({ binary, cwd, env, over, log: draft.log, options: ["--acp-v2"] });
    const app = acp.client({ name: "interop" });
    app.onRequest(client.session.requestPermission, ({ params }) => draft.#asked(params));
    app.onNotification(client.session.update, ({ params }) => {
      draft.updates.push(params.update);
      draft.#watchers.changed();
    });
    draft.connection = app.connect(draft.process.stream);
    draft.agent = draft.connection.agent;
    return draft;
  }

  /** Ends the agent: its stdin is closed, or the connection and then the server. Resolves to its exit. */
  async close() {
    if (over) this.connection.close();
    this.process.end();
    const exit = await this.process.exited;
    this.log.end();
    await once(this.log, "finish");
    return exit;
  }

  greet() {
    const info = { name: "interop", version: "1.0.0" };
    return this.agent.request(agent.initialize, { protocolVersion: 2, info, capabilities: {} });
  }

  until(condition) {
    return this.#watchers.until(condition);
  }

  /** Sends words, and gives the receipt and everything that was shown until the session was idle again. */
  async prompt(text, meanwhile = async () => {}) {
    const start = this.updates.length;
    const seen = () => this.updates.slice(start);
    const prompt = [{ type: "text", text }];
    const receipt = await this.agent.request(agent.session.prompt, { sessionId: this.session, prompt });
    await meanwhile(seen);
    await this.until(() => seen().some(isIdle));
    return { receipt, updates: seen(), end: seen().findLast(isIdle) };
  }

  #asked(question) {
    this.questions.push(question);
    this.#watchers.changed();
    const option = question.options.find((it) => it.kind === this.answers[0]);
    this.answers.shift();
    if (!option) return { outcome: { outcome: "cancelled" } };
    return { outcome: { outcome: "selected", optionId: option.optionId } };
  }
}

const isIdle = (it) => it.sessionUpdate === "state_update" && it.state === "idle";
const states = (updates) => updates.filter((it) => it.sessionUpdate === "state_update").map((it) => it.state);

/** What a client has that takes these in: messages and calls, each whole; but not what it could stop while they ran. */
function kept(updates) {
  const [messages, calls] = [new Map(), new Map()];
  for (const { sessionUpdate: kind, messageId, toolCallId, content, capabilities, ...rest } of updates) {
    const [, who, chunk] = /^(user_message|agent_message|agent_thought)(_chunk)?$/.exec(kind) ?? [];
    if (who) {
      const id = `${who} ${messageId}`;
      const text = chunk ? (messages.get(id) ?? "") + content.text : content.map((it) => it.text).join("");
      messages.set(id, text);
    } else if (kind === "tool_call_update") {
      calls.set(toolCallId, { ...calls.get(toolCallId), ...rest, ...(content && { content }) });
    }
  }
  return { messages: [...messages], calls: [...calls] };
}

const said = (updates) => kept(updates).messages.filter(([id]) => id.startsWith("agent_message")).map(([, text]) => text).join("");

async function run(folder) {
  const [home, cwd] = [join(folder, "home"), join(folder, "project")];
  await mkdir(home);
  await mkdir(cwd);
  const mind = await Mind.open(undefined, home);
  const env = environment(home, mind.env);
  const first = await Draft.open(cwd, env);
  steps.explain = () => `  stderr: ${first.process.errors || "(nothing)"}`;
  try {
    await live(first, cwd);
    await steps.step(`the agent ${ends}`, () => leave(first));
  } finally {
    first.process.child.kill("SIGKILL");
  }
  const second = await Draft.open(cwd, env);
  steps.explain = () => `  stderr: ${second.process.errors || "(nothing)"}`;
  second.session = first.session;
  try {
    await afterwards(second, cwd, first.updates);
    await steps.step("the second agent ends too", () => leave(second));
  } finally {
    second.process.child.kill("SIGKILL");
  }
}

async function leave(draft) {
  assert.deepEqual(await draft.close(), { code: 0, signal: null });
  assert.equal(draft.process.errors, "", "nothing was to be said on stderr");
}

async function live(draft, cwd) {
  await steps.step("initialize settles on version 2", async () => {
    const reply = await draft.greet();
    assert.equal(reply.protocolVersion, 2);
    assert.equal(reply.info.name, "adjutant");
    assert.deepEqual(reply.capabilities.session.delete, {});
    await draft.agent.request(agent.auth.login, { methodId: reply.authMethods[0].methodId });
  });
  await steps.step("session/new brings options and commands with its reply", async () => {
    const reply = await draft.agent.request(agent.session.new, { cwd, mcpServers: [] });
    draft.session = reply.sessionId;
    assert.deepEqual(reply.configOptions.map((it) => it.configId), ["mode", "model", "agent"]);
    assert(reply.availableCommands.some((it) => it.type === "command" && it.name === "compact"));
  });
  await steps.step("a prompt has its receipt, and its turn is told by the state", async () => {
    draft.answers.push("allow_once");
    const { receipt, updates, end } = await draft.prompt("write the note");
    assert.equal(end.stopReason, "end_turn");
    assert.deepEqual(states(updates), ["running", "requires_action", "running", "idle"]);
    assert(kept(updates).messages.some(([id, text]) => id === `user_message ${receipt.messageId}` && text === "write the note"));
    assert.equal(said(updates), "I write the note.The note is written.");
    const [[id, call]] = kept(updates).calls;
    assert.deepEqual([call.status, call.kind], ["completed", "edit"]);
    assert.deepEqual(call.content[0].changes.map((it) => [it.operation, it.path]), [["add", join(cwd, "note.txt")]]);
    const { title, description, subject } = draft.questions.at(-1);
    assert.equal(subject.toolCall.toolCallId, id);
    assert(title && description, JSON.stringify(draft.questions.at(-1)));
    assert.equal(await readFile(join(cwd, "note.txt"), "utf8"), "first line\n");
  });
  await steps.step("what was rejected is not done", async () => {
    draft.answers.push("reject_once");
    const { updates } = await draft.prompt("write the secret");
    assert.equal(said(updates), "Then I leave it.");
    assert(!existsSync(join(cwd, "secret.txt")));
  });
  await steps.step("a command runs in a terminal of the agent's", async () => {
    draft.answers.push("allow_once");
    const { updates } = await draft.prompt("run the check");
    const [[, call]] = kept(updates).calls;
    const { terminalId } = call.content.find((it) => it.type === "terminal");
    const of = updates.filter((it) => it.terminalId === terminalId);
    assert.match(of.find((it) => it.command).command, /^touch checked/);
    assert.equal(of.find((it) => it.exitStatus).exitStatus.exitCode, 3);
    const shown = of.map((it) => it.data ?? it.output?.data ?? "").map((it) => Buffer.from(it, "base64")).join("");
    assert.match(shown, /seen in terminal/);
  });
  await steps.step("a plan has a name of its own", async () => {
    const { updates } = await draft.prompt("plan the work");
    const { plan } = updates.find((it) => it.sessionUpdate === "plan_update");
    assert.equal(plan.planId, "plan");
    assert.deepEqual(plan.entries.map((it) => it.status), ["completed", "in_progress"]);
  });
  await steps.step("a failure of the model is the reason why it is idle", async () => {
    const { end } = await draft.prompt("fail");
    assert.equal(end.stopReason, "error");
    assert.match(end.error.message, /out of reach/);
  });
  await steps.step("what is cancelled ends as cancelled, and the next prompt works", async () => {
    const { end } = await draft.prompt("count for ever", async (seen) => {
      await draft.until(() => seen().filter((it) => it.sessionUpdate === "agent_message_chunk").length >= 3);
      await draft.agent.notify(agent.session.cancel, { sessionId: draft.session });
    });
    assert.equal(end.stopReason, "cancelled");
    const { updates } = await draft.prompt("say hello");
    assert.equal(said(updates), "Said.");
  });
  await steps.step("one call is stopped, and the turn goes on without it", async () => {
    draft.answers.push("allow_once");
    const { updates, end } = await draft.prompt("doze", async (seen) => {
      const stoppable = () => seen().find((it) => it.sessionUpdate === "tool_call_update" && it.capabilities?.cancel);
      await draft.until(stoppable);
      const { toolCallId } = stoppable();
      await draft.agent.request(agent.toolCall.cancel, { sessionId: draft.session, toolCallId });
    });
    assert.equal(kept(updates).calls[0][1].status, "cancelled");
    assert.equal(said(updates), "Awake.");
    assert.equal(end.stopReason, "end_turn");
  });
  await steps.step("options are set by their name, and there is nothing else to set", async () => {
    const wanted = { sessionId: draft.session, configId: "mode", type: "id", value: "plan" };
    const { configOptions } = await draft.agent.request(agent.session.setConfigOption, wanted);
    assert.equal(configOptions.find((it) => it.configId === "mode").currentValue, "plan");
    await assert.rejects(draft.agent.request("session/set_mode", { sessionId: draft.session, modeId: "plan" }), { code: -32601 });
  });
}

async function afterwards(draft, cwd, before) {
  const { session } = draft;
  await steps.step("session/list names the session", async () => {
    await draft.greet();
    const { sessions } = await draft.agent.request(agent.session.list, { cwd });
    assert.deepEqual(sessions.map((it) => [it.sessionId, it.cwd]), [[session, cwd]]);
  });
  await steps.step("session/resume shows nothing of before, but where it stands", async () => {
    await draft.agent.request(agent.session.resume, { sessionId: session, cwd, mcpServers: [] });
    await handled();
    assert.deepEqual(draft.updates.map((it) => [it.sessionUpdate, it.state]), [["state_update", "idle"]]);
  });
  await steps.step("session/resume with a replay shows what was seen live", async () => {
    draft.updates.length = 0;
    const replayFrom = { type: "start" };
    await draft.agent.request(agent.session.resume, { sessionId: session, cwd, mcpServers: [], replayFrom });
    await handled();
    const [live, replayed] = [kept(before), kept(draft.updates)];
    const failure = replayed.messages.filter(([, text]) => text.includes("The turn failed"));
    assert.equal(failure.length, 1, "the state that told of the failure is no history");
    assert.deepEqual(replayed.messages.filter((it) => it !== failure[0]), live.messages);
    assert.deepEqual(replayed.calls, live.calls);
    assert.deepEqual(states(draft.updates), ["idle"]);
  });
  await steps.step("what is deleted is gone", async () => {
    await draft.agent.request(agent.session.close, { sessionId: session });
    await draft.agent.request(agent.session.delete, { sessionId: session });
    const gone = draft.agent.request(agent.session.resume, { sessionId: session, cwd, mcpServers: [] });
    await assert.rejects(gone, { code: -32002 });
    await draft.agent.request(agent.auth.logout, {});
  });
}

await inTemporaryFolder(run);
process.exitCode = steps.failed ? 1 : 0;
