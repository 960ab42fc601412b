// An editor: the binary as its agent, with files, unsaved buffers and terminals to offer. What both say goes to a
// transcript.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import * as acp from "@agentclientprotocol/sdk/unstable";
import { start } from "./agent.mjs";
import { Watchers } from "./watchers.mjs";

export const CAPABILITIES = {
  fs: { readTextFile: true, writeTextFile: true },
  terminal: true,
  elicitation: { form: {}, url: {} },
  session: { notices: {} },
};

export class Editor {
  /** Text that is not on the disk yet, by path. */
  buffers = new Map();
  /** What was asked of this editor: method names, in order. */
  calls = [];
  /** Questions, with what was answered. */
  questions = [];
  /** How the next questions are answered: kinds of options, or "hold". */
  answers = [];
  /** Forms that a person was to fill in. */
  forms = [];
  /** What the next forms are filled in with; others are declined. */
  entries = [];
  #updates = new Map();
  #terminals = new Map();
  #terminalsMade = 0;
  #watchers = new Watchers();

  /** An editor and its agent, on pipes if nothing else is named. */
  static async open({ binary, cwd, env, transcript, over }) {
    const editor = new Editor();
    editor.log = createWriteStream(transcript, { flags: "a" });
    editor.process = await start({ binary, cwd, env, over, log: editor.log });
    editor.connection = editor.#app().connect(editor.process.stream);
    editor.agent = editor.connection.agent;
    return editor;
  }

  /** What the agent said on stderr. */
  get errors() {
    return this.process.errors;
  }

  #app() {
    const { client } = acp.methods;
    const app = acp.client({ name: "interop" });
    const serve = (method, handler) =>
      app.onRequest(method, ({ params }) => {
        this.calls.push(method);
        this.#changed();
        return handler(params);
      });
    serve(client.session.requestPermission, (params) => this.#asked(params));
    serve(client.elicitation.create, (params) => this.#filled(params));
    serve(client.fs.readTextFile, ({ path, line, limit }) => this.#read(path, line, limit));
    serve(client.fs.writeTextFile, ({ path, content }) => this.#write(path, content));
    serve(client.terminal.create, (params) => this.#run(params));
    serve(client.terminal.output, ({ terminalId }) => this.#terminal(terminalId).output());
    serve(client.terminal.waitForExit, ({ terminalId }) => this.#terminal(terminalId).exit);
    serve(client.terminal.kill, ({ terminalId }) => this.#terminal(terminalId).kill());
    serve(client.terminal.release, ({ terminalId }) => this.#release(terminalId));
    app.onNotification(client.session.update, ({ params }) => {
      this.updates(params.sessionId).push(params.update);
      this.#changed();
    });
    return app;
  }

  /** Updates of a session so far; it grows. */
  updates(session) {
    if (!this.#updates.has(session)) this.#updates.set(session, []);
    return this.#updates.get(session);
  }

  /** Terminals that were not released. */
  get openTerminals() {
    return [...this.#terminals.keys()];
  }

  /** Resolves when the condition holds; looked at after everything that arrives. */
  until(condition) {
    return this.#watchers.until(condition);
  }

  #changed() {
    this.#watchers.changed();
  }

  async #asked({ sessionId, toolCall, options }) {
    const answer = this.answers.shift();
    if (!answer) throw new acp.RequestError(-32603, "nobody expected a question");
    const question = { sessionId, toolCall, options, answer };
    this.questions.push(question);
    this.#changed();
    if (answer === "hold") {
      await new Promise((resolve) => (question.letGo = resolve));
      return { outcome: { outcome: "cancelled" } };
    }
    const option = options.find((it) => it.kind === answer);
    if (!option) throw new acp.RequestError(-32603, `no option of kind ${answer}`);
    return { outcome: { outcome: "selected", optionId: option.optionId } };
  }

  #filled(form) {
    this.forms.push(form);
    const content = this.entries.shift();
    return content ? { action: "accept", content } : { action: "decline" };
  }

  async #read(path, line, limit) {
    const text = this.buffers.get(path) ?? (await readFile(path, "utf8"));
    if (line == null && limit == null) return { content: text };
    const lines = text.split(/(?<=\n)/);
    const first = (line ?? 1) - 1;
    return { content: lines.slice(first, limit == null ? undefined : first + limit).join("") };
  }

  async #write(path, content) {
    this.buffers.set(path, content);
    await writeFile(path, content);
    return {};
  }

  #run({ command, args = [], env = [], cwd, outputByteLimit }) {
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const terminal = { text: "", over: false };
    const keep = (data) => {
      terminal.text += data;
      if (outputByteLimit != null && terminal.text.length > outputByteLimit) {
        terminal.text = terminal.text.slice(-outputByteLimit);
        terminal.over = true;
      }
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    terminal.exit = once(child, "close").then(([exitCode, signal]) => {
      terminal.status = { exitCode, signal };
      return terminal.status;
    });
    terminal.output = () => ({ output: terminal.text, truncated: terminal.over, exitStatus: terminal.status });
    terminal.kill = () => {
      if (!terminal.status) process.kill(-child.pid, "SIGKILL");
      return {};
    };
    const id = `terminal-${++this.#terminalsMade}`;
    this.#terminals.set(id, terminal);
    return { terminalId: id };
  }

  #terminal(id) {
    const terminal = this.#terminals.get(id);
    if (!terminal) throw new acp.RequestError(-32602, `no terminal ${id}`);
    return terminal;
  }

  #release(id) {
    this.#terminal(id).kill();
    this.#terminals.delete(id);
    this.#changed();
    return {};
  }

  /** Ends the agent: its stdin is closed, or the connection and then the server. Resolves to its exit. */
  async close() {
    if (this.process.child.stdin === null) this.connection.close();
    this.process.end();
    const exit = await this.process.exited;
    this.log.end();
    await once(this.log, "finish");
    return exit;
  }

  kill() {
    this.process.child.kill("SIGKILL");
  }
}
