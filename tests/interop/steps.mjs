// Steps of a run: each is reported as a line `ok <name>` or `not ok <name>`; the first that fails ends the run.

import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest time a step may take, in milliseconds: far more than any needs. */
const PATIENCE = 60_000;

export class Steps {
  failed = false;
  /** What is shown when a step fails. */
  explain = () => "";

  constructor(topic) {
    this.topic = topic;
  }

  async step(name, work) {
    if (this.failed) return;
    const late = Promise.withResolvers?.() ?? deferred();
    const timer = setTimeout(() => late.reject(new Error(`nothing came of it in ${PATIENCE} ms`)), PATIENCE);
    try {
      await Promise.race([work(), late.promise]);
      console.log(`ok ${this.topic}: ${name}`);
    } catch (error) {
      this.failed = true;
      const data = error.data === undefined ? "" : ` ${JSON.stringify(error.data)}`;
      console.log(`not ok ${this.topic}: ${name}\n  ${error.stack ?? error}${data}\n${this.explain()}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}

/** A new folder that is gone when the work is over. */
export async function inTemporaryFolder(work) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "adjutant-interop-")));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The environment of an agent that keeps everything below `home`. */
export function environment(home, more) {
  const { PATH } = process.env;
  return { PATH, HOME: home, TMPDIR: process.env.TMPDIR ?? "/tmp", LANG: "C.UTF-8", ...more };
}
