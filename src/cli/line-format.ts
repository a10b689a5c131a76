import { stripVTControlCharacters } from "node:util";
import type { LogRecord } from "../index.ts";
import { printable } from "../printable.ts";
import type { Colours } from "./colours.ts";
import type { Palette } from "./palette.ts";
import { fittedName, padded } from "./text-width.ts";

const LONGEST_NAME = 24;
/** What a terminal obeys or can't show; tabs are neither. */
const control = /[\p{Cc}\p{Bidi_Control}]/gu;

type Shown = Omit<LogRecord, "toJSON">;

/** Lines for people: time, container, text. */
export class LineFormat {
  readonly #colours: Colours;
  readonly #palette: Palette;
  #nameWidth = 0;

  constructor(colours: Colours, palette: Palette) {
    this.#colours = colours;
    this.#palette = palette;
  }

  text({ timestamp, stream, line, container: { id, name } }: Shown): string {
    const shown = fittedName(printable(name), LONGEST_NAME);
    this.#nameWidth = Math.max(this.#nameWidth, shown.length);
    const time = timestamp.slice(11, 23).padEnd(12);
    const label = this.#palette.of(id)(padded(shown, this.#nameWidth));
    // Further lines of a record of several stand below the first.
    const indent = " ".repeat(time.length + this.#nameWidth + 2);
    const text = line
      .split("\n")
      .map((one) => clean(one))
      .join(`\n${indent}`);
    const painted = stream === "stderr" ? this.#colours.red(text) : text;
    return `${this.#colours.dim(time)} ${label} ${painted}\n`;
  }
}

/** Without what a terminal would obey. */
function clean(line: string): string {
  return stripVTControlCharacters(line).replace(control, (character) =>
    character === "\t" ? character : character === "\r" ? " " : "",
  );
}

/** What JSON leaves as it is, and a terminal obeys. */
const obeyed = /[\u007f-\u009f\p{Bidi_Control}]/gu;

/** Each as a JSON object on a line of its own. On a terminal nothing of it is obeyed. */
export function jsonLine(record: Shown): string {
  return `${JSON.stringify(record).replace(obeyed, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
