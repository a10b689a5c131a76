import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { DockspoolError } from "../../src/errors.ts";
import { DISCOVERY_TRANSITIONS } from "../../src/pool/discovery/discovered-container.ts";
import { TRANSITIONS, waitsFor } from "../../src/source/phase.ts";
import type { Phase } from "../../src/source/phase.ts";
import { root } from "./support.ts";

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const architecture = read("docs/maintainers/architecture.md");
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("testing"))
  .map((file) => read(join("src", file)))
  .join("\n");
const PAGES = [
  "docs/maintainers/architecture.md",
  "docs/maintainers/rotation.md",
  "docs/maintainers/engines-quirks.md",
];

/** The rows of each table under a heading, without their heads. */
function tablesUnder(heading: string): string[][][] {
  const [, section = ""] = architecture.split(new RegExp(`^#+ ${heading}$`, "m"));
  const [own = ""] = section.split(/^#+ /m);
  return [...own.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) =>
    table
      .trim()
      .split("\n")
      .slice(2)
      .map((row) =>
        row
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}

function inCode(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** The table as it is in code: from each state to those that may follow. */
function transitionsUnder(heading: string, column: number): Record<string, string[]> {
  const [rows = []] = tablesUnder(heading);
  return Object.fromEntries(
    rows.map((row) => [inCode(row[0] ?? "").join(), inCode(row[column] ?? "")]),
  );
}

describe("the tables of transitions are those of the code:", () => {
  it("phases of a capture", () => {
    expect(transitionsUnder("Phases of a capture", 1)).toEqual(TRANSITIONS);
  });

  it("a discovered container", () => {
    expect(transitionsUnder("A discovered container", 2)).toEqual(DISCOVERY_TRANSITIONS);
  });
});

describe("what each phase waits for", () => {
  const error = new DockspoolError("ENGINE_UNREACHABLE", "it is away");
  const reason = { kind: "closed" } as const;
  const phases: readonly Phase[] = [
    { type: "idle" },
    { type: "locating" },
    { type: "waiting" },
    { type: "opening" },
    { type: "aligning", silenceMs: 1_000 },
    { type: "catching-up", isOpened: false },
    { type: "following" },
    { type: "closing", for: "rotation" },
    { type: "closing", for: "turn" },
    { type: "closing", for: "end of the stream" },
    { type: "closing", for: "end of the source", reason },
    { type: "reconnecting", attempt: 1, delayMs: 0, error },
    { type: "stopped" },
    { type: "ended", reason },
  ];
  const [, rows = []] = tablesUnder("Phases of a capture");

  it("is told of all", () => {
    const all = Object.keys(TRANSITIONS);
    expect(rows.map(([phase = ""]) => inCode(phase).join())).toEqual(all);
    expect([...new Set(phases.map(({ type }) => type))]).toEqual(all);
  });

  it.each(phases)("$type is told as stats tell it", (phase) => {
    const [, told = ""] = rows.find(([type]) => type === `\`${phase.type}\``) ?? [];
    const waits = waitsFor(phase)
      ?.replace(` (${error.message})`, "")
      .replace(/attempt \d+/, "attempt N");
    expect([told.replace(/\[.*\]/, ""), told.replace(/[[\]]/g, "")]).toContain(waits ?? "");
  });
});

describe("the states in a table are those of the union:", () => {
  it.each([
    ["A generation", "src/stream/phase.ts", "StreamPhase", 0],
    ["A rotation", "src/source/rotation.ts", "Stream", 0],
    ["A turn", "src/source/turn.ts", "TurnState", 0],
    ["What is known of a container", "src/container/container-view.ts", "Seen", 0],
    ["What is known of a container", "src/container/run-log.ts", "RunState", 1],
    ["An engine's contact", "src/pool/discovery/engine-contact.ts", "EngineContact", 0],
    ["A sink", "src/delivery/sink-state.ts", "SinkState", 0],
    ["The checkpoint store", "src/checkpoint/store-state.ts", "StoreState", 0],
  ] as const)("%s (%s, %s)", (heading, file, union, index) => {
    const [, declaration = ""] = read(file).split(`type ${union} =`);
    const [own = ""] = declaration.split("\n\n");
    const states = [...own.matchAll(/readonly (?:type|kind): "([^"]+)"/g)].map(([, name]) => name);
    const rows = tablesUnder(heading)[index] ?? [];
    expect(states.length).toBeGreaterThan(2);
    expect(rows.map(([state = ""]) => inCode(state).join())).toEqual(states);
    const becomes = rows.flatMap(([, , next = ""]) => inCode(next));
    expect(becomes.filter((name) => /^[a-z- ]+$/.test(name) && !states.includes(name))).toEqual([]);
  });
});

describe("the rooms", () => {
  const [rows = []] = tablesUnder("The rooms");

  it("have the floors that the linter keeps", async () => {
    const { default: config }: { default: { forbidden: { name: string }[] } } = await import(
      join(root, ".dependency-cruiser.mjs")
    );
    const floors = config.forbidden.flatMap(({ name }) => {
      const [, floor, room = ""] = /^floor-(-?\d+)-(.+)$/.exec(name) ?? [];
      return floor !== undefined && existsSync(join(root, "src", room)) ? [`${floor} ${room}`] : [];
    });
    const told = rows.map(([floor, room = ""]) => `${floor} ${inCode(room).join()}`);
    expect(new Set(told)).toEqual(new Set(floors));
  });

  it.each(rows.map(([, room = "", , files = ""]) => [inCode(room).join(), inCode(files)] as const))(
    "%s is entered by files that exist",
    (room, files) => {
      for (const file of files)
        expect([file, existsSync(join(root, "src", room, file))]).toEqual([file, true]);
    },
  );
});

it("the glossary is short", () => {
  const [rows = []] = tablesUnder("Glossary");
  expect(rows.length).toBeGreaterThanOrEqual(10);
  expect(rows.length).toBeLessThanOrEqual(16);
});

describe.each(PAGES)("%s", (page) => {
  const text = read(page);

  it("names files that exist", () => {
    const files = inCode(text).filter((name) => /^(src|test|docs)\/\S+$/.test(name));
    const pictured = [...text.matchAll(/(?<![\w/])([a-z]+\/(?:[a-z-]+\/)?[a-z-]+\.ts)/g)].flatMap(
      ([, name = ""]) => (/^(src|test)/.test(name) ? [] : [`src/${name}`]),
    );
    const named = [...files, ...pictured];
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it("names classes, types and functions that exist", () => {
    const names = [...text.matchAll(/`([A-Z][a-z]\w+)(?:\.(\w+)\(\))?`/g)]
      .flatMap(([, name, member]) => [name ?? "", member ?? ""])
      .filter((name) => name !== "" && !FOREIGN.has(name));
    const pictured = [
      ...text.matchAll(/^ [^`\n]*?\b([A-Z][a-z]+[A-Z]\w+)(?:\.(\w+)\(\))?/gm),
    ].flatMap(([, name, member]) => [name ?? "", member ?? ""].filter((each) => each !== ""));
    const missing = [...names, ...pictured].filter(
      (name) => !new RegExp(`\\b${name}\\b`).test(sources),
    );
    expect([...new Set(missing)]).toEqual([]);
  });

  it("names tests that exist", () => {
    for (const [, file = "", name = ""] of text.matchAll(/^- `(test\/[^`]+)`(?:: "([^"]+)")?/gm))
      expect([file, name, read(file).includes(name)]).toEqual([file, name, true]);
  });

  it("links to headings that exist", () => {
    for (const [, target = "", anchor = ""] of text.matchAll(
      /\]\(((?:\.\.\/)?[\w-]*\.?m?d?)#([\w-]+)\)/g,
    )) {
      const file = target === "" ? page : join(dirname(page), target);
      const anchors = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, "")
          .replaceAll(" ", "-"),
      );
      expect([target, anchor, anchors.includes(anchor)]).toEqual([target, anchor, true]);
    }
  });
});

/** What Node.js, engines and HTTP call so. */
const FOREIGN = new Set(["Date", "Modem", "AbortSignal", "Libpod"]);
