/** Tells listeners something. One that throws is no reason to lose lines: it becomes a warning of the process. */
export function tellListeners(emit: () => void): void {
  try {
    emit();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error), "DockspoolListenerWarning");
  }
}
