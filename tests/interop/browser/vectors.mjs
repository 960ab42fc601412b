// The ways by which a page of another site could reach a port of this machine. Each is run in the page, with the
// functions of `page.js`, and gives what was let through. `http` and `ws` are the server's addresses, `token` is its
// token, and `lines` begin a session in the folder that the server works in.

/** From a page whose name is its own. */
export const VECTORS = {
  "a WebSocket without a token": async ({ ws, lines }) => [
    await opens(`${ws}/acp`, [], lines),
    await opens(`${ws}/`, [], lines),
    await opens(`${ws}/acp`, ["acp"], lines),
  ],

  "a WebSocket with the right token": async ({ ws, token, lines }) => [
    await opens(`${ws}/acp`, ["acp", `adjutant.token.${token}`], lines),
    await opens(`${ws}/`, [`adjutant.token.${token}`], lines),
  ],

  "requests that ask for no leave": async ({ http, lines }) => {
    const posts = { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: lines };
    const paths = ["/health", "/acp", "/", "/auth/code"];
    const both = (path) => [reads(http + path, { mode: "no-cors" }), reads(http + path, { ...posts, credentials: "include" })];
    return Promise.all(paths.flatMap(both));
  },

  "requests that ask for leave": async ({ http, token, lines }) => {
    const headers = { Authorization: `Bearer ${token}` };
    const json = { ...headers, "Content-Type": "application/json" };
    return Promise.all([
      reads(`${http}/health`),
      reads(`${http}/acp`, { headers: { ...headers, Accept: "text/event-stream" } }),
      reads(`${http}/acp`, { method: "POST", headers: json, body: lines.split("\n")[0] }),
      reads(`${http}/acp`, { method: "POST", body: lines }),
      reads(`${http}/auth/code`, { method: "POST", headers }),
      reads(`${http}/acp`, { method: "DELETE", headers: { ...headers, "Acp-Connection-Id": "x" } }),
    ]);
  },

  "a form of plain text": async ({ http, lines }) => [
    await frames((frame) => sends(`${http}/acp`, lines, frame.name)),
    await frames((frame) => sends(`${http}/`, lines, frame.name)),
  ],

  "images, scripts and styles": async ({ http }) => [
    await loads("img", { src: `${http}/health` }),
    await loads("script", { src: `${http}/health` }),
    await loads("script", { src: `${http}/acp`, type: "module" }),
    await loads("link", { href: `${http}/acp`, rel: "stylesheet" }),
    await fails("a module", () => import(`${http}/health`)),
  ],

  "frames": async ({ http }) => [
    await frames((frame) => (frame.src = `${http}/health`)),
    await frames((frame) => (frame.src = `${http}/acp`)),
  ],

  "events": async ({ http }) => [
    await hears(`${http}/acp`),
    await hears(`${http}/acp`, { withCredentials: true }),
  ],

  "beacons": async ({ http, lines }) => {
    navigator.sendBeacon(`${http}/acp`, lines);
    navigator.sendBeacon(`${http}/acp`, new Blob([lines.split("\n")[0]], { type: "application/json" }));
    // What came of them is the server's to say; they are sent before this is.
    return [await reads(`${http}/acp`, { method: "POST", mode: "no-cors", keepalive: true, body: lines })];
  },

  "a sandboxed frame, whose origin is null": async ({ http, ws, token, lines }) => {
    const [posts, json] = [{ method: "POST", body: lines }, JSON.stringify];
    const attempts = [
      `opens("${ws}/acp", [], ${json(lines)})`,
      `opens("${ws}/acp", ["acp", "adjutant.token.${token}"], ${json(lines)})`,
      `reads("${http}/acp", ${json(posts)})`,
      `reads("${http}/health")`,
    ];
    const told = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true }));
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts allow-forms";
    frame.srcdoc = `<script src="${location.origin}/page.js"></script>
      <script>Promise.all([origin, ${attempts}]).then((it) => parent.postMessage(it, "*"))</script>`;
    document.body.append(frame);
    const [origin, ...found] = await told;
    return [origin === "null" ? undefined : `the frame's origin is ${origin}`, ...found];
  },

  "workers, and requests that are asked about before": async ({ http }) => [
    await works(Worker, `${http}/health`),
    await works(SharedWorker, `${http}/health`),
    await fails("a service worker", () => navigator.serviceWorker.register(`${http}/health`)),
    await reads(`${http}/acp`, { method: "PUT", headers: { "X-Anything": "1" } }),
  ],

  "the token in the address": async ({ http, ws, token, lines }) => [
    await opens(`${ws}/acp?token=${token}`, [], lines),
    await reads(`${http}/acp?token=${token}`),
    await reads(`${http}/acp?access_token=${token}`, { method: "POST", mode: "no-cors", body: lines }),
    await hears(`${http}/acp?token=${token}`),
    await loads("img", { src: `${http}/acp?token=${token}` }),
  ],

  "a window that goes there": async ({ http, lines }) => {
    window.open(`${http}/acp`);
    window.open("about:blank", "form");
    sends(`${http}/acp`, lines, "form");
    // The page itself goes there as soon as it has said so.
    setTimeout(() => (location.href = `${http}/health`));
    return [];
  },
};

/** From a page whose name leads to the server: what it asks for is of its own origin. */
export async function rebound({ http, ws, token, lines }) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return [
    await opens(`${ws}/acp`, [], lines),
    await opens(`${ws}/acp`, ["acp", `adjutant.token.${token}`], lines),
    await reads(`${http}/health`),
    await reads(`${http}/acp`, { headers: { Accept: "text/event-stream" } }),
    await reads(`${http}/acp`, { method: "POST", headers, body: lines.split("\n")[0] }),
    await reads(`${http}/auth/code`, { method: "POST", headers }),
    await hears(`${http}/acp`),
    await frames((frame) => sends(`${http}/acp`, lines, frame.name)).then((it) => it?.includes("protocolVersion") ? it : undefined),
  ];
}
