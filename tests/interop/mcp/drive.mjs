// The official MCP servers behind the real binary: $ADJUTANT. A scripted model calls their tools in sessions of an
// editor; they run as child processes and, on ports of this machine, over HTTP.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";

const binary = resolve(process.env.ADJUTANT ?? "");
assert(existsSync(binary), "usage: ADJUTANT=<binary> node drive.mjs");
const installed = (name) =>
  join(import.meta.dirname, "node_modules", "@modelcontextprotocol", `server-${name}`, "dist", "index.js");
const EVERYTHING = installed("everything");
const FILESYSTEM = installed("filesystem");

const steps = new Steps("MCP servers");

/** An editor's end of the protocol: answers what it is asked, keeps what it hears. */
class Editor {
  heard = [];
  waiting = [];
  next = 1;

  constructor(home, cwd, script) {
    const env = environment(home, { ADJUTANT_MODEL: "scripted", ADJUTANT_SCRIPT: script, SECRET_OF_OURS: "s3cret" });
    this.child = spawn(binary, ["acp", "--mode", "full"], { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.child.stdout }).on("line", (line) => this.line(JSON.parse(line)));
    steps.explain = () => this.heard.slice(-12).map((line) => `  ${JSON.stringify(line).slice(0, 400)}`).join("\n");
  }

  line(message) {
    this.heard.push(message);
    if (message.method === "elicitation/create") {
      this.question = message.params;
      this.send({ id: message.id, result: { action: "accept", content: { name: "Ada", check: true, untitledSingleSelectEnum: "Joey" } } });
    }
    this.waiting = this.waiting.filter(({ wanted, resolve }) => !(wanted(message) && (resolve(message), true)));
  }

  send(message) {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  /** The first message from now on that is wanted. */
  until(wanted) {
    return new Promise((resolve) => this.waiting.push({ wanted, resolve }));
  }

  async request(method, params) {
    const id = this.next++;
    const reply = this.until((message) => message.id === id && message.method === undefined);
    this.send({ id, method, params });
    const { result, error } = await reply;
    assert.equal(error, undefined, JSON.stringify(error));
    return result;
  }

  /** One turn; what was heard in it. */
  async turn(text) {
    const from = this.heard.length;
    this.reply = await this.request("session/prompt", { sessionId: this.session, prompt: [{ type: "text", text }] });
    return this.heard.slice(from).map((message) => message.params?.update).filter(Boolean);
  }

  /** The output of the one tool that a turn called. */
  async output(text) {
    const ended = (await this.turn(text)).findLast((update) => update.sessionUpdate === "tool_call_update");
    return { status: ended.status, content: ended.content ?? [], text: ended.content?.[0]?.content?.text ?? "" };
  }

  async end() {
    this.child.stdin.end();
    const [code] = await once(this.child, "exit");
    assert.equal(code, 0);
  }
}

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

/** Processes of this machine with that in their command line. */
async function running(mark) {
  const found = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(mark) && Number(pid) !== process.pid) found.push(pid);
  }
  return found;
}

async function tools(editor, cwd) {
  await steps.step("a tool is called and answers", async () => {
    assert.match((await editor.output("add")).text, /sum of 2 and 3 is 5/);
  });
  await steps.step("an image is shown", async () => {
    const { content } = await editor.output("look");
    assert(content.some((part) => part.content.type === "image" && part.content.mimeType === "image/png"));
  });
  await steps.step("progress is shown while a tool works", async () => {
    const updates = JSON.stringify(await editor.turn("work"));
    assert.match(updates, /1 of 4/);
    assert.match(updates, /Long running operation completed/);
  });
  await steps.step("a tool that takes long is cancelled", async () => {
    const asked = editor.until((message) => message.params?.update?.status === "in_progress");
    const turn = editor.turn("hang");
    await asked;
    editor.send({ method: "session/cancel", params: { sessionId: editor.session } });
    await turn;
    assert.equal(editor.reply.stopReason, "cancelled");
  });
  await steps.step("the workspace is the server's root", async () => {
    assert((await editor.output("roots")).text.includes(`file://${cwd}`));
  });
  await steps.step("the server sees nothing of our environment that is not its own", async () => {
    const { text } = await editor.output("environment");
    assert.match(text, /"PATH"/);
    assert(!text.includes("s3cret"));
  });
  await steps.step("a question of the server reaches the person", async () => {
    const { text, content } = await editor.output("ask");
    assert.match(editor.question.message, /^The MCP server everything asks: /);
    assert.match(text + JSON.stringify(content), /Ada/);
  });
  await steps.step("resources are listed", async () => {
    assert.match((await editor.output("resources")).text, /demo:\/\/resource/);
  });
  await steps.step("a prompt is a slash command", async () => {
    const said = JSON.stringify(await editor.turn("/everything:simple-prompt"));
    assert.match(said, /A prompt of the server was read/);
  });
}

async function files(editor, cwd) {
  await steps.step("the file server writes where it may", async () => {
    assert.equal((await editor.output("write")).status, "completed");
    assert.equal(await readFile(join(cwd, "note.txt"), "utf8"), "written by a server");
  });
  await steps.step("and reads nowhere else", async () => {
    const { status, text } = await editor.output("outside");
    assert.equal(status, "failed");
    assert.match(text, /denied/i);
  });
}

await inTemporaryFolder(async (folder) => {
  const [home, cwd, script] = [join(folder, "home"), join(folder, "project"), join(folder, "script.jsonl")];
  await mkdir(home);
  await mkdir(cwd);
  const lines = await readFile(join(import.meta.dirname, "script.jsonl"), "utf8");
  await writeFile(script, lines.replaceAll("{cwd}", cwd));
  const remotes = [await remote("streamableHttp", "/mcp"), await remote("sse", "/sse")];
  const node = (name, ...args) => ({ name, command: process.execPath, args, env: [] });
  const mcpServers = [
    node("everything", EVERYTHING),
    node("files", FILESYSTEM, cwd),
    { type: "http", name: "streamable", url: remotes[0].url, headers: [] },
    { type: "sse", name: "events", url: remotes[1].url, headers: [] },
  ];
  const editor = new Editor(home, cwd, script);
  try {
    await steps.step("four servers are connected", async () => {
      await editor.request("initialize", {
        protocolVersion: 1,
        clientCapabilities: { elicitation: { form: {}, url: {} }, session: { notices: {} } },
      });
      const prompts = ["everything", "streamable", "events"].map((server) =>
        editor.until((message) =>
          message.params?.update?.availableCommands?.some(({ name }) => name.startsWith(`${server}:`)),
        ),
      );
      editor.session = (await editor.request("session/new", { cwd, mcpServers })).sessionId;
      await Promise.all(prompts);
      const status = JSON.stringify(await editor.turn("/mcp"));
      assert.equal(status.match(/: ready: /g)?.length, 4, status);
    });
    await tools(editor, cwd);
    await files(editor, cwd);
    await steps.step("streamable HTTP", async () => {
      assert.match((await editor.output("streamable")).text, /sum of 20 and 22 is 42/);
    });
    await steps.step("HTTP with server-sent events", async () => {
      assert.match((await editor.output("events")).text, /sum of 30 and 12 is 42/);
    });
    await steps.step("the servers end with the editor", async () => {
      await editor.end();
      const deadline = Date.now() + 10_000;
      while ((await running(FILESYSTEM)).length > 0) {
        assert(Date.now() < deadline, "a server outlives its session");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  } finally {
    editor.child.kill();
    for (const { child } of remotes) child.kill();
  }
});
process.exit(steps.failed ? 1 : 0);
