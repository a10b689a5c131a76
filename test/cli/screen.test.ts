import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import xterm from "@xterm/headless";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { Screen } from "../../src/cli/screen.ts";

/** A terminal without a window, which breaks rows anew when it is resized. */
class Window extends EventEmitter {
  columns: number;
  rows: number;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  /** Where a program writes. */
  readonly stream = new Writable({
    write: (chunk, _encoding, done) => this.#terminal.write(chunk, () => done()),
  });

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
    // The kernel's terminal makes "\r\n" of each "\n".
    this.#terminal = new xterm.Terminal({
      cols: columns,
      rows,
      allowProposedApi: true,
      convertEol: true,
    });
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
    await new Promise((resolve) => this.stream.write("", resolve));
  }

  /** Its rows, those that have scrolled away included, without the empty ones at the end. */
  get text(): string {
    const { active } = this.#terminal.buffer;
    const rows = Array.from(
      { length: active.length },
      (_, y) => active.getLine(y)?.translateToString(true) ?? "",
    );
    return rows.join("\n").trimEnd();
  }
}

function screenOn(window: Window): Screen {
  return new Screen({
    terminal: window,
    output: new Output(window.stream),
    colours: pc.createColors(true),
    measure: () => {},
    table: ({ columns }) =>
      ["─".repeat(columns), `${columns} columns`, "end of the table"].map((row) =>
        row.slice(0, columns),
      ),
  });
}

describe("a screen", () => {
  test("shows lines above one table", async () => {
    const window = new Window(40, 8);
    const screen = screenOn(window);
    for (let number = 0; number < 20; number++) await screen.print(`line ${number}\n`);
    screen.notice({ tone: "note", text: "something happened" });
    screen.draw();
    await window.settled();
    const lines = Array.from({ length: 20 }, (_, number) => `line ${number}`);
    const table = ["─".repeat(39), "39 columns", "end of the table"];
    expect(window.text.split("\n")).toEqual([...lines, "something happened", ...table]);
  });

  test("leaves no stray row behind, however it is resized", async () => {
    const window = new Window(120, 20);
    const screen = screenOn(window);
    let number = 0;
    const sizes: [number, number][] = [
      [60, 20],
      [59, 20],
      [80, 12],
      [30, 12],
      [20, 6],
      [120, 24],
      [60, 5],
    ];
    for (const [columns, rows] of sizes) {
      for (let count = 0; count < 5; count++) await screen.print(`line ${number++}\n`);
      await window.resize(columns, rows);
    }
    expect(window.text.match(/─+/g)).toEqual(["─".repeat(59)]);
    expect(window.text.match(/end of the table/g)).toHaveLength(1);
    expect(window.text.match(/line \d+/g)).toHaveLength(number);
  });

  test("leaves nothing but lines when it stops", async () => {
    const window = new Window(80, 10);
    const screen = screenOn(window);
    await screen.print("line 0\nline 1\n");
    screen.stop();
    await window.settled();
    expect(window.text).toBe("line 0\nline 1");
    expect(window.listenerCount("resize")).toBe(0);
  });
});
