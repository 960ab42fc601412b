// The official TypeScript client against the real binary: $ADJUTANT, transcript to the file given. The model is a
// script inside the agent, or, if a wire dialect is named, a server that speaks it; the agent is on pipes, or, if a
// transport is named, a server on a port.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { methods } from "@agentclientprotocol/sdk/unstable";
import { Editor } from "./editor.mjs";
import { Talk, handled } from "./talk.mjs";
import { Mind, SOON } from "../mind.mjs";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";
import { fold, said } from "./transcript.mjs";

const { values, positionals } = parseArgs({ options: { over: { type: "string" } }, allowPositionals: true });
const { over } = values;
const [transcript, dialect] = positionals;
const binary = resolve(process.env.ADJUTANT ?? "");
assert(transcript && existsSync(binary), "usage: ADJUTANT=<binary> node drive.mjs [--over <transport>] <transcript> [<dialect>]");
const { session, ...agentMethods } = methods.agent;

const steps = new Steps(["ts sdk", over, dialect].filter(Boolean).join(", "));
const ends = over ? "ends in order when it is told to" : "ends by itself when its stdin is closed";

async function run(folder) {
  const [home, cwd] = [join(folder, "home"), join(folder, "project")];
  await mkdir(home);
  await mkdir(cwd);
  const mind = await Mind.open(dialect, home);
  const env = environment(home, mind.env);
  const open = async () => {
    const editor = await Editor.open({ binary, cwd, env, transcript, over });
    steps.explain = () => `  stderr: ${editor.errors || "(nothing)"}`;
    return editor;
  };
  const told = { id: undefined, live: [] };
  const first = await open();
  try {
    const talk = new Talk(first, mind, cwd, told);
    await live(talk);
    await steps.step(`the agent ${ends}`, () => talk.leave());
    const second = await open();
    try {
      const again = new Talk(second, mind, cwd, told);
      await afterwards(again);
      await steps.step(`the second agent ${ends}`, () => again.leave());
    } finally {
      second.kill();
    }
  } finally {
    first.kill();
    mind.close();
  }
}

async function greet(talk) {
  const reply = await talk.greet();
  assert.equal(reply.protocolVersion, 1);
  assert.equal(reply.agentInfo.name, "adjutant");
  const { loadSession, sessionCapabilities } = reply.agentCapabilities;
  assert.equal(loadSession, true);
  for (const name of ["list", "resume", "fork", "close", "delete"]) assert.deepEqual(sessionCapabilities[name], {});
  return reply;
}

async function live(talk) {
  await steps.step("initialize tells what the agent can do", async () => {
    const { authMethods } = await greet(talk);
    await talk.request(agentMethods.authenticate, { methodId: authMethods[0].id });
  });
  await steps.step("session/new opens a session, and its commands follow the reply", async () => {
    const reply = await talk.request(session.new, { cwd: talk.cwd, mcpServers: talk.mind.mcpServers });
    talk.told.id = reply.sessionId;
    assert.equal(reply.modes.currentModeId, "default");
    assert.deepEqual(reply.configOptions.map((it) => it.id), ["mode", "model", "agent"]);
    const updates = talk.editor.updates(reply.sessionId);
    await talk.editor.until(() => updates.some((it) => it.sessionUpdate === "available_commands_update"));
  });
  await permissions(talk);
  if (talk.mind.server) await overHttp(talk);
  await editorAndTerminal(talk);
  await cancelling(talk);
  await settings(talk);
  await steps.step("a failure of the model is an error of the prompt, in one line", async () => {
    const error = await talk.prompt("fail").then(() => assert.fail("it succeeded"), (error) => error);
    assert.match(error.message, /^[^\n]*out of reach[^\n]*$/);
    assert(!talk.mind.server || talk.mind.asked("fail") === 2, "it was not tried again");
    const told = { type: "text", text: `\n\n(The turn failed: ${error.message})` };
    talk.told.live.push({ sessionUpdate: "agent_message_chunk", messageId: "end", content: told });
  });
}

async function permissions(talk) {
  const { editor } = talk;
  await steps.step("what was allowed once is done", async () => {
    editor.answers.push("allow_once");
    const { stopReason, updates } = await talk.prompt("write the note");
    assert.equal(stopReason, "end_turn");
    assert.match(said(updates, "thought"), /A small file/);
    assert.equal(said(updates, "agent"), "I write the note.\nThe note is written.");
    const [call] = fold(updates).filter((it) => it.entry === "tool");
    assert.equal(call.status, "completed");
    assert.equal(call.kind, "edit");
    assert.equal(call.toolCallId, editor.questions.at(-1).toolCall.toolCallId);
    assert.equal(await readFile(talk.path("note.txt"), "utf8"), "first line\n");
  });
  await steps.step("what was rejected is not done", async () => {
    editor.answers.push("reject_once");
    const { stopReason, updates } = await talk.prompt("write the secret");
    assert.equal(stopReason, "end_turn");
    assert.equal(said(updates, "agent"), "Then I leave it.");
    assert.equal(fold(updates).find((it) => it.entry === "tool").status, "failed");
    assert(!existsSync(talk.path("secret.txt")));
  });
}

/** What only a model beyond a wire can tell. */
async function overHttp(talk) {
  const { editor, mind } = talk;
  await steps.step("the model is told what came of its call, and gets its thought back", async () => {
    editor.answers.push("allow_once");
    await talk.prompt("write the note");
    const { results, sealed, tools } = mind.told("write the note");
    assert.match(results.join(), /note\.txt/);
    assert(sealed > 0, "the thought did not come back");
    assert(tools.includes("write") && tools.includes("everything_get-sum"), tools.join());
  });
  await steps.step("a tool of an MCP server is asked for, called, and told of", async () => {
    editor.answers.push("allow_once");
    const { updates } = await talk.prompt("add the numbers");
    assert.equal(said(updates, "agent"), "The numbers are added.");
    assert.equal(editor.questions.at(-1).toolCall.toolCallId, fold(updates).find((it) => it.entry === "tool").toolCallId);
    assert.match(mind.told("add the numbers").results.join(), /is 42/);
  });
  await steps.step("a turn that is cancelled closes the model's connection", async () => {
    const { stopReason } = await talk.prompt("count for ever", async (seen) => {
      await editor.until(() => seen().some((it) => it.sessionUpdate === "agent_message_chunk"));
      await mind.noticed(() => talk.cancel());
    });
    assert.equal(stopReason, "cancelled");
  });
}

async function editorAndTerminal(talk) {
  const { editor } = talk;
  await steps.step("an edit works on the unsaved text of the editor", async () => {
    const path = talk.path("draft.txt");
    await writeFile(path, "on the disk\n");
    editor.buffers.set(path, "one\nnot saved yet\nthree\n");
    editor.answers.push("allow_once");
    editor.calls.length = 0;
    const { updates } = await talk.prompt("change the draft");
    assert.equal(editor.buffers.get(path), "one\nchanged by the agent\nthree\n");
    assert(editor.calls.includes("fs/read_text_file") && editor.calls.includes("fs/write_text_file"), editor.calls.join());
    const call = fold(updates).find((it) => it.entry === "tool");
    const diff = call.content.find((it) => it.type === "diff");
    assert.equal(diff?.path, path, JSON.stringify(call));
    assert(diff.oldText.includes("not saved yet") && diff.newText.includes("changed by the agent"));
    assert(call.locations.some((it) => it.path === path && it.line === 2), JSON.stringify(call.locations));
  });
  await steps.step("a command runs in a terminal of the editor, which is released", async () => {
    editor.answers.push("allow_once");
    editor.calls.length = 0;
    const { updates } = await talk.prompt("run the check");
    assert(existsSync(talk.path("checked.txt")), "the command has not run");
    for (const method of ["terminal/create", "terminal/wait_for_exit", "terminal/output", "terminal/release"]) {
      assert(editor.calls.includes(method), `${method} was not called: ${editor.calls}`);
    }
    assert.deepEqual(editor.openTerminals, []);
    const call = fold(updates).find((it) => it.entry === "tool");
    assert.equal(call.status, "failed", "it ended with 3");
    assert(call.content.some((it) => it.type === "terminal"), JSON.stringify(call.content));
    assert.equal(said(updates, "agent"), "The check ended with 3.");
  });
  await steps.step("a plan and the use of the context are shown", async () => {
    const { updates } = await talk.prompt("plan the work");
    const plan = updates.find((it) => it.sessionUpdate === "plan");
    assert.deepEqual(plan.entries.map((it) => [it.content, it.status]), [["look", "completed"], ["change", "in_progress"]]);
    const usage = updates.filter((it) => it.sessionUpdate === "usage_update").map(({ used, size }) => [used, size]);
    assert(usage.some(([used, size]) => used === 1234 && size === 1_000_000_000), JSON.stringify(usage));
  });
}

async function cancelling(talk) {
  const { editor } = talk;
  await steps.step("a stream that is cancelled ends as cancelled", async () => {
    let asked;
    const { stopReason, updates } = await talk.prompt("count for ever", async (seen) => {
      await editor.until(() => seen().filter((it) => it.sessionUpdate === "agent_message_chunk").length >= 3);
      asked = Date.now();
      await talk.cancel();
    });
    assert(Date.now() - asked < SOON, `it took ${Date.now() - asked} ms`);
    assert.equal(stopReason, "cancelled");
    assert.match(said(updates, "agent"), /^0000000 0000001 0000002 /);
  });
  await steps.step("a question that is open when the turn is cancelled holds nothing up", async () => {
    editor.answers.push("hold");
    const asked = editor.questions.length;
    const { stopReason, updates } = await talk.prompt("write the secret", async () => {
      await editor.until(() => editor.questions.length > asked);
      await talk.cancel();
    });
    editor.questions.at(-1).letGo();
    assert.equal(stopReason, "cancelled");
    assert.equal(fold(updates).find((it) => it.entry === "tool").status, "failed");
    assert(!existsSync(talk.path("secret.txt")));
  });
  await steps.step("a command that is cancelled is killed and its terminal released", async () => {
    editor.answers.push("allow_once");
    const { stopReason } = await talk.prompt("sleep for ever", async () => {
      await editor.until(() => editor.openTerminals.length === 1 && editor.calls.includes("terminal/wait_for_exit"));
      await talk.cancel();
    });
    assert.equal(stopReason, "cancelled");
    await editor.until(() => editor.openTerminals.length === 0);
    assert(editor.calls.includes("terminal/kill"), editor.calls.join());
  });
  await steps.step("the next prompt works, and a cancel of nothing does nothing", async () => {
    await talk.cancel();
    const { stopReason, updates } = await talk.prompt("say hello");
    assert.equal(stopReason, "end_turn");
    assert.equal(said(updates, "agent"), "Said.");
  });
}

async function settings(talk) {
  const { editor, told } = talk;
  const sessionId = told.id;
  await steps.step("session/set_mode and the mode option stay in step", async () => {
    await talk.request(session.setMode, { sessionId, modeId: "accept-edits" });
    const updates = editor.updates(sessionId);
    const shown = () => updates.findLast((it) => it.sessionUpdate === "config_option_update");
    await editor.until(() => shown()?.configOptions.find((it) => it.id === "mode").currentValue === "accept-edits");
    const { updates: seen } = await talk.prompt("write the note");
    assert.equal(fold(seen).find((it) => it.entry === "tool")?.status, "completed", "asked, although edits are accepted");
  });
  await steps.step("session/set_config_option answers with all options", async () => {
    const { configOptions } = await talk.request(session.setConfigOption, { sessionId, configId: "mode", value: "default" });
    assert.deepEqual(configOptions.map((it) => [it.id, it.currentValue])[0], ["mode", "default"]);
    const updates = editor.updates(sessionId);
    await editor.until(() => updates.findLast((it) => it.sessionUpdate === "current_mode_update")?.currentModeId === "default");
  });
  await steps.step("an unknown mode and an unknown option are refused", async () => {
    const wrong = { code: -32602 };
    await assert.rejects(talk.request(session.setMode, { sessionId, modeId: "no such mode" }), wrong);
    await assert.rejects(talk.request(session.setConfigOption, { sessionId, configId: "mode", value: "none" }), wrong);
    await assert.rejects(talk.request(session.setConfigOption, { sessionId, configId: "none", value: "none" }), wrong);
  });
}

async function afterwards(talk) {
  const { told, editor, cwd } = talk;
  const place = { cwd, mcpServers: talk.mind.mcpServers };
  await steps.step("session/list names the session, with a title and a time", async () => {
    await greet(talk);
    const { sessions } = await talk.request(session.list, { cwd });
    assert.deepEqual(sessions.map((it) => [it.sessionId, it.cwd]), [[told.id, cwd]]);
    assert(sessions[0].title, "it has no title");
    assert(Date.parse(sessions[0].updatedAt) > 0, sessions[0].updatedAt);
    const { sessions: none } = await talk.request(session.list, { cwd: join(cwd, "elsewhere") });
    assert.deepEqual(none, []);
  });
  await steps.step("session/load shows, before its reply, what was seen live", async () => {
    const updates = editor.updates(told.id);
    const reply = await talk.request(session.load, { sessionId: told.id, ...place });
    await handled();
    assert.equal(reply.modes.currentModeId, "default");
    assert.deepEqual(comparable(fold(updates)), comparable(fold(told.live)));
    const terminals = updates.flatMap((it) => it.content ?? []).filter((part) => part.type === "terminal");
    assert.deepEqual(terminals, [], "a terminal that is gone was shown again");
  });
  await steps.step("session/resume shows nothing of before, and the conversation goes on", async () => {
    const start = editor.updates(told.id).length;
    const reply = await talk.request(session.resume, { sessionId: told.id, ...place });
    assert.equal(reply.modes.currentModeId, "default");
    const { updates } = await talk.prompt("say more");
    assert.equal(said(updates, "agent"), "Said.");
    assert.deepEqual(fold(editor.updates(told.id).slice(start)), fold(updates));
  });
  await forkCloseDelete(talk, place);
}

async function forkCloseDelete(talk, place) {
  const { told, cwd } = talk;
  const parent = told.id;
  await steps.step("session/fork goes its own way with the history so far", async () => {
    const before = told.live.length;
    const fork = await talk.request(session.fork, { sessionId: parent, ...place });
    assert.notEqual(fork.sessionId, parent);
    told.id = fork.sessionId;
    const { updates } = await talk.prompt("say something");
    assert.equal(said(updates, "agent"), "Said.");
    const inFork = await replay(talk, fork.sessionId, place);
    assert.deepEqual(comparable(inFork), comparable(fold(told.live)));
    const inParent = await replay(talk, parent, place);
    assert.deepEqual(comparable(inParent), comparable(fold(told.live.slice(0, before))));
  });
  await steps.step("session/close cancels what runs, and the session can be loaded again", async () => {
    const { stopReason } = await talk.prompt("count for ever", async (seen) => {
      await talk.editor.until(() => seen().some((it) => it.sessionUpdate === "agent_message_chunk"));
      await talk.request(session.close, { sessionId: told.id });
    });
    assert.equal(stopReason, "cancelled");
    await assert.rejects(talk.prompt("say no"), { code: -32002 });
    told.live.splice(-1);
    assert.deepEqual(comparable(await replay(talk, told.id, place)), comparable(fold(told.live)));
  });
  await steps.step("session/delete takes the session out of the list, twice if asked", async () => {
    await talk.request(session.delete, { sessionId: told.id });
    await talk.request(session.delete, { sessionId: told.id });
    const { sessions } = await talk.request(session.list, { cwd });
    assert.deepEqual(sessions.map((it) => it.sessionId), [parent]);
    const error = await talk.request(session.load, { sessionId: told.id, ...place }).catch((error) => error);
    assert.equal(error.code, -32002);
    assert.equal(error.data.sessionId, told.id);
  });
}

async function replay(talk, sessionId, place) {
  const updates = talk.editor.updates(sessionId);
  const start = updates.length;
  await talk.request(session.load, { sessionId, ...place });
  await handled();
  return fold(updates.slice(start));
}

/**
 * Entries without what is not told twice: the ids of the person's words and of a failure's, and terminals, which are
 * gone when their call is shown again; what they showed is text then.
 */
function comparable(entries) {
  const untold = (it) => it.entry === "user" || it.text?.startsWith("\n\n(The turn failed");
  const lasting = (part) => (part.type === "terminal" || part.content?.text ? "shown" : part);
  return entries.map((it) => {
    const content = it.kind === "execute" ? it.content?.map(lasting) : it.content;
    return { ...it, ...(content && { content }), ...(untold(it) && { message: undefined }) };
  });
}

await inTemporaryFolder(run);
process.exitCode = steps.failed ? 1 : 0;
