// The binary, and the messages that a client exchanges with it: as a child over real pipes, or as a server over a
// WebSocket or the streamable HTTP. Every message in either direction goes to a log, with `>` before the client's and
// `<` before the agent's.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable, Transform, Writable } from "node:stream";
import * as acp from "@agentclientprotocol/sdk/unstable";
import { createHttpStream } from "@agentclientprotocol/sdk/experimental/http-client";
import { createWebSocketStream } from "@agentclientprotocol/sdk/experimental/ws-client";
import { WebSocket } from "ws";
import { Server } from "../server.mjs";

/** Transports beside the pipes, each with how a server is reached. */
const OVER = {
  http: ({ address, token }) =>
    createHttpStream(`http://${address}/acp`, { headers: { Authorization: `Bearer ${token}` } }),
  ws: ({ address, token }) =>
    createWebSocketStream(`ws://${address}/acp`, { WebSocket, headers: { Authorization: `Bearer ${token}` } }),
  // What a page can do.
  "ws-browser": ({ address, token }) =>
    createWebSocketStream(`ws://${address}/acp`, { WebSocket, protocols: ["acp", `adjutant.token.${token}`] }),
};

/**
 * Starts it. Gives the child, its exit, what it says on stderr (`errors`), the stream of messages, and how it is told
 * to end once the client has closed the stream (`end`).
 */
export async function start({ binary, cwd, env, over, log }) {
  return over ? await onThePort({ binary, cwd, env, over, log }) : onPipes({ binary, cwd, env, log });
}

function onPipes({ binary, cwd, env, log }) {
  const child = spawn(binary, ["acp"], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  const agent = { child, exited, errors: "", end: () => child.stdin.end() };
  child.stderr.on("data", (data) => (agent.errors += data));
  const outgoing = lines(log, "> ");
  outgoing.pipe(child.stdin);
  child.stdin.on("error", () => {});
  const incoming = child.stdout.pipe(lines(log, "< "));
  agent.stream = acp.ndJsonStream(Writable.toWeb(outgoing), Readable.toWeb(incoming));
  return agent;
}

async function onThePort({ binary, cwd, env, over, log }) {
  const server = await Server.start({ binary, cwd, env });
  const { readable, writable } = OVER[over](server);
  const outgoing = messages(log, "> ");
  outgoing.readable.pipeTo(writable).catch(() => {});
  return Object.assign(server, {
    stream: { readable: readable.pipeThrough(messages(log, "< ")), writable: outgoing.writable },
    end: () => server.stop(),
  });
}

/** Passes messages on and notes them. */
function messages(log, mark) {
  return new TransformStream({
    transform(message, controller) {
      log.write(mark + JSON.stringify(message) + "\n");
      controller.enqueue(message);
    },
  });
}

/** Passes bytes on and notes whole lines. */
function lines(log, mark) {
  let rest = Buffer.alloc(0);
  return new Transform({
    transform(chunk, _, done) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        log.write(mark + rest.subarray(0, end).toString() + "\n");
        rest = rest.subarray(end + 1);
      }
      done(null, chunk);
    },
    flush(done) {
      if (rest.length) log.write(mark + rest.toString() + "\n");
      done();
    },
  });
}
