import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DockspoolError, asSentence, codeOf, isError } from "../errors.ts";
import { configFolder } from "./docker-config.ts";
import type { Environment } from "./docker-config.ts";

/** What TLS takes; without `ca`, the authorities that Node.js trusts. */
export interface Tls {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** A file is not there. */
class MissingFile extends Error {}

/**
 * ca.pem, cert.pem and key.pem of a folder, as they are now. Those that are not there are left out, but for `required`.
 *
 * @throws DockspoolError INVALID_OPTION: `place`, what names the folder, and the file that can't be used
 */
export async function readTlsFolder(
  folder: string,
  place: string,
  required: readonly string[] = [],
): Promise<Tls> {
  const read = async (name: string): Promise<Buffer | undefined> => {
    const path = join(folder, `${name}.pem`);
    try {
      return await readFile(path);
    } catch (error) {
      const isMissing = codeOf(error) === "ENOENT";
      if (isMissing && !required.includes(name)) return undefined;
      throw new MissingFile(isMissing ? `${path} is missing` : `${path}: ${codeOf(error)}`);
    }
  };
  try {
    const [ca, cert, key] = await Promise.all([read("ca"), read("cert"), read("key")]);
    if ((cert === undefined) !== (key === undefined)) {
      const missing = cert === undefined ? "cert" : "key";
      throw new MissingFile(`${join(folder, `${missing}.pem`)} is missing`);
    }
    return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  } catch (error) {
    throw new DockspoolError(
      "INVALID_OPTION",
      `${place}: ca.pem, cert.pem and key.pem of a folder that can be read are wanted, and ${asSentence(isError(error) ? error.message : "one is not")}`,
      { cause: error },
    );
  }
}

/** TLS is asked for by a variable: any value that is not empty does, as for the docker command. */
export function wantsTls(env: Environment): boolean {
  return (env["DOCKER_TLS_VERIFY"] ?? "") !== "" || (env["DOCKER_TLS"] ?? "") !== "";
}

/** From DOCKER_CERT_PATH, or docker's own folder where there are some. @throws DockspoolError INVALID_OPTION */
export async function readTlsOf(env: Environment): Promise<Tls> {
  const folder = env["DOCKER_CERT_PATH"] ?? "";
  if (folder === "") return readTlsFolder(configFolder(env), "Docker's own folder");
  const place = `Variable "DOCKER_CERT_PATH" was given ${JSON.stringify(folder)}`;
  return readTlsFolder(folder, place, ["ca"]);
}
