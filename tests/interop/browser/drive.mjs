// A real browser at the port of the real binary: $ADJUTANT. A page of an allowed origin works with an agent, by the token
// and by a code; pages of other sites try every way there is to the same port, and come to nothing. With `--probe` a
// browser is started, and nothing else.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Mind } from "../mind.mjs";
import { Server } from "../server.mjs";
import { Steps, environment, inTemporaryFolder } from "../steps.mjs";
import { FOREIGN, REBOUND, launch, open } from "./browser.mjs";
import { Insider } from "./insider.mjs";
import { FILES, Site } from "./site.mjs";
import { VECTORS, rebound } from "./vectors.mjs";

const binary = resolve(process.env.ADJUTANT ?? "");
assert(existsSync(binary), "usage: ADJUTANT=<binary> node drive.mjs");

const steps = new Steps("browser");

/** Two sites, a server that lets the first one in, and a browser. */
class World {
  static async open(folder) {
    const world = new World();
    [world.folder, world.cwd] = [folder, join(folder, "project")];
    await mkdir(world.cwd);
    [world.site, world.other] = [await Site.start(), await Site.start()];
    world.allowed = world.site.at("localhost");
    world.browser = await launch(folder);
    return world;
  }

  /** A server with a home of its own. */
  async serve(name, ...options) {
    const home = join(this.folder, name);
    await mkdir(home);
    const env = environment(home, (await Mind.open(undefined, home)).env);
    return Object.assign(await Server.start({ binary, cwd: this.cwd, env, options }), { env });
  }

  /** What `adjutant code` prints. */
  async code(server) {
    const { stdout } = await promisify(execFile)(binary, ["code", server.port], { env: server.env });
    return stdout.trim();
  }

  async close() {
    await this.browser.close();
    this.site.close();
    this.other.close();
  }
}

/** A session begun and a prompt said in a page: what came of it. */
const works = (page, url, protocols, cwd, text) =>
  page.evaluate(
    async (url, protocols, cwd, text) => {
      const client = await Client.connect(url, protocols);
      const session = await client.begin(cwd);
      const { stopReason } = await client.prompt(session, text);
      const said = client.updates.filter((it) => it.sessionUpdate === "agent_message_chunk");
      return { stopReason, said: said.map((it) => it.content.text).join(""), protocol: client.socket.protocol };
    },
    url,
    protocols,
    cwd,
    text,
  );

async function welcome(world) {
  const server = await world.serve("open", "--cors", world.allowed);
  const { page, close } = await open(world.browser, `${world.allowed}/`, server.port);
  const insider = await Insider.come(server);
  const url = `ws://${server.address}/acp`;
  const begin = (protocols, text) => works(page, url, protocols, world.cwd, text);

  await steps.step(`a page of an allowed origin works by the token, in ${await world.browser.version()}`, async () => {
    const turn = await begin(["acp", `adjutant.token.${server.token}`], "write the note");
    assert.deepEqual(turn, { stopReason: "end_turn", said: "I write the note.The note is written.", protocol: "acp" });
    assert.equal(await readFile(join(world.cwd, "note.txt"), "utf8"), "first line\n");
    assert.equal((await insider.sessions()).length, 1);
  });
  await steps.step("a page of an allowed origin works by a code, and nobody by the same code again", async () => {
    const protocols = ["acp", `adjutant.code.${await world.code(server)}`];
    assert.equal((await begin(protocols, "say hello")).said, "Said.");
    await assert.rejects(begin(protocols, "say hello"), /the WebSocket is closed/);
    assert.equal((await insider.sessions()).length, 2);
  });
  await steps.step("a page of an allowed origin is told that the server is there", async () => {
    const healthy = await page.evaluate(async (url) => (await fetch(url)).json(), `http://${server.address}/health`);
    assert.deepEqual(healthy, { healthy: true });
  });
  await steps.step("a page of an allowed origin begins a connection over HTTP by the token", async () => {
    const { http, token, lines } = target(world, server, "127.0.0.1");
    const begun = await page.evaluate(
      async (http, token, body) => {
        const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "application/json" };
        const answer = await fetch(`${http}/acp`, { method: "POST", headers, body });
        return { connection: answer.headers.get("Acp-Connection-Id"), ...(await answer.json()).result };
      },
      ...[http, token, lines.split("\n")[0]],
    );
    assert(begun.connection && begun.protocolVersion === 1, JSON.stringify(begun));
  });
  await steps.step("a page of an allowed origin does not come in without either", async () => {
    for (const protocols of [["acp"], [], [`adjutant.token.${"0".repeat(64)}`]]) {
      await assert.rejects(begin(protocols, "say hello"), /the WebSocket is closed/);
    }
    assert.equal((await insider.sessions()).length, 2);
  });
  insider.leave();
  await close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
}

/** What a page is told of the server, by that name. */
const target = (world, server, name) => ({
  http: `http://${name}:${server.port}`,
  ws: `ws://${name}:${server.port}`,
  token: server.token ?? "0".repeat(64),
  lines: [
    { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: 1, clientCapabilities: {} } },
    { jsonrpc: "2.0", id: 2, method: "session/new", params: { cwd: world.cwd, mcpServers: [] } },
  ]
    .map((message) => JSON.stringify(message))
    .join("\n"),
});

/** Runs an attempt in that page. Nothing may come of it, neither there nor at the server. */
async function attempt({ page, seen, close }, run, target, insider) {
  const found = await page.evaluate(run, target);
  // A window that goes elsewhere, or a beacon, has no end that the page could wait for.
  await page.waitForNetworkIdle({ idleTime: 100 });
  const shown = await Promise.all((await page.browserContext().pages()).map((it) => it.evaluate("document.documentElement.innerText")));
  assert.deepEqual(found.filter((it) => it), []);
  assert(!/healthy|protocolVersion|jsonrpc/.test(shown.join()), `a window shows ${shown}`);
  assert(seen.asked > 0 && seen.statuses.length > 0, "the port was not reached");
  assert.deepEqual(seen.statuses.filter((it) => it < 400), []);
  assert.deepEqual(await insider.sessions(), []);
  await close();
}

async function siege(world, kind, ...options) {
  const server = await world.serve(kind, ...options);
  const insider = await Insider.come(server);
  for (const [name, vector] of Object.entries(VECTORS)) {
    await steps.step(`${kind}, another site gets nowhere: ${name}`, async () => {
      for (const origin of [world.other.at("localhost"), world.other.at(FOREIGN)]) {
        for (const host of ["127.0.0.1", "localhost"]) {
          const visit = await open(world.browser, `${origin}/`, server.port);
          await attempt(visit, vector, target(world, server, host), insider);
        }
      }
    });
  }
  await steps.step(`${kind}, a name that was made to point here gets nowhere`, async () => {
    const its = target(world, server, REBOUND);
    const visit = await open(world.browser, `${its.http}/`, server.port, FILES);
    await attempt(visit, rebound, its, insider);
  });
  insider.leave();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
}

const probe = (folder) => launch(folder).then((browser) => browser.close());

async function drive(folder) {
  const world = await World.open(folder);
  try {
    await welcome(world);
    await siege(world, "with a token", "--cors", world.allowed);
    await siege(world, "without a token", "--no-auth");
  } finally {
    await world.close();
  }
}

await inTemporaryFolder(process.argv[2] === "--probe" ? probe : drive);
process.exitCode = steps.failed ? 1 : 0;
