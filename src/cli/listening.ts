import { asSentence, codeOf, messageOf } from "../errors.ts";
import type { ListenAddress } from "./option-values.ts";

/** Starts what listens at an option's address. @throws Error that names the option, where it can't */
export async function listening<T>(
  option: string,
  { host, port }: ListenAddress,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const why = codeOf(error) === "EADDRINUSE" ? "the port is in use" : messageOf(error);
    throw new Error(`${option} can't listen on ${host}:${port}: ${asSentence(why)}`, {
      cause: error,
    });
  }
}
