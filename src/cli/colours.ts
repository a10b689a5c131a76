import pc from "picocolors";

export type Colours = ReturnType<typeof pc.createColors>;

/** What a stream and the environment say of colours. FORCE_COLOR wins over NO_COLOR, as in Node.js itself. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: terminal } = env;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (refused !== undefined && refused !== "") return false;
  return isTerminal && terminal !== "dumb";
}

export function coloursOf(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Colours {
  return pc.createColors(wantsColour(stream.isTTY === true, env));
}
