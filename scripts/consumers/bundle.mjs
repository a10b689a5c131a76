// Bundles a program that imports dockspool, as docs/bundlers.md says, and runs the bundles. Prints the name of each that fails.
// Runs in a project with dockspool; the bundlers stand beside this file.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { build } from "vite";
import webpack from "webpack";

const folder = process.cwd();
const program = `
import { ContainerLogSource } from "dockspool";
import { FakeEngine } from "dockspool/testing";
export const done = (async () => {
  const fake = await FakeEngine.start();
  fake.create({ name: "web" }).write("hello");
  const source = new ContainerLogSource("web", { engine: fake.engine, follow: false });
  for await (const { line } of source) console.log(line);
  await fake.close();
})();
`;
const entry = join(folder, "bundled-program.mjs");
writeFileSync(entry, program);

const ways = {
  esbuild: async () => {
    const outfile = join(folder, "out/esbuild.mjs");
    const options = { bundle: true, platform: "node", format: "esm", external: ["docker-modem"] };
    await esbuild.build({ entryPoints: [entry], outfile, ...options });
    return outfile;
  },
  "esbuild, all in one file": async () => {
    const outfile = join(folder, "out/esbuild.cjs");
    const options = { bundle: true, platform: "node", format: "cjs", external: ["*.node"] };
    await esbuild.build({ entryPoints: [entry], outfile, logLevel: "error", ...options });
    return outfile;
  },
  webpack: async () => {
    const options = {
      mode: "production",
      target: "node",
      entry,
      output: { path: join(folder, "out"), filename: "webpack.cjs" },
      externals: [/^docker-modem/],
      externalsType: "commonjs",
    };
    await new Promise((done, fail) => {
      webpack(options, (error, stats) => {
        if (error === null && !stats.hasErrors()) done();
        else fail(error ?? new Error(stats.toString()));
      });
    });
    return join(folder, "out/webpack.cjs");
  },
  rollup: async () => {
    const plugins = [resolve({ preferBuiltins: true }), commonjs()];
    const bundle = await rollup({ input: entry, plugins, external: [/^docker-modem/] });
    const file = join(folder, "out/rollup.mjs");
    await bundle.write({ file });
    return file;
  },
  "vite, a library": async () => {
    const lib = { entry, formats: ["es"], fileName: () => "vite.mjs" };
    const rollupOptions = { external: [/^dockspool/, /^node:/] };
    const outDir = join(folder, "out/vite");
    await build({ configFile: false, logLevel: "error", build: { lib, outDir, rollupOptions } });
    return join(outDir, "vite.mjs");
  },
};

for (const [name, bundle] of Object.entries(ways)) {
  try {
    const file = await bundle();
    const said = execFileSync(process.execPath, [file], { encoding: "utf8", stdio: "pipe" });
    if (said.trim() !== "hello") throw new Error(`It has printed ${JSON.stringify(said)}.`);
  } catch (error) {
    console.log(`${name}: ${String(error.stderr ?? error)}`.slice(0, 2_000));
  }
}
