// A client's side of one session.

import assert from "node:assert/strict";
import { join } from "node:path";
import { methods } from "@agentclientprotocol/sdk/unstable";
import { CAPABILITIES } from "./editor.mjs";

const { session, initialize } = methods.agent;

/** What it sees of it is kept in `told.live`, its own words included. */
export class Talk {
  constructor(editor, mind, cwd, told) {
    Object.assign(this, { editor, mind, cwd, told });
  }

  request(method, params) {
    return this.editor.agent.request(method, params);
  }

  greet() {
    return this.request(initialize, {
      protocolVersion: 1,
      clientCapabilities: CAPABILITIES,
      clientInfo: { name: "interop", version: "1.0.0" },
    });
  }

  /** Says goodbye, upon which the agent has to end, without a word of complaint. */
  async leave() {
    assert.deepEqual(await this.editor.close(), { code: 0, signal: null });
    assert.equal(this.editor.errors, "", "nothing was to be said on stderr");
  }

  /** Sends words, and gives the reply and the updates that came before it. */
  async prompt(text, meanwhile = async () => {}) {
    const sessionId = this.told.id;
    const updates = this.editor.updates(sessionId);
    const start = updates.length;
    const reply = this.request(session.prompt, { sessionId, prompt: [{ type: "text", text }] });
    await Promise.all([reply.catch(() => {}), meanwhile(() => updates.slice(start))]);
    await handled();
    const seen = updates.slice(start);
    this.told.live.push({ sessionUpdate: "user_message_chunk", messageId: text, content: { text } }, ...seen);
    return { ...(await reply), updates: seen };
  }

  cancel() {
    return this.editor.agent.notify(session.cancel, { sessionId: this.told.id });
  }

  path(name) {
    return join(this.cwd, name);
  }
}

/** The client hands out a reply before the updates that came ahead of it have reached their handler. */
export const handled = () => new Promise(setImmediate);
