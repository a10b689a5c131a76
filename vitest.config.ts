import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import type { ViteUserConfig } from "vitest/config";

/** Suites of these projects share a real engine, so their files run one after the other. */
function withEngine(name: string, timeoutMs: number, order: number) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ["test/support/global-setup.ts"],
      fileParallelism: false,
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
    // Most files wait for sockets and timers most of the time: also on two cores two at once are no load.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters:
      jsonFile === undefined ? ["default"] : ["default", ["json", { outputFile: jsonFile }]],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "html"],
    },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/engine/**", "test/soak/**", "test/package/consumer/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      withEngine("engine", 300_000, 1),
      withEngine("soak", 3_600_000, 2),
    ],
  },
});
export default config;
