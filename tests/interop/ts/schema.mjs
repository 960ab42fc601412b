// Which shape a message has to have, by the JSON schema that the official package ships: the stable one for
// what it defines, and the unstable one, closed against fields it does not know, for everything.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const LIMITS = { uint16: 2 ** 16 - 1, uint32: 2 ** 32 - 1, uint64: Number.MAX_SAFE_INTEGER };
const PLACE = { agent: "agent", client: "client", protocol: "any" };
const APPLICATORS = ["$ref", "allOf", "anyOf", "oneOf", "properties"];

/** Complaints about a value as what a side takes (`Request`, `Notification`) or answers (`Response`). */
export class Shapes {
  /** Those of one version of the protocol: "v1" or "v2". */
  constructor(version) {
    this.books = [book(`${version}/schema.json`, (schema) => schema), book(`${version}/schema.unstable.json`, close)];
  }

  /** `undefined` if the method is not known at all. */
  complaints(side, method, role, value) {
    const books = this.books.map((it) => it.find(side, method, role)).filter(Boolean);
    if (!books.length) return undefined;
    return books.flatMap((check) => (check(value) ? [] : check.errors.slice(0, 8).map(told)));
  }

  /** Complaints about an `error` object. */
  error(value) {
    const check = this.books[0].definition("Error");
    return check(value) ? [] : check.errors.map(told);
  }
}

function told({ instancePath, message, params }) {
  return `${instancePath || "/"} ${message} ${JSON.stringify(params)}`;
}

function book(file, change) {
  const path = createRequire(import.meta.url).resolve(`@agentclientprotocol/sdk/schema/${file}`);
  const schema = change(JSON.parse(readFileSync(path, "utf8")));
  const ajv = new Ajv2020({ strict: false });
  addFormats(ajv);
  for (const [name, most] of Object.entries(LIMITS)) {
    ajv.addFormat(name, { type: "number", validate: (it) => Number.isInteger(it) && it >= 0 && it <= most });
  }
  ajv.addSchema({ $id: file, $defs: schema.$defs });
  const places = new Map();
  for (const [name, it] of Object.entries(schema.$defs)) {
    const role = ["Request", "Response", "Notification"].find((role) => name.endsWith(role));
    if (it["x-method"]) places.set(`${PLACE[it["x-side"]]} ${it["x-method"]} ${role}`, name);
  }
  const checks = new Map();
  const definition = (name) => {
    if (!checks.has(name)) checks.set(name, ajv.compile({ ...closed, $ref: `${file}#/$defs/${name}` }));
    return checks.get(name);
  };
  const closed = change === close ? { unevaluatedProperties: false } : {};
  const find = (side, method, role) => {
    const name = places.get(`${side} ${method} ${role}`) ?? places.get(`any ${method} ${role}`);
    return name && definition(name);
  };
  return { find, definition };
}

/** The variant that takes in whatever a later version may add: nothing that is said here is meant for it. */
const isOpenEnd = ({ title, ...it }) => ["other", "unknown"].includes(title) && !("const" in it);

/** The same schema, with a no to every property of a nested object and every variant that is not declared. */
function close(schema) {
  const nested = (it) => {
    if (typeof it !== "object" || it === null) return it;
    const inner = close(it);
    const isOpen = "additionalProperties" in it || !APPLICATORS.some((word) => word in it);
    return isOpen ? inner : { ...inner, unevaluatedProperties: false };
  };
  const each = (map, change) => Object.fromEntries(Object.entries(map).map(([key, it]) => [key, change(it)]));
  const result = { ...schema };
  if (schema.$defs) result.$defs = each(schema.$defs, close);
  if (schema.properties) result.properties = each(schema.properties, nested);
  if (schema.items) result.items = nested(schema.items);
  for (const word of ["allOf", "anyOf", "oneOf"]) if (schema[word]) result[word] = schema[word].filter((it) => !isOpenEnd(it)).map(close);
  return result;
}
