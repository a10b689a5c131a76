import { createHmac, timingSafeEqual } from "node:crypto";

/** A host's key of one type, as a line of known_hosts holds it. */
export interface KnownKey {
  /** "ssh-ed25519", "ssh-rsa", … */
  readonly type: string;
  readonly key: Buffer;
  /** It is not to be trusted any more. */
  readonly isRevoked: boolean;
}

/**
 * The keys that known_hosts has for a host. Lines of certificate authorities, and those that can't be read, are left out.
 *
 * @see sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"
 */
export function knownKeys(text: string, host: string, port: number): KnownKey[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const keys: KnownKey[] = [];
  for (const line of text.split(/\r?\n/)) {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith("@") === true ? fields.shift() : undefined;
    const [hosts = "", type = "", key = ""] = fields;
    const isWanted = marker === undefined || marker === "@revoked";
    if (!isWanted || hosts.startsWith("#") || key === "" || !isFor(hosts, name)) continue;
    keys.push({ type, key: Buffer.from(key, "base64"), isRevoked: marker !== undefined });
  }
  return keys;
}

/** What a host's key is worth, by the keys that are known of it. */
export function judge(keys: readonly KnownKey[], key: Buffer): "known" | "changed" | "unknown" {
  const same = keys.filter((one) => one.key.equals(key));
  if (same.some(({ isRevoked }) => isRevoked)) return "changed";
  if (same.length > 0) return "known";
  return keys.some(({ isRevoked }) => !isRevoked) ? "changed" : "unknown";
}

function isFor(hosts: string, name: string): boolean {
  if (hosts.startsWith("|1|")) return isHashOf(hosts, name);
  let isMatch = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const isNot = pattern.startsWith("!");
    if (!matches(isNot ? pattern.slice(1) : pattern, name)) continue;
    if (isNot) return false;
    isMatch = true;
  }
  return isMatch;
}

/** "|1|salt|hash", both in base64. */
function isHashOf(hosts: string, name: string): boolean {
  const [, , salt = "", hash = ""] = hosts.split("|");
  const wanted = Buffer.from(hash, "base64");
  const own = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return wanted.length === own.length && timingSafeEqual(wanted, own);
}

/** With `*` for any characters and `?` for one. */
function matches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(name);
}
