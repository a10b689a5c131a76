import { defineConfig } from "tsup";
import type { Options } from "tsup";

const config: Options | Options[] | ((overrideOptions: Options) => unknown) = defineConfig({
  entry: ["src/index.ts", "src/testing.ts"],
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  dts: true,
  sourcemap: true,
  clean: true,
});
export default config;
