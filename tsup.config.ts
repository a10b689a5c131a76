import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { defineConfig } from "tsup";
import type { Options } from "tsup";

const common = { platform: "node", target: "node20" } as const satisfies Options;

/** The live page's files, which the command finds beside it. */
async function copyPage(): Promise<void> {
  await rm("dist/client", { recursive: true, force: true });
  await cp("src/cli/page/client", "dist/client", {
    recursive: true,
    filter: (path) => basename(path) !== "tsconfig.json",
  });
}

/** The licenses of what is bundled with the command, as they ask for. */
async function writeLicenses(): Promise<void> {
  const bundle = await readFile("dist/cli.js", "utf8");
  const names = bundle.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm);
  const texts = [...new Set(Array.from(names, ([, name = ""]) => name))]
    .toSorted()
    .map(async (name) => `${name}\n\n${await readFile(`node_modules/${name}/LICENSE`, "utf8")}`);
  await writeFile("dist/cli.licenses.txt", (await Promise.all(texts)).join("\n\n"));
}

/** The command, in one file. */
export const command: Options = {
  ...common,
  entry: { cli: "src/cli/main.ts" },
  format: "esm",
  // Whoever imports the library installs none of what only the command needs.
  noExternal: ["prom-client", "@opentelemetry/api", /^@nats-io\//],
  // What is imported later is in the same file.
  splitting: false,
  // The CommonJS packages in it require Node.js's own modules.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module";\nconst require = requireOf(import.meta.url);',
  },
};

const config: Options | Options[] | ((overrideOptions: Options) => unknown) = defineConfig([
  {
    ...common,
    entry: [
      "src/formats.ts",
      "src/http.ts",
      "src/index.ts",
      "src/nats.ts",
      "src/opentelemetry.ts",
      "src/prometheus.ts",
      "src/sinks/file.ts",
      "src/sinks/http.ts",
      "src/sinks/loki.ts",
      "src/sinks/otlp.ts",
      "src/sinks/postgres.ts",
      "src/sinks/syslog.ts",
      "src/testing.ts",
    ],
    format: ["esm", "cjs"],
    // `import.meta.url`, in CommonJS.
    shims: true,
    esbuildOptions: (options, { format }) => {
      // Where jest runs CommonJS there is no `import()`.
      if (format === "cjs") options.supported = { "dynamic-import": false };
    },
    dts: true,
    sourcemap: true,
    // The command is built beside it.
    clean: ["!cli.*", "!client", "!client/*"],
  },
  {
    ...command,
    onSuccess: async () => {
      await copyPage();
      await writeLicenses();
    },
  },
]);
export default config;
