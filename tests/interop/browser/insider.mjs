// Somebody who may come in, over TCP, and tells what the server has.

import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

export class Insider {
  #last = 0;

  static async come(server) {
    const insider = new Insider();
    insider.socket = connect(server.port, "127.0.0.1");
    await once(insider.socket, "connect");
    insider.lines = createInterface({ input: insider.socket })[Symbol.asyncIterator]();
    if (server.token) insider.#say({ type: "hello", token: server.token });
    await insider.request("initialize", { protocolVersion: 1, clientCapabilities: {} });
    return insider;
  }

  #say(message) {
    this.socket.write(JSON.stringify(message) + "\n");
  }

  async request(method, params) {
    const id = ++this.#last;
    this.#say({ jsonrpc: "2.0", id, method, params });
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error("the server has closed the connection");
      const message = JSON.parse(value);
      if (message.id === id) return message.result;
    }
  }

  /** Every session that there is. */
  async sessions() {
    return (await this.request("session/list", {})).sessions;
  }

  leave() {
    this.socket.destroy();
  }
}
