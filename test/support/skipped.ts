/** Prints, once a run, why suites are skipped. Under CI=true that is a failure. */
export function skipped(message: string): void {
  const isContinuousIntegration = process.env["CI"] === "true" || process.env["CI"] === "1";
  if (isContinuousIntegration) throw new Error(`${message}. Under CI=true that is a failure.`);
  // Modules are loaded anew for each project.
  const printed = Symbol.for(message);
  if (!Reflect.has(globalThis, printed)) console.log(message);
  Reflect.set(globalThis, printed, true);
}
