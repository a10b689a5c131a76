import fc from "fast-check";
import pc from "picocolors";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { Palette } from "../../../src/cli/palette.ts";
import { layOut } from "../../../src/cli/table/layout.ts";
import type { TableRow, TableView } from "../../../src/cli/table/view.ts";
import { textWidth } from "../../../src/cli/text-width.ts";

const plain = { colours: pc.createColors(false), palette: new Palette(pc.createColors(false)) };
const coloured = { colours: pc.createColors(true), palette: new Palette(pc.createColors(true)) };

function row(name: string, numbers: Partial<TableRow> = {}): TableRow {
  return {
    id: name,
    name,
    state: "streaming",
    lines: 1_234_567,
    linesPerSecond: 1_200,
    rotations: 288,
    turns: 288,
    gaps: 0,
    ...numbers,
  };
}

const usual: TableView = {
  label: "unix:///var/run/docker.sock",
  health: "healthy",
  troubles: [],
  containers: [row("shop-gateway-1"), row("shop-orders-1", { state: "reconnecting" })],
  streamsOpen: 2,
  streamsMax: 128,
  streamsWaiting: 0,
  lines: 2_469_134,
  linesPerSecond: 2_400,
  rotations: 576,
  reconnects: 0,
  gaps: 0,
  tasks: 12,
  sockets: 4,
};

function at(columns: number, view: TableView = usual, rows = 24): string[] {
  return layOut(view, { columns, rows }, plain);
}

describe("the table", () => {
  test("at 120 columns has all of its columns, and the totals in one row", () => {
    expect(at(119)).toEqual([
      `── unix:///var/run/docker.sock ── healthy ${"─".repeat(77)}`,
      "container       state             lines  lines/s  rotations  turns  gaps",
      "shop-gateway-1  streaming     1,234,567    1,200        288    288     0",
      "shop-orders-1   reconnecting  1,234,567    1,200        288    288     0",
      "2 containers  2,469,134 lines  2,400/s  streams 2/128  576 rotations  0 gaps  12 tasks  4 sockets",
    ]);
  });

  test("at 80 columns breaks the totals between two figures", () => {
    expect(at(79).slice(-2)).toEqual([
      "2 containers  2,469,134 lines  2,400/s  streams 2/128  576 rotations  0 gaps",
      "12 tasks  4 sockets",
    ]);
  });

  test("at 60 columns leaves columns out, and cuts no figure", () => {
    expect(at(59)).toEqual([
      `── unix:///var/run/docker.sock ── healthy ${"─".repeat(17)}`,
      "container       state             lines  lines/s  gaps",
      "shop-gateway-1  streaming     1,234,567    1,200     0",
      "shop-orders-1   reconnecting  1,234,567    1,200     0",
      "2 containers  2,469,134 lines  2,400/s  streams 2/128",
      "576 rotations  0 gaps  12 tasks  4 sockets",
    ]);
  });

  test("shows whose logs these are and how it goes, at any width", () => {
    const ill: TableView = {
      ...usual,
      label: "demo",
      health: "unhealthy",
      troubles: ["The engine is away for 12 s: attempt 7 failed: Can't reach the engine at …"],
    };
    for (const columns of [23, 40, 59, 79, 119]) expect(at(columns, ill)[0]).toContain("demo");
    expect(at(39, ill)[0]).toContain("unhealthy");
    expect(at(59, ill)[1]).toBe("! The engine is away for 12 s: attempt 7 failed: Can't rea…");
  });

  test("shows the busiest of many containers, and says how many more there are", () => {
    const many = Array.from({ length: 20 }, (_, index) => row(`web-${index}`));
    const rows = at(119, { ...usual, containers: many });
    expect(rows.filter((one) => one.startsWith("web-"))).toHaveLength(8);
    expect(rows).toContain("and 12 more containers");
  });

  test("says that it waits, where there is no container", () => {
    expect(at(79, { ...usual, containers: [] })[1]).toBe("waiting for containers to start");
  });

  test("fits any room, whatever it shows", () => {
    const text = fc
      .oneof(fc.string({ maxLength: 60 }), fc.constantFrom("容器容器容器", "🐳🐳", "a".repeat(99)))
      .map((one) => one.replaceAll(/\p{Cc}/gu, ""));
    const number = fc.nat(10_000_000_000);
    const container = fc.record({
      id: fc.string(),
      name: text,
      state: fc.constantFrom("streaming", "reconnecting", "idle"),
      lines: number,
      linesPerSecond: number,
      rotations: number,
      turns: number,
      gaps: number,
    });
    const view = fc.record({
      label: text,
      health: fc.constantFrom("healthy" as const, "degraded" as const, "unhealthy" as const),
      troubles: fc.array(text, { maxLength: 4 }),
      containers: fc.array(container, { maxLength: 12 }),
      streamsOpen: number,
      streamsMax: number,
      streamsWaiting: number,
      lines: number,
      linesPerSecond: number,
      rotations: number,
      reconnects: number,
      gaps: number,
      tasks: number,
      sockets: number,
    });
    const room = fc.record({
      columns: fc.integer({ min: 1, max: 200 }),
      rows: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(view, room, (shown, { columns, rows }) => {
        const laidOut = layOut(shown, { columns, rows }, plain);
        expect(laidOut.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const one of laidOut) expect(textWidth(one)).toBeLessThanOrEqual(columns);
        const painted = layOut(shown, { columns, rows }, coloured);
        expect(painted.map((one) => stripVTControlCharacters(one))).toEqual(laidOut);
      }),
    );
  });
});
