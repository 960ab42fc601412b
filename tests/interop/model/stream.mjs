// What the wire dialects of models have in common, seen from the models' side.
//
// A dialect has the `path` that is asked, a `key` that makes a header of a key, and
//
// - `read`: a request as `{ said, results, images, sealed, tools }`, which are the last words of the person, what came of
//   the calls since, how many images those showed, how many signed thoughts came back, and the names of the tools;
// - `writer`: makes events of the lines of an answer, `line` by line, and `end`s it. Its arguments are a number that is
//   another one for each answer, and the tokens that it has used.

export const sse = (data, name) => `${name ? `event: ${name}\n` : ""}data: ${JSON.stringify(data)}\n\n`;

/** What an answer has used, as a scenario says it. */
export const tokens = ({ input = 0, output = 0, thought = 0, cache_read = 0 }) => ({ input, output, thought, cache_read });

/** A text in two pieces, as arguments come from a model. */
export const halves = (text) => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];

/** Words of the person that were never answered stand before the last ones, in lines of their own. */
export const lastLine = (text) => text.trimEnd().split("\n").at(-1);

/** What follows the person's last words. */
export const since = (list, isPerson) => list.slice(list.findLastIndex(isPerson) + 1);
