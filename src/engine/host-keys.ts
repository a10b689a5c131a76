import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { judge, knownKeys } from "./known-hosts.ts";
import type { KnownKey } from "./known-hosts.ts";
import { SSH_HOST_KEY, sshError } from "./ssh-complaint.ts";

/** What ssh2's `connect` takes. */
export type SshConfig = Readonly<Record<string, unknown>>;

/** Settings with a verifier of the host's key, and why it has refused one. */
export interface Verified {
  readonly config: SshConfig;
  readonly refusal: () => Error | undefined;
}

/** Signature algorithms by the types of keys in known_hosts. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/** ssh2 takes any host key by itself: without a `hostVerifier` of the caller's, the key has to be one of known_hosts. */
export async function withHostKeys(config: SshConfig): Promise<Verified> {
  if (typeof config["hostVerifier"] === "function") return { config, refusal: () => undefined };
  const host = String(config["host"]);
  const port = Number(config["port"] ?? 22);
  const keys = await readKnownKeys(host, port);
  let refusal: Error | undefined;
  const hostVerifier = (key: Buffer): boolean => {
    const verdict = judge(keys, key);
    if (verdict !== "known") refusal = refusalOf(verdict, key);
    return verdict === "known";
  };
  return {
    config: { algorithms: algorithmsFor(keys), ...config, hostVerifier, hostHash: undefined },
    refusal: () => refusal,
  };
}

/** Those of the known keys are asked for first, as ssh does. */
function algorithmsFor(keys: readonly KnownKey[]): object | undefined {
  const types = new Set(keys.flatMap(({ type }) => ALGORITHMS[type] ?? []));
  return types.size === 0 ? undefined : { serverHostKey: { prepend: [...types] } };
}

async function readKnownKeys(host: string, port: number): Promise<KnownKey[]> {
  const home = process.env["HOME"] ?? homedir();
  const files = [
    join(home, ".ssh/known_hosts"),
    join(home, ".ssh/known_hosts2"),
    "/etc/ssh/ssh_known_hosts",
  ];
  const texts = await Promise.all(files.map((path) => readFile(path, "utf8").catch(() => "")));
  return texts.flatMap((text) => knownKeys(text, host, port));
}

function refusalOf(verdict: "changed" | "unknown", key: Buffer): Error {
  const digest = createHash("sha256").update(key).digest("base64").replace(/=+$/, "");
  const what =
    verdict === "changed"
      ? "is not the one in known_hosts: it may be another host"
      : "is not in known_hosts. Add it, or give sshOptions a hostVerifier";
  return sshError(SSH_HOST_KEY, `its host key (SHA256:${digest}) ${what}`);
}
