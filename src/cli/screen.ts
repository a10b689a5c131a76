import { stripVTControlCharacters } from "node:util";
import type { Colours } from "./colours.ts";
import { painted } from "./display.ts";
import type { Display } from "./display.ts";
import type { Notice } from "./notices.ts";
import type { Output } from "./output.ts";
import type { Room } from "./table/layout.ts";
import { textWidth } from "./text-width.ts";

const CLEAR_BELOW = "\r\u001b[J";
const NO_WRAP = "\u001b[?7l";
const WRAP = "\u001b[?7h";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : "";
}

/** What a screen needs of a terminal. */
interface Terminal {
  readonly columns?: number;
  readonly rows?: number;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

export interface ScreenParts {
  readonly terminal: Terminal;
  readonly output: Output;
  readonly colours: Colours;
  /** Called before each regular drawing. */
  readonly measure: () => void;
  /** The table's rows, none wider than the room. */
  readonly table: (room: Room) => readonly string[];
  readonly rest: CursorRest;
}

/** Where the cursor stands between two drawings: at the table's first character, or below the table. */
export type CursorRest = "above" | "below";

/** Terminals made of xterm.js, by what they set as TERM_PROGRAM. */
const XTERM_JS = ["vscode", "Hyper", "Tabby"];

/**
 * Terminals that become narrower break rows anew. Above the table the cursor stays where it is, with or without that; but xterm.js
 * moves it down for each row that is broken, also for those below it.
 */
export function cursorRest(env: NodeJS.ProcessEnv): CursorRest {
  return XTERM_JS.includes(env["TERM_PROGRAM"] ?? "") ? "below" : "above";
}

/** A terminal: lines and notices scroll by, and a table stands below them. */
export class Screen implements Display {
  readonly #parts: ScreenParts;
  readonly #resized = (): void => this.#redraw();
  /** Rows as they were laid out last. */
  #table: readonly string[] = [];

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    parts.terminal.on("resize", this.#resized);
    this.#show(HIDE_CURSOR);
  }

  print(text: string): Promise<void> {
    return this.#parts.output.write(this.#above(text));
  }

  notice(notice: Notice): void {
    this.#show(this.#above(`${painted(notice, this.#parts.colours)}\n`));
  }

  draw(): void {
    this.#parts.measure();
    this.#redraw();
  }

  #redraw(): void {
    const { terminal, table } = this.#parts;
    // One column less: a row that fills the last one is broken by some terminals.
    const columns = Math.max(1, (terminal.columns ?? 80) - 1);
    const laidOut = table({ columns, rows: terminal.rows ?? 24 });
    const clear = this.#clear();
    this.#table = laidOut;
    this.#show(`${clear}${this.#drawn()}`);
  }

  stop(): void {
    this.#parts.terminal.off("resize", this.#resized);
    this.#show(`${this.#clear()}${SHOW_CURSOR}`);
    this.#table = [];
  }

  /** Puts text where the table is, and the table below it. */
  #above(text: string): string {
    return `${this.#clear()}${text}${this.#drawn()}`;
  }

  /** Takes the table away. */
  #clear(): string {
    const { terminal, rest } = this.#parts;
    if (rest === "above") return CLEAR_BELOW;
    const columns = terminal.columns ?? 80;
    const rows = this.#table.map((row) => textWidth(stripVTControlCharacters(row)) / columns);
    return `${up(rows.reduce((sum, share) => sum + Math.max(1, Math.ceil(share)), 0))}${CLEAR_BELOW}`;
  }

  #drawn(): string {
    const rows = this.#table.join("\n");
    // Rows that are drawn while the terminal becomes narrower must not be broken, or "up" would not lead to the first.
    if (this.#parts.rest === "above")
      return `${NO_WRAP}${rows}${WRAP}\r${up(this.#table.length - 1)}`;
    return rows === "" ? "" : `${rows}\n`;
  }

  /** A terminal that is gone shows with the next line. */
  #show(text: string): void {
    this.#parts.output.write(text).catch(() => {});
  }
}
