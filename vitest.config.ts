import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import type { ViteUserConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";
import { chosenForms } from "./test/support/size.ts";

const forms = chosenForms();

/** How long a test in its long form may take, on a busy machine. */
const LONG_FORM_MS = 900_000;

/** In files that have a long form. */
const LONG_FORM = /support\/size\.ts|describeLongWithEngine/;

/** Test files of a folder. The long run reads only those that have a long form. */
function testFiles(folder: string, exclude: readonly string[] = []): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith(".test.ts"))
    .filter((path) => !exclude.some((excluded) => path.startsWith(excluded)))
    .filter((path) => forms !== "long" || LONG_FORM.test(readFileSync(path, "utf8")));
}

/** A file changes what is loaded beside it, or counts all that a process has: with what other files' tests left. */
const STANDS_APART = /\bvi\.(?:mock|getTimerCount)\(/;

const unitFiles = testFiles("test", [
  "test/engine/",
  "test/engines/",
  "test/soak/",
  "test/package/consumer/",
]);
const apart = unitFiles.filter((path) => STANDS_APART.test(readFileSync(path, "utf8")));

/** In files whose tests start servers of Debian's packages: sshd, rsyslog, PostgreSQL, NATS, HAProxy. */
const USES_SERVERS = /describeWithProgram|hasSshd|support\/(?:nats|tls-proxy)/;
const serverFiles = unitFiles.filter((path) => USES_SERVERS.test(readFileSync(path, "utf8")));

const PROGRAMS = "test/support/programs-setup.ts";

const isApart = ({ project }: TestSpecification): boolean => project.name === "unit-apart";

/** What has a process for each file comes first: what shares some fills the time beside it, and nothing long is left for the end. */
class ApartFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- of the sequencer, not of an array
    const sorted = await super.sort(files);
    return [...sorted.filter(isApart), ...sorted.filter((file) => !isApart(file))];
  }
}

/** Files of these projects need no engine. */
function withoutEngine(
  name: string,
  include: readonly string[],
  globalSetup: string[],
  isolate: boolean = false,
) {
  return {
    extends: true as const,
    test: {
      name,
      include: [...include],
      isolate,
      globalSetup,
      setupFiles: ["test/support/transitions.ts"],
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  };
}

/** Each file of these projects uses a real engine, which no other file has meanwhile. */
function withEngine(name: string, timeoutMs: number, order: number, workers: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: testFiles(`test/${name}`),
      globalSetup: ["test/support/global-setup.ts", PROGRAMS, "test/support/prometheus/setup.ts"],
      maxWorkers: workers,
      sequence: { groupOrder: order },
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      teardownTimeout: 60_000,
    },
  };
}

/** Where to write the results as JSON besides; for programs that run the tests. */
const jsonFile = process.env["VITEST_JSON_FILE"];

const config: ViteUserConfig = defineConfig({
  test: {
    // In their short forms most files wait for sockets and timers for most of the time: it takes eight at once to keep two cores busy.
    maxWorkers: Math.max(forms === "short" ? 8 : 3, availableParallelism()),
    sequence: { sequencer: ApartFirst },
    // Only how late a failure is seen: vitest's second is too short on a busy machine.
    expect: { poll: { timeout: 60_000 } },
    reporters:
      jsonFile === undefined ? ["default"] : ["default", ["json", { outputFile: jsonFile }]],
    tags: [
      {
        name: "long",
        description: "Has a long form.",
        ...(forms === "short" ? {} : { timeout: LONG_FORM_MS }),
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "html"],
    },
    projects: [
      // Loading the library anew for each file takes a third of the time: most files share what is loaded.
      withoutEngine(
        "unit",
        unitFiles.filter((path) => !apart.includes(path) && !serverFiles.includes(path)),
        [
          "test/support/transitions-setup.ts",
          PROGRAMS,
          "test/support/cli-setup.ts",
          "test/support/prometheus/setup.ts",
        ],
      ),
      // Files that stand apart start no programs: nothing is built for them.
      withoutEngine("unit-apart", apart, [], true),
      withoutEngine("servers", serverFiles, [PROGRAMS, "test/support/cli-setup.ts"]),
      withEngine("engine", 300_000, 1, forms === "short" ? 3 : 2),
      withEngine("soak", 3_600_000, 2, 1),
      {
        extends: true,
        test: {
          name: "engines",
          include: ["test/engines/**/*.test.ts"],
          globalSetup: [PROGRAMS, "test/support/matrix/setup.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          testTimeout: 240_000,
          hookTimeout: 60_000,
          teardownTimeout: 60_000,
        },
      },
    ],
  },
});
export default config;
