import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./support.ts";

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

interface Import {
  readonly from: string;
  /** Another file, or the name of a package or of a module of Node.js. */
  readonly to: string;
  readonly type?: boolean;
}

const value = (from: string, to: string): Import => ({ from, to });
const type = (from: string, to: string): Import => ({ from, to, type: true });

/** One import that each rule refuses, and one each that it must not. The files stand for a whole floor. */
const refused: readonly (readonly [rule: string, made: Import])[] = [
  ["floor--2-printable", value("printable.ts", "errors.ts")],
  ["floor--1-errors", value("errors.ts", "wire/a.ts")],
  ["floor-0-checks", value("checks.ts", "wire/a.ts")],
  ["floor-1-wire", value("wire/up.ts", "resume/a.ts")],
  ["floor-1-wire", type("wire/beside.ts", "lifetime/a.ts")],
  ["floor-1-lifetime", value("lifetime/beside.ts", "metrics/a.ts")],
  ["floor-1-metrics", value("metrics/up.ts", "source/a.ts")],
  ["floor-2-resume", value("resume/beside.ts", "engine/a.ts")],
  ["floor-2-engine", type("engine/up.ts", "source/a.ts")],
  ["floor-2-delivery", value("delivery/beside.ts", "resume/a.ts")],
  ["floor-2-files", value("files/beside.ts", "resume/a.ts")],
  ["floor-3-formats", value("formats/beside.ts", "queue/a.ts")],
  ["floor-3-checkpoint", value("checkpoint/up.ts", "source/a.ts")],
  ["floor-3-container", value("container/beside.ts", "checkpoint/a.ts")],
  ["floor-3-queue", value("queue/up.ts", "lines/a.ts")],
  ["floor-4-lines", value("lines/up.ts", "stream/a.ts")],
  ["floor-5-stream", type("stream/up.ts", "source/a.ts")],
  ["floor-6-source", value("source/up.ts", "pool/a.ts")],
  ["floor-6-source", value("source/entry.ts", "index.ts")],
  ["floor-6-source", value("source/fake.ts", "testing/a.ts")],
  ["floor-7-pool", value("pool/up.ts", "index.ts")],
  ["floor-8-index", value("index.ts", "testing.ts")],
  ["floor-8-http", value("http.ts", "cli/a.ts")],
  ["floor-8-prometheus", value("prometheus.ts", "index.ts")],
  ["floor-8-opentelemetry", value("opentelemetry.ts", "prometheus.ts")],
  ["floor-8-nats", value("nats.ts", "index.ts")],
  ["floor-7-nats", value("nats/beside.ts", "pool/a.ts")],
  ["floor-8-formats", value("formats.ts", "sinks/a.ts")],
  ["floor-8-sinks", value("sinks/file.ts", "index.ts")],
  ["floor-8-testing", value("testing.ts", "opentelemetry.ts")],
  ["floor-9-cli", value("cli/attic.ts", "testing/a.ts")],
  ["optional-peers-stay-behind-their-entry-points", value("metrics/peer.ts", "prom-client")],
  ["optional-peers-stay-behind-their-entry-points", type("pool/peer.ts", "prom-client")],
  ["optional-peers-stay-behind-their-entry-points", value("sinks/peer.ts", "pg-copy-streams")],
  ["fake-engine-knows-wire-and-errors", type("testing/source.ts", "source/a.ts")],
  ["fake-engine-knows-wire-and-errors", value("testing/entry.ts", "testing.ts")],
  ["fake-engine-is-not-made-of-the-client", value("testing/client.ts", "engine/a.ts")],
  ["fake-engine-is-not-made-of-the-client", value("testing/keeper.ts", "checkpoint/a.ts")],
  ["no-room-without-a-floor", value("attic/a.ts", "errors.ts")],
  ["no-import-from-a-room-without-a-floor", value("pool/attic.ts", "attic/a.ts")],
  ["docker-modem-stays-behind-two-files", value("engine/second.ts", "docker-modem")],
  ["docker-modem-stays-behind-two-files", type("source/modem.ts", "docker-modem")],
  ["pure-floors-do-no-io", value("wire/io.ts", "node:fs")],
  ["pure-floors-do-no-io", value("resume/io.ts", "node:http")],
  ["no-cycle", value("source/a.ts", "source/b.ts")],
  ["no-cycle", type("pool/a.ts", "pool/b.ts")],
  ["src-is-shipped-alone", value("engine/test.ts", "../test/a.ts")],
  ["no-dev-dependency-in-src", value("engine/dev.ts", "left-pad")],
  ["resolvable", value("engine/missing.ts", "not-installed")],
];

const allowed: readonly Import[] = [
  value("wire/down.ts", "errors.ts"),
  value("wire/own.ts", "wire/a.ts"),
  value("wire/hash.ts", "node:crypto"),
  value("resume/down.ts", "wire/a.ts"),
  value("engine/docker-modem.ts", "docker-modem"),
  value("engine/down.ts", "lifetime/a.ts"),
  value("checkpoint/down.ts", "delivery/a.ts"),
  type("testing/store.ts", "checkpoint/a.ts"),
  value("source/down.ts", "checkpoint/a.ts"),
  value("source/far.ts", "errors.ts"),
  value("source/stream.ts", "stream/a.ts"),
  value("stream/down.ts", "lines/a.ts"),
  value("lines/down.ts", "queue/a.ts"),
  value("queue/down.ts", "delivery/a.ts"),
  value("container/down.ts", "engine/a.ts"),
  value("pool/down.ts", "source/a.ts"),
  value("testing/wire.ts", "wire/a.ts"),
  type("testing/types.ts", "engine/a.ts"),
  value("testing.ts", "testing/a.ts"),
  value("prometheus.ts", "pool/a.ts"),
  value("prometheus.ts", "prom-client"),
  value("formats.ts", "formats/a.ts"),
  value("formats/down.ts", "delivery/a.ts"),
  value("sinks/loki.ts", "formats/a.ts"),
  value("sinks/postgres.ts", "pg-copy-streams"),
  value("nats/sink.ts", "@nats-io/jetstream"),
  // The other halves of the cycles.
  value("source/b.ts", "source/a.ts"),
  value("pool/b.ts", "pool/a.ts"),
];

function isFile(to: string): boolean {
  return to.endsWith(".ts");
}

/** As the linter names it. */
function shown(to: string): string {
  return isFile(to) ? join("src", to) : to;
}

/** A tree in which each file makes the imports above. */
async function plant(directory: string): Promise<void> {
  const files = new Map<string, string>();
  for (const { from, to, type: isType } of [...refused.map(([, made]) => made), ...allowed]) {
    const specifier = isFile(to) ? "../".repeat(from.split("/").length - 1) + to : to;
    const path = specifier.startsWith(".") || !isFile(to) ? specifier : `./${specifier}`;
    const statement = `import ${isType === true ? "type " : ""}{ x } from "${path}";\nexport type Y = typeof x;\n`;
    files.set(from, (files.get(from) ?? "") + statement);
    if (isFile(to)) files.set(to, files.get(to) ?? "");
  }
  for (const [path, text] of files) {
    const file = join(directory, "src", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}export const x = 1;\n`);
  }
  for (const name of [
    "@nats-io/jetstream",
    "docker-modem",
    "left-pad",
    "pg-copy-streams",
    "prom-client",
  ]) {
    await mkdir(join(directory, "node_modules", name), { recursive: true });
    await writeFile(
      join(directory, "node_modules", name, "package.json"),
      JSON.stringify({ name }),
    );
    await writeFile(join(directory, "node_modules", name, "index.js"), "");
  }
  const dependencies = {
    dependencies: { "docker-modem": "*" },
    peerDependencies: { "@nats-io/jetstream": "*", "pg-copy-streams": "*", "prom-client": "*" },
    devDependencies: { "left-pad": "*", "prom-client": "*" },
  };
  await writeFile(
    join(directory, "package.json"),
    JSON.stringify({ type: "module", ...dependencies }),
  );
}

async function violationsIn(directory: string): Promise<readonly Violation[]> {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(root, ".dependency-cruiser.mjs");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, "--config", config, "--output-type", "json", "src"],
    { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
  );
  const report: { summary: { violations: Violation[] } } = JSON.parse(stdout);
  return report.summary.violations;
}

describe("the floors", () => {
  let directory: string;
  let violations: readonly Violation[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "dockspool-floors-"));
    await plant(directory);
    violations = await violationsIn(directory);
  }, 60_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  function rulesAgainst({ from, to }: Import): string[] {
    return violations
      .filter((found) => found.from === join("src", from) && same(found.to, shown(to)))
      .map(({ rule }) => shortName(rule.name));
  }

  test.each(refused.map(([rule, made]) => ({ rule, ...made })))(
    "$rule refuses that $from imports $to",
    ({ rule, ...made }) => {
      expect(rulesAgainst(made)).toContain(rule);
    },
  );

  test.each(allowed.map((made) => ({ ...made })))("$from may import $to", (made) => {
    const rules = rulesAgainst(made).filter((name) => name !== "no-cycle");
    expect(rules).toEqual([]);
  });

  test("every rule is shown to refuse something", async () => {
    const { default: config }: { default: { forbidden: { name: string }[] } } = await import(
      join(root, ".dependency-cruiser.mjs")
    );
    const shownRules = new Set(refused.map(([rule]) => rule));
    expect(
      config.forbidden.map(({ name }) => shortName(name)).filter((name) => !shownRules.has(name)),
    ).toEqual([]);
  });
});

/** Of the rule of a floor: a room without its "/" or ".ts". */
function shortName(rule: string): string {
  return rule.replace(/(?:\/|\.ts)$/, "");
}

/** A package is named by its entry file. */
function same(found: string, wanted: string): boolean {
  return (
    found === wanted || found === `node_modules/${wanted}/index.js` || `node:${found}` === wanted
  );
}
