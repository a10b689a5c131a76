import { messageOf } from "../errors.ts";

/** Tells listeners something. One that throws is no reason to lose lines: it becomes a warning of the process. */
export function tellListeners(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    const warning = error instanceof Error ? error : messageOf(error);
    process.emitWarning(warning, "DockspoolListenerWarning");
  }
}
