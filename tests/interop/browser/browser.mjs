// A headless Chromium: the one that $CHROME names, or one of this machine, or the one that the packages carry.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Names that lead to this machine, as those of other sites are made to by whoever owns them. */
export const FOREIGN = "foreign.test";
export const REBOUND = "rebound.test";

const installed = () =>
  (process.env.PATH ?? "").split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);

/** Unpacks the browser that the packages carry below that folder. */
async function unpacked(folder) {
  await mkdir(folder);
  // Where it is unpacked to is said in no other way.
  process.env.TMPDIR = folder;
  return chromium.executablePath();
}

/** A browser that keeps everything below `folder`. */
export async function launch(folder) {
  return puppeteer.launch({
    executablePath: process.env.CHROME || installed() || (await unpacked(join(folder, "chromium"))),
    headless: "shell",
    userDataDir: join(folder, "profile"),
    // The pages are all our own, and the system may not give what its sandbox needs.
    args: [
      "--no-sandbox",
      "--host-resolver-rules=MAP *.test 127.0.0.1",
      // That a page of the internet is to ask a person first is left to some browsers: the server does without.
      "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
    ],
  });
}

/**
 * A page of that address in a profile of its own, and what it has to do with `port`: what was asked of it, and the statuses
 * of its answers. What is in `files`, by path, the browser is given without asking anybody, as if it came from there.
 */
export async function open(browser, url, port, files = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const seen = { asked: 0, statuses: [] };
  const ours = (url) => new URL(url).port === String(port);
  const under = (page) => {
    page.on("request", (request) => (seen.asked += ours(request.url())));
    page.on("response", (response) => ours(response.url()) && seen.statuses.push(response.status()));
  };
  under(page);
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const file = files[new URL(request.url()).pathname];
    if (file === undefined) request.continue();
    else request.respond(file);
  });
  page.on("popup", under);
  const network = await page.createCDPSession();
  await network.send("Network.enable");
  // Statuses of answers that the page may not read are told of apart from the answers.
  const sent = new Set();
  network.on("Network.requestWillBeSent", ({ requestId, request }) => ours(request.url) && sent.add(requestId));
  network.on("Network.responseReceivedExtraInfo", ({ requestId, statusCode }) => {
    if (sent.has(requestId)) seen.statuses.push(statusCode);
  });
  network.on("Network.webSocketCreated", ({ url }) => (seen.asked += ours(url)));
  network.on("Network.webSocketFrameError", ({ errorMessage }) => {
    const [, status] = /Unexpected response code: (\d+)/.exec(errorMessage) ?? [];
    // Which it has words of its own for.
    const unauthorized = /Authentication failed/.test(errorMessage) && 401;
    if (status || unauthorized) seen.statuses.push(Number(status ?? unauthorized));
  });
  network.on("Network.webSocketHandshakeResponseReceived", ({ response }) => seen.statuses.push(response.status));
  await page.goto(url);
  // What was given it is no answer.
  Object.assign(seen, { asked: 0, statuses: [] });
  return { page, seen, close: () => context.close() };
}
