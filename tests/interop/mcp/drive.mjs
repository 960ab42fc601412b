// The official MCP servers behind the real binary: $ADJUTANT, transcript to the file given. They run as child processes
// and, on ports of this machine, over HTTP. The model is a server that speaks the dialect given.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { EVERYTHING, FILESYSTEM, Mind, onNode } from "../mind.mjs";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";
import { Editor } from "../ts/editor.mjs";
import { Talk } from "../ts/talk.mjs";
import { fold, said } from "../ts/transcript.mjs";

const [transcript, dialect] = process.argv.slice(2);
const binary = resolve(process.env.ADJUTANT ?? "");
assert(dialect && existsSync(binary), "usage: ADJUTANT=<binary> node drive.mjs <transcript> <dialect>");

const steps = new Steps(`MCP servers, ${dialect}`);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The everything server over a transport of HTTP; returns its process and its address. */
async function remote(transport, path) {
  const port = await freePort();
  const child = spawn(process.execPath, [EVERYTHING, transport], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise((resolve) => child.stderr.on("data", (data) => /listening|running/.test(data) && resolve()));
  return { child, url: `http://127.0.0.1:${port}${path}` };
}

/** Command lines of this machine's processes with that in them. */
const running = (mark) =>
  execFileSync("ps", ["-A", "-ww", "-o", "args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(mark));

/** The one call of a turn, as it ended, and the text that it showed. */
async function call(talk, text) {
  const { updates } = await talk.prompt(text);
  const call = fold(updates).find((it) => it.entry === "tool");
  const shown = (call?.content ?? []).map((it) => it.content);
  return { ...call, shown, text: shown.map((it) => it.text ?? "").join("\n") };
}

async function tools(talk) {
  const { editor, mind } = talk;
  await steps.step("a tool is asked for, called, and told of to the model", async () => {
    editor.answers.push("allow_once");
    const { status, toolCallId } = await call(talk, "add");
    assert.equal(editor.questions.at(-1).toolCall.toolCallId, toolCallId);
    assert.equal(status, "completed");
    assert.match(mind.told("add").results.join(), /sum of 2 and 3 is 5/);
    await talk.request("session/set_mode", { sessionId: talk.told.id, modeId: "full" });
  });
  await steps.step("an image is shown to the person and to the model", async () => {
    const { shown } = await call(talk, "look");
    assert(shown.some((it) => it.type === "image" && it.mimeType === "image/png"));
    assert.equal(mind.told("look").images, 1);
  });
  await steps.step("progress is shown while a tool works", async () => {
    const updates = JSON.stringify((await talk.prompt("work")).updates);
    assert.match(updates, /1 of 4/);
    assert.match(updates, /Long running operation completed/);
  });
  await steps.step("a tool that takes long is cancelled", async () => {
    const { stopReason } = await talk.prompt("hang", async (seen) => {
      await editor.until(() => seen().some((it) => it.status === "in_progress"));
      await talk.cancel();
    });
    assert.equal(stopReason, "cancelled");
  });
  await steps.step("the workspace is the server's root", async () => {
    assert((await call(talk, "roots")).text.includes(`file://${talk.cwd}`));
  });
  await steps.step("the server sees nothing of our environment that is not its own", async () => {
    const { text } = await call(talk, "environment");
    assert.match(text, /"PATH"/);
    assert(!text.includes("s3cret"));
  });
  await steps.step("a form of the server is filled in by the person", async () => {
    editor.entries.push({ name: "Ada", check: true, untitledSingleSelectEnum: "Joey" });
    await call(talk, "ask");
    const [form] = editor.forms;
    assert.match(form.message, /^The MCP server everything asks: /);
    const { results } = mind.told("ask");
    assert.match(results.join(), /Name: Ada/);
    assert.match(results.join(), /"untitledSingleSelectEnum": "Joey"/);
  });
  await steps.step("a form that is declined is told of as declined", async () => {
    await call(talk, "ask");
    assert.match(mind.told("ask").results.join(), /declined/);
  });
}

async function resourcesAndPrompts(talk) {
  const { mind } = talk;
  await steps.step("resources are listed and read", async () => {
    const listed = (await call(talk, "resources")).text;
    assert.match(listed, /demo:\/\/resource\/static\/document\/architecture\.md/);
    assert.match(listed, /demo:\/\/resource\/dynamic\/text\/\{resourceId\}/);
    await call(talk, "read");
    assert.match(mind.told("read").results.join(), /Resource 7: This is a plaintext resource/);
  });
  await steps.step("a prompt is a slash command", async () => {
    const { updates } = await talk.prompt("/everything:simple-prompt");
    assert.equal(said(updates, "agent"), "A prompt of the server was read.");
    mind.told("This is a simple prompt without arguments.");
  });
  await steps.step("and takes arguments", async () => {
    await talk.prompt("/everything:args-prompt Berlin state=BE");
    mind.told("What's weather in Berlin, BE?");
  });
}

async function files(talk) {
  await steps.step("the file server writes where it may", async () => {
    assert.equal((await call(talk, "write")).status, "completed");
    assert.equal(await readFile(talk.path("note.txt"), "utf8"), "written by a server");
  });
  await steps.step("and reads nowhere else", async () => {
    const { status } = await call(talk, "outside");
    assert.equal(status, "failed");
    assert.match(talk.mind.told("outside").results.join(), /denied/i);
  });
}

async function remotes(talk, name) {
  await steps.step(`${name}: a tool is called, and works with progress`, async () => {
    await call(talk, `${name}: add`);
    assert.match(talk.mind.told(`${name}: add`).results.join(), /sum of 20 and 22 is 42/);
    const updates = JSON.stringify((await talk.prompt(`${name}: work`)).updates);
    assert.match(updates, /1 of 2/);
    assert.match(updates, /Long running operation completed/);
  });
  await steps.step(`${name}: a form of the server is filled in by the person`, async () => {
    talk.editor.entries.push({ name: "Grace" });
    await call(talk, `${name}: ask`);
    assert.match(talk.mind.told(`${name}: ask`).results.join(), /Name: Grace/);
  });
}

async function open(talk, servers) {
  const { editor } = talk;
  await steps.step("four servers are connected", async () => {
    await talk.greet();
    const { sessionId } = await talk.request("session/new", { cwd: talk.cwd, mcpServers: servers });
    talk.told.id = sessionId;
    const prompts = ["everything:simple-prompt", "streamable:simple-prompt", "events:simple-prompt"];
    await editor.until(() => {
      const commands = editor.updates(sessionId).findLast((it) => it.availableCommands)?.availableCommands ?? [];
      return prompts.every((name) => commands.some((it) => it.name === name));
    });
    const status = said((await talk.prompt("/mcp")).updates, "agent");
    assert.equal(status.match(/: ready: /g)?.length, 4, status);
  });
}

async function run(folder, far) {
  const [home, cwd] = [join(folder, "home"), join(folder, "project")];
  await mkdir(home);
  await mkdir(cwd);
  const script = await readFile(join(import.meta.dirname, "script.jsonl"), "utf8");
  const mind = new Mind();
  await mind.serve(dialect, home, script.replaceAll("{cwd}", cwd));
  const editor = await Editor.open({ binary, cwd, env: environment(home, { SECRET_OF_OURS: "s3cret" }), transcript });
  steps.explain = () => `  stderr: ${editor.errors || "(nothing)"}\n  last asked: ${JSON.stringify(mind.server.asked.at(-1))}`;
  const talk = new Talk(editor, mind, cwd, { id: undefined, live: [] });
  try {
    await open(talk, [
      // The folder marks its process.
      onNode("everything", EVERYTHING, "stdio", cwd),
      onNode("files", FILESYSTEM, cwd),
      { type: "http", name: "streamable", url: far[0].url, headers: [] },
      { type: "sse", name: "events", url: far[1].url, headers: [] },
    ]);
    await tools(talk);
    await resourcesAndPrompts(talk);
    await files(talk);
    await remotes(talk, "streamable");
    await remotes(talk, "events");
    await steps.step("the servers end with the editor", async () => {
      const alive = running(cwd);
      assert(alive.some((it) => it.includes(EVERYTHING)) && alive.some((it) => it.includes(FILESYSTEM)), alive.join("\n"));
      await talk.leave();
      const deadline = Date.now() + 10_000;
      while (running(cwd).length > 0) {
        assert(Date.now() < deadline, `they outlive their session:\n${running(cwd).join("\n")}`);
        await new Promise((go) => setTimeout(go, 20));
      }
    });
  } finally {
    editor.kill();
    mind.close();
  }
}

await inTemporaryFolder(async (folder) => {
  const far = [await remote("streamableHttp", "/mcp"), await remote("sse", "/sse")];
  try {
    await run(folder, far);
  } finally {
    for (const { child } of far) child.kill();
  }
});
process.exit(steps.failed ? 1 : 0);
