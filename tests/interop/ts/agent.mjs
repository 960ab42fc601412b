// The binary, and the messages that a client exchanges with it: as a child over real pipes, or as a server over a
// WebSocket or the streamable HTTP. Every message in either direction goes to a log, with `>` before the client's and
// `<` before the agent's.

import * as acp from "@agentclientprotocol/sdk/unstable";
import { createHttpStream } from "@agentclientprotocol/sdk/experimental/http-client";
import { createWebSocketStream } from "@agentclientprotocol/sdk/experimental/ws-client";
import { WebSocket } from "ws";
import { Child } from "./child.mjs";
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
 * to end once the client has closed the stream (`end`). `options`: further ones of its command line.
 */
export async function start({ binary, cwd, env, over, log, options = [] }) {
  return over
    ? await onThePort({ binary, cwd, env, over, log, options })
    : onPipes({ binary, cwd, env, log, options });
}

function onPipes({ binary, cwd, env, log, options }) {
  const agent = new Child({ binary, args: ["acp", ...options], cwd, env, log });
  agent.stream = acp.ndJsonStream(agent.outgoing, agent.incoming);
  return agent;
}

async function onThePort({ binary, cwd, env, over, log, options }) {
  const server = await Server.start({ binary, cwd, env, options });
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
