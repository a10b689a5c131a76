export { registerOpenTelemetry } from "./metrics/opentelemetry.ts";
export type { OpenTelemetryOptions } from "./metrics/opentelemetry.ts";
