import { Writable } from "node:stream";
import xterm from "@xterm/headless";

export interface Cell {
  readonly text: string;
  /** A number from 0 to 15; undefined: the usual one. */
  readonly colour: number | undefined;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

/** A terminal without a glass, which breaks rows anew when it is resized, as most do. */
export class TerminalWindow extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    // The kernel's terminal makes "\r\n" of each "\n".
    const options = { cols: columns, rows, allowProposedApi: true, convertEol: true };
    this.#terminal = new xterm.Terminal(options);
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#terminal.write(chunk, done);
  }

  /** As somebody drags its edge. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.settled();
    this.#terminal.resize(columns, rows);
    this.columns = columns;
    this.rows = rows;
    this.emit("resize");
    await this.settled();
  }

  /** All that was written is shown. */
  async settled(): Promise<void> {
    await new Promise((resolve) => this.write("", resolve));
  }

  /** All of its rows, those that have scrolled away included, without the empty ones at the end. */
  get text(): string {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: active.length }, (_, y) => this.#row(y));
    return rows.join("\n").trimEnd();
  }

  /** The rows that are seen. */
  get seen(): string[] {
    const { baseY } = this.#terminal.buffer.active;
    return Array.from({ length: this.rows }, (_, y) => this.#row(baseY + y));
  }

  /** The characters that are seen, row by row, as they are painted. */
  get cells(): Cell[][] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.rows }, (_, y) => {
      const line = active.getLine(active.baseY + y);
      return Array.from({ length: this.columns }, (__, x) => {
        const cell = line?.getCell(x);
        return {
          text: cell?.getChars() ?? "",
          colour: cell?.isFgPalette() === true ? cell.getFgColor() : undefined,
          isBold: cell?.isBold() !== 0,
          isDim: cell?.isDim() !== 0,
        };
      });
    });
  }

  #row(y: number): string {
    return this.#terminal.buffer.active.getLine(y)?.translateToString(true) ?? "";
  }
}
