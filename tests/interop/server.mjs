// The binary as a server on a free port of this machine, with its token if it has one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

export class Server {
  /** What it said on stderr beside where it listens. */
  errors = "";

  static async start({ binary, cwd, env, options = [] }) {
    const server = new Server();
    server.child = spawn(binary, ["acp", "--port", "0", ...options], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    server.exited = once(server.child, "exit").then(([code, signal]) => ({ code, signal }));
    const lines = createInterface({ input: server.child.stderr });
    const [first] = await Promise.race([once(lines, "line"), server.exited.then(() => ["(nothing)"])]);
    const [, address, note] =
      /listening on (\S+:\d+)(?:; the token is in (.+)| WITHOUT A TOKEN.*)$/.exec(first) ?? assert.fail(first);
    lines.on("line", (line) => (server.errors += `${line}\n`));
    server.address = address;
    server.port = address.split(":").at(-1);
    if (note) server.token = JSON.parse(await readFile(note, "utf8")).token;
    return server;
  }

  /** Tells it to end. Resolves to its exit code and signal. */
  stop() {
    this.child.kill("SIGTERM");
    return this.exited;
  }
}
