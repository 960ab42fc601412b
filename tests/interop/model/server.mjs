// A model server out of a scenario: the answers of its rules over HTTP, as real streams, in every wire dialect.
//
//   node server.mjs <scenario>    prints its address and serves until its stdin is closed
//
// `GET /seen` tells what it was asked and when it was hung up on; `GET /configuration/<dialect>` is for an agent.

import { once } from "node:events";
import { readFileSync, realpathSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { anthropic } from "./anthropic.mjs";
import { chat } from "./chat.mjs";
import { gemini } from "./gemini.mjs";
import { responses } from "./responses.mjs";

/** By the name that the configuration has for them. */
const DIALECTS = { "openai-chat": chat, "openai-responses": responses, anthropic, gemini };

/** The key that every request has to bring. */
const KEY = "sk-interop";
/** The size of the context that clients are told of, in tokens. */
const CONTEXT = 1_000_000_000;

/** What an answer has used, in tokens, if the scenario does not say it. */
const SOME = { input: 100, output: 7 };

/** The configuration of an agent that asks a server at that address, in that dialect. */
export const configuration = (url, dialect) => `model = "interop/scripted"

[provider.interop]
api = "${dialect}"
base_url = "${url}/v1"
key = "${KEY}"
retries = 1

[provider.interop.model.scripted]
context = ${CONTEXT}
images = true
`;

export class ModelServer {
  /** Requests in their order, as `{ dialect, said, results, images, sealed, tools }`; see `stream.mjs`. */
  asked = [];
  /** Times, in milliseconds, at which somebody hung up in the middle of an answer. */
  hungUp = [];

  /** Serves that scenario, a text of a rule a line, on a port of this machine. */
  static async start(scenario) {
    const server = new ModelServer();
    const lines = scenario.split("\n").filter((line) => line.startsWith("{"));
    server.rules = lines.map((line) => JSON.parse(line)).map((rule) => ({ ...rule, when: new RegExp(rule.when) }));
    server.http = createServer((request, response) => {
      server.#serve(request, response).catch((error) => response.destroy(error));
    });
    await once(server.http.listen(0, "127.0.0.1"), "listening");
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    return server;
  }

  close() {
    this.http.close();
    this.http.closeAllConnections();
  }

  async #serve(request, response) {
    if (request.url === "/seen") return json(response, 200, { asked: this.asked, hungUp: this.hungUp });
    if (request.url.startsWith("/configuration/")) return response.end(configuration(this.url, basename(request.url)));
    const found = Object.entries(DIALECTS).find(([, it]) => it.path.test(request.url));
    if (!found) return json(response, 404, { error: { message: `there is no ${request.url}` } });
    const [name, dialect] = found;
    const [header, value] = dialect.key(KEY);
    if (request.headers[header] !== value) {
      return json(response, 401, { error: { message: "this is not the key" } });
    }
    const chunks = await request.toArray();
    const asked = { dialect: name, ...dialect.read(JSON.parse(Buffer.concat(chunks).toString())) };
    this.asked.push(asked);
    const rule = this.rules.find(
      ({ when, results }) => when.test(asked.said) && (results ?? asked.results.length) === asked.results.length,
    );
    if (!rule) return json(response, 400, { error: { message: `no rule is for ${JSON.stringify(asked)}` } });
    await this.#answer(dialect, rule.answer, response);
  }

  async #answer(dialect, lines, response) {
    const failure = lines.find((line) => line.error);
    if (failure) {
      return json(response, 503, { error: { message: failure.error } }, { "retry-after-ms": "1" });
    }
    response.on("close", () => response.writableFinished || this.hungUp.push(Date.now()));
    response.writeHead(200, { "content-type": "text/event-stream" });
    const { usage } = lines.find((line) => line.usage) ?? { usage: SOME };
    const writer = dialect.writer(this.asked.length, usage);
    for await (const line of pieces(lines)) {
      for (const event of writer.line(line)) response.write(event);
      if (response.destroyed) return;
    }
    for (const event of writer.end()) response.write(event);
    response.end();
  }
}

/** The lines of an answer, with what is said of many small texts said. */
async function* pieces(lines) {
  for (const line of lines) {
    if (!line.repeat) {
      yield line;
      continue;
    }
    const { n, size, gap_us: gap } = line.repeat;
    for (let at = 0; at < n; at += 1) {
      await sleep(gap / 1000);
      yield { text: `${String(at).padStart(size - 1, "0")} ` };
    }
  }
}

function json(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

if (import.meta.filename === realpathSync(process.argv[1])) {
  const server = await ModelServer.start(readFileSync(process.argv[2], "utf8"));
  console.log(server.url);
  process.stdin.resume().on("end", () => server.close());
}
