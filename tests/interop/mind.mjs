// The mind of an agent in a run: the model that answers it, and the MCP servers beside it.

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelServer, configuration } from "./model/server.mjs";

const SCENARIO = join(import.meta.dirname, "scenario.jsonl");
/** Longest time between a cancel and its effect, in milliseconds: far more than any needs. */
export const SOON = 1000;

const installed = (name) =>
  join(import.meta.dirname, "mcp", "node_modules", "@modelcontextprotocol", `server-${name}`, "dist", "index.js");
/** Official MCP servers: their programs. */
export const EVERYTHING = installed("everything");
export const FILESYSTEM = installed("filesystem");

/** An MCP server on node, as a client names it in `session/new`. */
export const onNode = (name, ...args) => ({ name, command: process.execPath, args, env: [] });

export class Mind {
  /** What the agent's environment says of it. */
  env = {};
  mcpServers = [];

  /**
   * Answers by a script inside the agent; or, if a dialect is named, over HTTP in that dialect, with an MCP server
   * beside it, as the configuration says that is written below `home`.
   */
  static async open(dialect, home) {
    const mind = new Mind();
    if (!dialect) {
      mind.env = { ADJUTANT_MODEL: "scripted", ADJUTANT_SCRIPT: SCENARIO };
      return mind;
    }
    await mind.serve(dialect, home, await readFile(SCENARIO, "utf8"));
    mind.mcpServers = [onNode("everything", EVERYTHING)];
    return mind;
  }

  async serve(dialect, home, scenario) {
    this.server = await ModelServer.start(scenario);
    const folder = join(home, ".config", "adjutant");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "config.toml"), configuration(this.server.url, dialect));
  }

  /** What the model was asked last, which has to be about those words of the person's. */
  told(said) {
    const last = this.server.asked.at(-1);
    assert.equal(last.said, said);
    return last;
  }

  /** How often the model was asked about those words. */
  asked(said) {
    return this.server.asked.filter((it) => it.said === said).length;
  }

  /** Cancels what the model is saying; fulfilled when the model has noticed, which has to be soon. */
  async noticed(cancel) {
    const before = this.server.hungUp.length;
    await cancel();
    const start = Date.now();
    while (this.server.hungUp.length === before) {
      assert(Date.now() - start < SOON, `the model's connection is open ${SOON} ms after the cancel`);
      await new Promise((go) => setTimeout(go, 2));
    }
  }

  close() {
    this.server?.close();
  }
}
