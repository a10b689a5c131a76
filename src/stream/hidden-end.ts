import type { Intake } from "./intake.ts";
import type { Visit } from "./log-reader.ts";

const stopAtFirst: Visit = (entries) => (entries.length === 0 ? undefined : "stop");

/**
 * Waits for a new entry of a log whose last one may not be asked for, since that might end the engine: a follow without a tail looks
 * for no place. False where it has ended without one.
 */
export async function hearNew(intake: Intake, signal: AbortSignal): Promise<boolean> {
  const { reader, log } = intake;
  intake.enter({ type: "catching-up" });
  intake.enter({ type: "opening" });
  const opened = (): void => {
    intake.enter({ type: "following" });
    intake.aligned("gap");
  };
  const end = await reader.read({ follow: true, tail: 0 }, { opened, visit: stopAtFirst }, signal);
  if (end !== "stopped") return false;
  intake.enter({ type: "catching-up" });
  log.tailBound.heard();
  return true;
}
