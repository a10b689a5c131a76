import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { longOnly } from "../support/size.ts";
import { Project, root } from "./support.ts";

const entries = [
  "index",
  "formats",
  "http",
  "nats",
  "opentelemetry",
  "prometheus",
  "sinks/file",
  "sinks/http",
  "sinks/loki",
  "sinks/otlp",
  "sinks/postgres",
  "sinks/syslog",
  "testing",
];
/** What an entry point's types may name besides. */
const shown: Readonly<Record<string, string>> = {
  http: "node:http",
  nats: "@nats-io/transport-node",
  opentelemetry: "@opentelemetry/api",
  prometheus: "prom-client",
  "sinks/syslog": "node:tls",
};
const ten = Array.from({ length: 10 }, (_, number) => `line ${number}`);

let project: Project;

beforeAll(async () => {
  project = await Project.create();
}, 240_000);

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

describe("the packed package", longOnly, () => {
  test("holds the build, the documentation and nothing of the sources or tests", () => {
    const others = project.files.filter((path) => !/^(dist|docs)\//.test(path));
    const usual = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    expect(others.filter((path) => !usual.includes(path))).toEqual([]);
    expect(others).toEqual(expect.arrayContaining(["LICENSE", "package.json"]));
    expect(project.files.filter((path) => path.startsWith("docs/maintainers/"))).toEqual([]);
    const files = project.files.filter((path) => path.startsWith("dist/"));
    for (const entry of entries) {
      for (const end of [".js", ".cjs", ".d.ts", ".d.cts"])
        expect(files).toContain(`dist/${entry}${end}`);
    }
    expect(files).toEqual(expect.arrayContaining(["dist/cli.js", "dist/client/index.html"]));
  });

  test("needs docker-modem and eventemitter3, and nothing else but what its user has", async () => {
    const manifest: Record<string, object> = JSON.parse(await project.read("package.json"));
    expect(Object.keys(manifest["dependencies"] ?? {})).toEqual(["docker-modem", "eventemitter3"]);
    const peers = Object.keys(manifest["peerDependencies"] ?? {});
    expect(peers).toEqual([
      "@nats-io/jetstream",
      "@nats-io/kv",
      "@nats-io/transport-node",
      "@opentelemetry/api",
      "pg",
      "pg-copy-streams",
      "prom-client",
    ]);
    expect(manifest["peerDependenciesMeta"]).toEqual(
      Object.fromEntries(peers.map((name) => [name, { optional: true }])),
    );
    expect(manifest["optionalDependencies"]).toBeUndefined();
  });

  test("runs no script where it is installed", async () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      await project.read("package.json"),
    );
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  });

  test("shows none of docker-modem's types", async () => {
    const declarations = project.files.filter((path) => /\.d\.c?ts$/.test(path));
    expect(declarations.length).toBeGreaterThanOrEqual(4);
    for (const path of declarations) {
      const imported = [
        ...(await project.read(path)).matchAll(
          /(?<!["'])(?:from|import\(|require\(|types=)\s*["']([^"']+)/g,
        ),
      ];
      const packages = imported
        .map(([, name]) => name)
        .filter((name) => name?.startsWith(".") === false);
      const [, entry = ""] = /^dist\/([a-z/]+)\./.exec(path) ?? [];
      const allowed = ["eventemitter3", shown[entry]];
      expect([path, packages.filter((name) => !allowed.includes(name))]).toEqual([path, []]);
    }
  });

  test("has source maps that bring their sources with them", async () => {
    const maps = project.files.filter((path) => path.endsWith(".map"));
    expect(maps.length).toBeGreaterThanOrEqual(4);
    for (const path of maps) {
      const map: { sources: string[]; sourcesContent?: (string | null)[] } = JSON.parse(
        await project.read(path),
      );
      expect(map.sourcesContent?.filter((text) => text !== null && text !== "")).toHaveLength(
        map.sources.length,
      );
    }
  });
});

describe("what console.log shows of a record, source, pool or error", longOnly, () => {
  test.each(["index.js", "index.cjs"])("has the class's own name in %s", async (file) => {
    const build = await project.read(`dist/${file}`);
    const names = ["LineRecord", "AttributedRecord", "ContainerLogSource", "StreamPool"];
    for (const name of [...names, "DockspoolError", "FileCheckpointStore"])
      expect(build).toMatch(
        new RegExp(String.raw`^(var ${name} = class|class ${name}) (?!_)`, "m"),
      );
  });
});

describe("an empty project with the package installed", longOnly, () => {
  test("imports it, follows a container and exits by itself", async () => {
    expect(await project.run("follow.mjs")).toEqual({
      lines: ten,
      end: { kind: "removed", complete: true },
      rotations: 3,
    });
  });

  test("requires it, reads a container and exits by itself", async () => {
    expect(await project.run("follow.cjs")).toEqual({
      lines: ten,
      end: { kind: "closed" },
      rotations: 1,
    });
  });

  test("recognises the errors of either build by the other's DockspoolError.is", async () => {
    expect(await project.run("errors.mjs")).toEqual({
      areTwoBuilds: true,
      importKnowsRequired: true,
      requireKnowsImported: true,
      importKnowsOthers: false,
      codesDiffer: false,
      sameNames: true,
      testingIsTwo: true,
    });
  });

  test("finds nothing but the entry points", async () => {
    const paths = ["", ...entries.slice(1).map((entry) => `/${entry}`), "/package.json"];
    const probe = `
      const found = [];
      const paths = ${JSON.stringify(paths)};
      for (const path of [...paths, "/cli", "/dist/cli.js", "/dist/index.js", "/src/index.ts"]) {
        try { require.resolve("dockspool" + path); found.push(path); } catch {}
      }
      console.log(JSON.stringify(found));`;
    await writeFile(project.path("probe.cjs"), probe);
    expect(await project.run("probe.cjs")).toEqual(paths);
  });
});

describe("the package's command", longOnly, () => {
  test("needs nothing that the package does not depend on", async () => {
    const text = await project.read("dist/cli.js");
    const imported = text.matchAll(/^import .*?from "([^"]+)";$|\bimport\("([^"]+)"\)/gm);
    const names = new Set([...imported].map(([, name, late]) => name ?? late ?? ""));
    const required = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = ""]) => name);
    const others = [...names, ...required].filter((name) => !isBuiltin(name));
    const packages = new Set(others.map((name) => name.split("/")[0]));
    expect(packages).toEqual(new Set(["docker-modem", "eventemitter3"]));
  });

  test("brings the licenses of what is bundled with it", async () => {
    const licenses = await project.read("dist/cli.licenses.txt");
    for (const name of ["commander", "picocolors", "prom-client"])
      expect(licenses).toMatch(new RegExp(`^${name}$`, "m"));
    expect(licenses).toContain("Permission is hereby granted");
  });

  test("tells its version by npx", async () => {
    const { version }: { version: string } = JSON.parse(await project.read("package.json"));
    expect(await project.command("--version")).toEqual({ stdout: `${version}\n`, stderr: "" });
  });

  test("prints a container's log as the engine has it, by npx", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (const line of ten) web.write(line);
    const engine = `unix://${fake.engine.socketPath}`;
    const { stdout } = await project.command("web", "--no-follow", "--json", "--engine", engine);
    const lines = stdout.split("\n").filter((line) => line !== "");
    expect(lines.map((line): string => JSON.parse(line).line)).toEqual(ten);
  });

  test("shows a demo, its metrics and its page", async () => {
    const { stdout, stderr } = await project.demo();
    expect(stdout).toMatch(/^[\d:.]{12} demo-\w+ +\S/);
    expect(stderr).toMatch(/^Metrics: http:\/\/127\.0\.0\.1:\d+\/metrics$/m);
    expect(stderr).toMatch(/^Live page: http:\/\/127\.0\.0\.1:\d+\/$/m);
    expect(stderr).toMatch(/left open: 0 tasks, 0 sockets$/m);
  });
});

describe("a strict consumer's type check", longOnly, () => {
  const common = {
    target: "es2022",
    lib: ["es2023"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    noUnusedLocals: true,
    skipLibCheck: false,
    noEmit: true,
  };

  async function check(
    name: string,
    module: string,
    moduleResolution: string,
    files: Record<string, string>,
  ) {
    for (const [to, from] of Object.entries(files))
      await copyFile(project.path(from), project.path(to));
    const config = {
      compilerOptions: { ...common, module, moduleResolution },
      files: Object.keys(files),
    };
    await writeFile(project.path(name), JSON.stringify(config));
    return typeCheck(project.path(name));
  }

  /** What the compiler says of these files. */
  function saidOf(output: string, ...files: readonly string[]): string[] {
    const lines = output.split("\n").filter((line) => line !== "");
    return lines.filter((line) => files.some((file) => line.includes(`${file}(`)));
  }

  beforeAll(() => project.installPeers());

  describe("with nodenext", () => {
    let output: string;

    // One run of the compiler for all.
    beforeAll(async () => {
      const wrong =
        'import { ContainerLogSource } from "dockspool";\nnew ContainerLogSource("web", { tail: 1 });\n';
      await writeFile(project.path("wrong.ts"), wrong);
      output = await check("nodenext.json", "nodenext", "nodenext", {
        "names.mts": "names.ts",
        "names.cts": "names.ts",
        "required.cts": "required.ts",
        "wrong.mts": "wrong.ts",
      });
    });

    test("passes as an ES module", () => {
      expect(saidOf(output, "names.mts")).toEqual([]);
    });

    test("passes as CommonJS", () => {
      expect(saidOf(output, "names.cts", "required.cts")).toEqual([]);
    });

    test("refuses what is wrong, and nothing else", () => {
      const errors = output.split("\n").filter((line) => line.includes("error TS"));
      expect(errors).toEqual([expect.stringContaining("wrong.mts")]);
      expect(output).toContain("'tail' does not exist in type 'SourceOptions'");
    });
  });

  test("passes with bundler resolution, as an ES module", async () => {
    expect(await check("bundled.json", "esnext", "bundler", { "names.mts": "names.ts" })).toBe("");
  });

  test("passes with bundler resolution, by import and by require", async () => {
    const files = { "names.mts": "names.ts", "required.cts": "required.ts" };
    expect(await check("preserved.json", "preserve", "bundler", files)).toBe("");
  });

  test("uses every public name", async () => {
    // That an imported name is used there is for the type check to say.
    const used = listedNames(
      await readFile(join(root, "test/package/consumer/names.ts"), "utf8"),
      "import",
    );
    for (const entry of entries) {
      const names = listedNames(await project.read(`dist/${entry}.d.ts`), "export");
      const unused = names.filter((name) => !used.includes(name));
      expect(unused, "add them to test/package/consumer/names.ts").toEqual([]);
    }
  });
});

/** Nothing, where all is well. */
async function typeCheck(config: string): Promise<string> {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, "-p", config]);
    return stdout;
  } catch (error) {
    if (error instanceof Error && "stdout" in error) return withoutNats(String(error.stdout));
    throw error;
  }
}

/** Two classes of nats-core 3 do not fit their own interfaces: whoever checks libraries hears of it with any program that uses it. */
function withoutNats(output: string): string {
  const lines = output.split("\n");
  const kept: string[] = [];
  let isNats = false;
  for (const line of lines) {
    if (!line.startsWith(" ")) isNats = line.startsWith("node_modules/@nats-io/nats-core/");
    if (!isNats) kept.push(line);
  }
  return kept.join("\n");
}

/** Those in the `export { … }` or `import { … }` lists of a file. */
function listedNames(text: string, keyword: "export" | "import"): string[] {
  const lists = text.matchAll(new RegExp(`^${keyword} (?:type )?\\{([^}]*)\\}`, "gm"));
  const names = [...lists].flatMap(([, list = ""]) => list.split(","));
  return names
    .map((name) => name.replace(/^.* as |^\s*type /, "").trim())
    .filter((name) => name !== "");
}
