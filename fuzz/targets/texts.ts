import { coloursOf } from "../../src/cli/colours.ts";
import { LineFormat, jsonLine } from "../../src/cli/line-format.ts";
import { shownText } from "../../src/cli/page/shown-text.ts";
import { Palette } from "../../src/cli/palette.ts";
import { fitted, fittedName, textWidth } from "../../src/cli/text-width.ts";
import { parseSize } from "../../src/engine/log-file-size.ts";
import { messageOf } from "../../src/errors.ts";
import { printable, show } from "../../src/printable.ts";
import type { ContainerInfo } from "../../src/wire/records.ts";
import { LineRecord } from "../../src/wire/records.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";

/** What a terminal obeys. Line ends are the printer's own. */
const obeyed = /[\p{Cc}\p{Bidi_Control}]/u;
const colours = coloursOf({ isTTY: false }, {});

export const texts: Target = {
  name: "texts",
  about:
    "A log's line, or a container's name, as it is printed, told of or shown on the page: nothing in it is obeyed by a terminal, and nothing is wider than its room.",
  words: [
    "\u001b[2J",
    "\u001b]0;x\u0007",
    "\xc2\x9b31m",
    "\xe2\x80\xae",
    "\xe2\x81\xa6",
    "\xed\xa0\x80",
    "\0",
    "\r",
    "\u0008",
    "\x7f",
    "\xe6\x97\xa5",
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
    "a\xcc\x88",
    "e9999999999",
    "1.5m",
    "-----BEGIN",
    "//u:p@h",
  ],
  check(input) {
    // Half of them may be any UTF-16, lone surrogates included.
    const text = (input[0] ?? 0) % 2 === 0 ? input.toString("utf8") : utf16(input);
    for (const shown of [printable(text), show(text), show({ [text]: text }), messageOf(text)])
      hold(!obeyed.test(shown), `a message is obeyed: ${JSON.stringify(shown)}`);
    same("what is printable already", printable(printable(text), Infinity), printable(text));
    for (const part of shownText(text).split("\n"))
      hold(!obeyed.test(part), `the page has what is obeyed: ${JSON.stringify(part)}`);
    for (const width of [1, 5, 30]) {
      hold(textWidth(fitted(text, width)) <= width, "a text is too wide");
      hold(textWidth(fittedName(text, width)) <= width, "a name is too wide");
    }
    const size = parseSize(text);
    hold(size === undefined || (size > 0 && Number.isFinite(size)), "no size");
    checkPrinted(text);
  },
};

function checkPrinted(text: string): void {
  const container: ContainerInfo = {
    id: "0".repeat(64),
    name: text,
    image: text,
    labels: Object.fromEntries([[text, text]]),
    tty: false,
    logDriver: "json-file",
    engine: "default",
  };
  const stamp = "2026-11-23T15:58:34.885847851Z";
  const record = new LineRecord(container, "stdout", stamp, text, false, undefined, 0);
  const lines = new LineFormat(colours, new Palette(colours)).text(record);
  hold(!obeyed.test(lines.replaceAll(/[\n\t]/g, "")), `a line is obeyed: ${JSON.stringify(lines)}`);
  const json = jsonLine(record);
  hold(!obeyed.test(json.slice(0, -1)), `JSON is obeyed: ${json}`);
  same("what was printed as JSON", JSON.parse(json), JSON.parse(JSON.stringify(record)));
}

function utf16(input: Buffer): string {
  return input.subarray(0, input.length & ~1).toString("utf16le");
}
