import { EventDecoder } from "../../src/engine/events.ts";
import { cutInto, fromSocket, streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { JSON_WORDS } from "./words.ts";

const EVENT =
  '{"Type":"container","Action":"start","Actor":{"ID":"0123456789ab","Attributes":{"name":"web"}},"time":1795000000,"timeNano":1795000000123456789}\n';

export const events: Target = {
  name: "events",
  about:
    "The engine's stream of events. In any cutting the same events come of it, and each has an id, an action and a name that are texts.",
  words: [
    ...JSON_WORDS,
    EVENT,
    "\n",
    '"Action":"died"',
    '"status":"remove"',
    '"Type":"network"',
    '"container":"0123456789ab"',
    '"Action":"rename"',
    '"id":"0123456789ab"',
  ],
  check(input) {
    const { seed, bytes } = streamInput(input);
    const all = decode([bytes], seed);
    same("the events", decode(cutInto(bytes, seed), seed), all);
  },
};

function decode(pieces: readonly Buffer[], seed: number): unknown {
  const decoder = new EventDecoder();
  const all: unknown[] = [];
  fromSocket(pieces, seed, (bytes, spans) => {
    for (let index = 0; index < spans.length; index += 2) {
      for (const event of decoder.push(bytes.subarray(spans[index], spans[index + 1]))) {
        const { container, action, name, at } = event;
        hold(
          [container, action, name].every((text) => typeof text === "string"),
          "no text",
        );
        hold(Number.isNaN(at) || new Date(at).toISOString().length === 24, "the time is no date");
        all.push(event);
      }
    }
  });
  return { all, rest: decoder.rest };
}
