// The binary as a child over real pipes. Every line in either direction goes to a log, with `>` before the client's and
// `<` before the agent's.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable, Transform, Writable } from "node:stream";

export class Child {
  /** What it said on stderr. */
  errors = "";

  constructor({ binary, args, cwd, env, log }) {
    this.log = log;
    this.child = spawn(binary, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.exited = once(this.child, "exit").then(([code, signal]) => ({ code, signal }));
    this.child.stderr.on("data", (data) => (this.errors += data));
    const outgoing = tee(this.log, "> ");
    outgoing.pipe(this.child.stdin);
    this.child.stdin.on("error", () => {});
    this.outgoing = Writable.toWeb(outgoing);
    this.incoming = Readable.toWeb(this.child.stdout.pipe(tee(this.log, "< ")));
  }

  /** Tells it to end, by closing its stdin. */
  end() {
    this.child.stdin.end();
  }

  /** Ends it and the log. Resolves to its exit code and signal. */
  async close() {
    this.end();
    const exit = await this.exited;
    this.log.end();
    await once(this.log, "finish");
    return exit;
  }
}

/** Passes bytes on and notes whole lines. */
function tee(log, mark) {
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
