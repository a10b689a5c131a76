import { isCreatedSince, parseNote } from "../../src/checkpoint/engine-note.ts";
import { formatFile, parseEntry, parseFile } from "../../src/checkpoint/file-format.ts";
import { DockspoolError } from "../../src/errors.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { JSON_WORDS } from "./words.ts";

const HEAD = '{"format":"dockspool checkpoints","version":1,"entries":{\n';
const REFUSED =
  /^it (?:is damaged|is not a checkpoint file of dockspool|has version .* and this release reads version 1)/s;

export const checkpoints: Target = {
  name: "checkpoints",
  about:
    "A checkpoint file. It is refused in words, or it is read and written the same; what it says of an engine is refused with a code, or read.",
  words: [
    ...JSON_WORDS,
    HEAD,
    '"e/web":{"version":1,"container":"web"}',
    '"e":{"version":1,"seenAt":"2026-11-23T15:58:34.885Z","known":["0123456789ab"]}',
    '"unfollowed":[]',
    "}}\n",
    "\xef\xbb\xbf",
  ],
  check(input) {
    let entries: Map<string, string>;
    try {
      entries = parseFile(input);
    } catch (error) {
      hold(error instanceof Error && REFUSED.test(error.message), `it throws ${String(error)}`);
      return;
    }
    const written = Buffer.from(formatFile(entries));
    same("a file that was written", [...parseFile(written)], [...entries]);
    for (const [key, json] of entries) checkNote(key, json);
  },
};

function checkNote(key: string, json: string): void {
  try {
    const note = parseNote(key, parseEntry(json));
    isCreatedSince(note, "0123456789abcdef", 0, 0);
  } catch (error) {
    hold(DockspoolError.is(error, "CHECKPOINT_UNREADABLE"), `it throws ${String(error)}`);
  }
}
