import { ContainerLogSource, StreamPool } from "../../src/index.ts";

/**
 * A program with a sink that ends in one of several ways and does nothing else: the process has to end by itself. The sink
 * is all that would keep it.
 */
const [socketPath = "", kind = "", how = ""] = process.argv.slice(2);

const forever = new Promise<void>(() => {});
const controller = new AbortController();
const limits = { rotateTimeoutMs: 50 };
const common = { engine: { socketPath }, signal: controller.signal };
const consumer =
  kind === "pool"
    ? new StreamPool({ ...common, from: "start", source: limits })
    : new ContainerLogSource("web", { ...common, ...limits });

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

let isCalled = (): void => {};
const called = new Promise<void>((resolve) => {
  isCalled = resolve;
});

async function sink(): Promise<void> {
  say("called");
  isCalled();
  if (how === "hangs, and is closed from inside") await consumer.close();
  if (how === "hangs, and is aborted") controller.abort("enough");
  if (how.startsWith("hangs")) await forever;
  if (how === "fails for good") throw new Error("refused");
  if (how === "is stopped") setTimeout(() => void delivery.stop().then(() => consumer.close()), 10);
}

const retry =
  how === "fails for good" ? { attempts: 1 } : { minDelayMs: 60_000, maxDelayMs: 60_000 };
const delivery = consumer.deliver(sink, { maxWaitMs: 0, retry });
if (how !== "fails for good") {
  delivery.done.then(
    () => say("resolved"),
    (error: unknown) => say(codeOf(error)),
  );
}
if (how === "hangs, and is closed") {
  await called;
  await consumer.close().catch((error: unknown) => say(codeOf(error)));
}
process.on("exit", () => say("over"));
