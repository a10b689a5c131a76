import type { Colours } from "./colours.ts";
import { painted } from "./display.ts";
import type { Display } from "./display.ts";
import type { Notice } from "./notices.ts";
import type { Output } from "./output.ts";
import type { Room } from "./table/layout.ts";

const CLEAR_BELOW = "\r\u001b[J";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

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
}

/**
 * A terminal: lines and notices scroll by, and a table stands below them. Between two drawings the cursor stands at the table's
 * first character, so that all that is below it can be cleared, however a terminal breaks rows anew that became too long for it.
 */
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
    this.#table = table({ columns, rows: terminal.rows ?? 24 });
    this.#show(this.#above(""));
  }

  stop(): void {
    this.#parts.terminal.off("resize", this.#resized);
    this.#show(`${CLEAR_BELOW}${SHOW_CURSOR}`);
  }

  /** Puts text where the table is, and the table below it. */
  #above(text: string): string {
    const up = this.#table.length - 1;
    return `${CLEAR_BELOW}${text}${this.#table.join("\n")}\r${up > 0 ? `\u001b[${up}A` : ""}`;
  }

  /** A terminal that is gone shows with the next line. */
  #show(text: string): void {
    this.#parts.output.write(text).catch(() => {});
  }
}
