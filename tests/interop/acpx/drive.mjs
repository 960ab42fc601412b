// The command-line client acpx against the real binary: $ADJUTANT. Everything it keeps is in a temporary home. The
// model is a script inside the agent, or, if a wire dialect is named, a server that speaks it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Mind } from "../mind.mjs";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";

const binary = resolve(process.env.ADJUTANT ?? "");
assert(existsSync(binary), "usage: ADJUTANT=<binary> node drive.mjs [<dialect>]");
const dialect = process.argv[2];
const ACPX = join(import.meta.dirname, "node_modules", "acpx", "dist", "cli.js");
/** What it exits with when a question was answered with no. */
const DENIED = 5;

const steps = new Steps(dialect ? `acpx, ${dialect}` : "acpx");

class Acpx {
  constructor(folder) {
    [this.home, this.cwd] = [join(folder, "home"), join(folder, "project")];
    this.servers = join(folder, "servers.json");
  }

  /** Starts it; `done` resolves to its exit code and what it printed so far is in `out`. */
  start(args, more = this.mind.env) {
    const env = environment(this.home, more);
    const usual = ["--agent", `${binary} acp`, "--ttl", "20", "--mcp-config", this.servers];
    const child = spawn(process.execPath, [ACPX, ...usual, ...args], {
      cwd: this.cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const run = { child, out: "", errors: "" };
    child.stdout.on("data", (data) => (run.out += data));
    child.stderr.on("data", (data) => (run.errors += data));
    run.done = once(child, "close").then(([code]) => code);
    steps.explain = () => `  acpx ${args.join(" ")}\n${run.out}${run.errors}`;
    return run;
  }

  /** Runs it to its end, which has to be with that code. */
  async run(args, { code = 0, env } = {}) {
    const run = this.start(args, env);
    assert.equal(await run.done, code);
    return run.out;
  }
}

async function offline(acpx) {
  await steps.step("exec works without a model", async () => {
    await writeFile(join(acpx.cwd, "a.rs"), "// TODO: the only one\n");
    const out = await acpx.run(["exec", "find all TODO comments"], { env: {} });
    assert.match(out, /a\.rs:1: .*TODO: the only one/);
    assert.match(out, /\[done\] end_turn\s*$/);
  });
}

/** What only a model beyond a wire can tell. */
async function overHttp(acpx) {
  await steps.step("the model is told what came of its call", async () => {
    assert.match(acpx.mind.told("run the check").results.join(), /seen in terminal/);
  });
  await steps.step("a tool of an MCP server is called, and told of", async () => {
    const out = await acpx.run(["--approve-all", "exec", "add the numbers"]);
    assert.match(out, /The numbers are added\./);
    assert.match(acpx.mind.told("add the numbers").results.join(), /is 42/);
  });
}

async function oneShot(acpx) {
  await steps.step("exec with all approved writes the file, and prints protocol lines alone", async () => {
    const out = await acpx.run(["--format", "json", "--json-strict", "--approve-all", "exec", "write the note"]);
    const messages = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(messages.at(-1).result, { stopReason: "end_turn" });
    assert.equal(await readFile(join(acpx.cwd, "note.txt"), "utf8"), "first line\n");
  });
  await steps.step("exec with all denied writes nothing", async () => {
    const out = await acpx.run(["--deny-all", "exec", "write the secret"], { code: DENIED });
    assert.match(out, /Then I leave it\./);
    assert(!existsSync(join(acpx.cwd, "secret.txt")));
  });
  await steps.step("exec of a command runs it in acpx's terminal", async () => {
    const out = await acpx.run(["--approve-all", "exec", "run the check"]);
    assert.match(out, /The check ended with 3\./);
    assert(existsSync(join(acpx.cwd, "checked.txt")));
  });
}

async function session(acpx) {
  const named = ["-s", "one"];
  await steps.step("a session is made and listed", async () => {
    const id = (await acpx.run(["sessions", "new", "--name", "one"])).trim().split("\n")[0];
    assert.match(id, /^[0-9a-f-]{36}$/);
    const list = await acpx.run(["sessions", "list"]);
    assert(list.split("\n").some((line) => line.startsWith(id) && line.includes(acpx.cwd)), list);
    assert.match(list, /write the note/);
  });
  await steps.step("two prompts in it, by processes of their own", async () => {
    for (const word of ["hello", "more"]) {
      assert.match(await acpx.run(["prompt", ...named, `say ${word}`]), /Said\.\s+\[done\] end_turn/);
    }
    assert.match(await acpx.run(["sessions", "history", "one"]), /say hello[^]*Said\.[^]*say more/);
  });
  await steps.step("mode and option are set", async () => {
    assert.match(await acpx.run(["set-mode", ...named, "plan"]), /mode set: plan/);
    assert.match(await acpx.run(["set", ...named, "mode", "default"]), /config set: mode=default \(3 options\)/);
  });
  await steps.step("a running prompt is cancelled by another process", async () => {
    const prompt = acpx.start(["prompt", ...named, "count for ever"]);
    await new Promise((go) => prompt.child.stdout.on("data", () => prompt.out.includes("0000005 ") && go()));
    const cancel = async () => assert.match(await acpx.run(["cancel", ...named]), /cancel requested/);
    await (dialect ? acpx.mind.noticed(cancel) : cancel());
    await prompt.done;
    assert.match(prompt.out, /\[done\] cancelled\s*$/);
  });
  await steps.step("the next prompt works, and the session is closed", async () => {
    assert.match(await acpx.run(["prompt", ...named, "say again"]), /Said\.\s+\[done\] end_turn/);
    await acpx.run(["sessions", "close", "one"]);
  });
}

await inTemporaryFolder(async (folder) => {
  const acpx = new Acpx(folder);
  await mkdir(acpx.home);
  await mkdir(acpx.cwd);
  acpx.mind = await Mind.open(dialect, acpx.home);
  await writeFile(acpx.servers, JSON.stringify({ mcpServers: acpx.mind.mcpServers }));
  if (!dialect) await offline(acpx);
  await oneShot(acpx);
  if (dialect) await overHttp(acpx);
  await session(acpx);
  // The process that keeps the session would else outlive a failed run for as long as its --ttl.
  if (steps.failed) await acpx.start(["sessions", "close", "one"]).done;
  acpx.mind.close();
});
process.exitCode = steps.failed ? 1 : 0;
