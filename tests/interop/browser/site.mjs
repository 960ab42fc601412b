// A site: a page without anything on it but what `page.js` offers, on a free port of this machine.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

/** What it consists of, by path. */
export const FILES = {
  "/": {
    contentType: "text/html",
    body: '<!doctype html><meta charset="utf-8"><title>page</title><script src="/page.js"></script>',
  },
  "/page.js": { contentType: "text/javascript", body: await readFile(join(import.meta.dirname, "page.js"), "utf8") },
};

export class Site {
  static async start() {
    const site = new Site();
    site.server = createServer(({ url }, response) => {
      const { contentType, body } = FILES[url] ?? { contentType: "text/plain", body: "" };
      response.setHeader("Content-Type", contentType);
      // A frame without an origin has to take its script from somewhere.
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.end(body);
    }).listen(0, "127.0.0.1");
    await once(site.server, "listening");
    site.port = site.server.address().port;
    return site;
  }

  /** Its address under a name that leads to this machine. */
  at(name) {
    return `http://${name}:${this.port}`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
