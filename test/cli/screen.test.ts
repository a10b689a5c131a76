import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { Screen, cursorRest } from "../../src/cli/screen.ts";
import type { CursorRest } from "../../src/cli/screen.ts";
import { TerminalWindow } from "../support/terminal-window.ts";

function screenOn(window: TerminalWindow, rest: CursorRest = "below"): Screen {
  return new Screen({
    terminal: window,
    rest,
    output: new Output(window),
    colours: pc.createColors(true),
    measure: () => {},
    table: ({ columns }) =>
      ["─".repeat(columns), "x".repeat(columns), "end of the table"].map((row) =>
        row.slice(0, columns),
      ),
  });
}

describe("a screen", () => {
  test.each(["above", "below"] as const)(
    "shows lines above one table, its cursor %s",
    async (rest) => {
      const window = new TerminalWindow(40, 8);
      const screen = screenOn(window, rest);
      for (let number = 0; number < 20; number++) await screen.print(`line ${number}\n`);
      screen.notice({ tone: "note", text: "something happened" });
      screen.draw();
      await window.settled();
      const lines = Array.from({ length: 20 }, (_, number) => `line ${number}`);
      const table = ["─".repeat(39), "x".repeat(39), "end of the table"];
      expect(window.text.split("\n")).toEqual([...lines, "something happened", ...table]);
    },
  );

  test("leaves no stray row behind, however it is resized", async () => {
    const window = new TerminalWindow(120, 20);
    const screen = screenOn(window);
    let number = 0;
    const sizes: [number, number][] = [
      [60, 20],
      [59, 20],
      [80, 12],
      [30, 12],
      [20, 6],
      [120, 24],
      [60, 12],
    ];
    for (const [columns, rows] of sizes) {
      for (let count = 0; count < 5; count++) await screen.print(`line ${number++}\n`);
      await window.resize(columns, rows);
    }
    expect(window.text.match(/─+/g)).toEqual(["─".repeat(59)]);
    expect(window.text.match(/end of the table/g)).toHaveLength(1);
    expect(window.text.match(/line \d+/g)).toHaveLength(number);
  });

  test("keeps its cursor below the table where that moves with rows that are broken", () => {
    expect(cursorRest({ TERM_PROGRAM: "vscode" })).toBe("below");
    expect(cursorRest({ TERM_PROGRAM: "iTerm.app" })).toBe("above");
    expect(cursorRest({})).toBe("above");
  });

  test("leaves nothing but lines when it stops", async () => {
    const window = new TerminalWindow(80, 10);
    const screen = screenOn(window);
    await screen.print("line 0\nline 1\n");
    screen.stop();
    await window.settled();
    expect(window.text).toBe("line 0\nline 1");
    expect(window.listenerCount("resize")).toBe(0);
  });
});
