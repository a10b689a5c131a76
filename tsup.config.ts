import { defineConfig } from "tsup";
import type { Options } from "tsup";

const config: Options | Options[] | ((overrideOptions: Options) => unknown) = defineConfig({
  entry: ["http", "index", "opentelemetry", "prometheus", "testing"].map(
    (name) => `src/${name}.ts`,
  ),
  format: ["esm", "cjs"],
  platform: "node",
  target: "node20",
  dts: true,
  sourcemap: true,
  clean: true,
});
export default config;
