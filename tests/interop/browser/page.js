// What a page does: as a client of an agent, and as an intruder. Every attempt of an intruder comes to nothing
// (`undefined`), or to a text that says what was let through.

/** A client of an agent over a WebSocket, which says yes to whatever it is asked. */
class Client {
  updates = [];
  #open = new Map();
  #last = 0;

  static async connect(url, protocols) {
    const client = new Client();
    client.socket = new WebSocket(url, protocols);
    client.socket.onmessage = ({ data }) => client.#take(JSON.parse(data));
    client.closed = new Promise((resolve) => (client.socket.onclose = resolve));
    const refused = client.closed.then(() => Promise.reject(new Error("the WebSocket is closed")));
    await Promise.race([new Promise((resolve) => (client.socket.onopen = resolve)), refused]);
    return client;
  }

  request(method, params) {
    const id = ++this.#last;
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
  }

  async begin(cwd) {
    await this.request("initialize", { protocolVersion: 1, clientCapabilities: {} });
    return (await this.request("session/new", { cwd, mcpServers: [] })).sessionId;
  }

  prompt(sessionId, text) {
    return this.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] });
  }

  #take(message) {
    if (message.method === "session/update") {
      this.updates.push(message.params.update);
    } else if (message.method === "session/request_permission") {
      const { optionId } = message.params.options.find((it) => it.kind === "allow_once");
      const result = { outcome: { outcome: "selected", optionId } };
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
    } else if (!message.method) {
      const { resolve, reject } = this.#open.get(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    }
  }
}

/** A WebSocket, and what it is told when it says that. */
const opens = (url, protocols, says) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => socket.send(says ?? "");
    socket.onmessage = ({ data }) => resolve(`${url} told ${data}`);
    socket.onclose = ({ code, wasClean }) => resolve(wasClean ? `${url} was open: ${code}` : undefined);
  });

/** A request, and what can be read of its answer. A refusal may be read by a page of the server's own (`basic`). */
async function reads(url, init) {
  try {
    const answer = await fetch(url, init);
    if (answer.type === "opaque" || (answer.type === "basic" && !answer.ok)) return undefined;
    return `${init?.method ?? "GET"} ${url}: ${answer.status} ${await answer.text()}`;
  } catch {
    return undefined;
  }
}

/** An element, put into the page; whether it was filled with something. */
const loads = (tag, attributes) =>
  new Promise((resolve) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onload = () => resolve(`${tag} was loaded: ${JSON.stringify(attributes)}`);
    element.onerror = () => resolve(undefined);
    document.body.append(element);
  });

/** A frame that something is put into by `fill`, and what can be read of it. */
async function frames(fill) {
  const frame = Object.assign(document.createElement("iframe"), { name: `frame${document.querySelectorAll("iframe").length}` });
  document.body.append(frame);
  // An empty frame is loaded as soon as it is there.
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  fill(frame);
  await loaded;
  try {
    return frame.contentDocument && `a frame shows ${frame.contentDocument.documentElement.innerText}`;
  } catch {
    return undefined;
  }
}

/** A form that sends lines of JSON as plain text into the frame or window of that name. */
function sends(url, lines, target) {
  const form = Object.assign(document.createElement("form"), { action: url, method: "post", enctype: "text/plain", target });
  const input = document.createElement("input");
  // What stands between name and value becomes a part of a string.
  [input.type, input.name, input.value] = ["hidden", `${lines}\n{"x":"`, '"}'];
  form.append(input);
  document.body.append(form);
  form.submit();
}

/** Events of the server's, and the first of them. */
const hears = (url, options) =>
  new Promise((resolve) => {
    const source = new EventSource(url, options);
    source.onopen = () => resolve(`${url} is a stream of events`);
    source.onmessage = ({ data }) => resolve(`${url} told ${data}`);
    source.onerror = () => {
      source.close();
      resolve(undefined);
    };
  });

/** Work that has to fail. */
const fails = (what, work) =>
  Promise.resolve()
    .then(work)
    .then(() => `${what} was taken`, () => undefined);

/** A worker of that script. */
const works = (Kind, url) =>
  fails(`${Kind.name} ${url}`, () => new Promise((resolve, reject) => {
    const worker = new Kind(url);
    (worker.port ?? worker).onmessage = resolve;
    worker.onerror = reject;
  }));
