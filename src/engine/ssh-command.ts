import type { SshAddress } from "./address.ts";

/** The program. */
export const SSH = "ssh";

/** Nobody is there to answer a prompt: an unknown host, or a key with a passphrase, is refused. */
const NO_PROMPTS = ["-o", "BatchMode=yes"];

/**
 * What the docker command gives ssh for an engine at `ssh://` (docker/cli, `cli/connhelper`), and no prompts. `flags` are for what
 * is shared.
 */
export function sshArguments(
  { username, host, port, socketPath }: SshAddress,
  flags: readonly string[] = [],
): string[] {
  return [...flags, ...target(username, port), "-T", "--", host, remoteCommand(socketPath)];
}

/** A connection without a command that others share at `path`. In the background as soon as the host has let it in. */
export function masterArguments(
  { username, host, port }: SshAddress,
  path: string,
  idleSeconds: number,
): string[] {
  const shared = ["-o", "ControlMaster=yes", "-o", `ControlPersist=${idleSeconds}`];
  // Forwardings of the user's settings are for their own shells.
  const bare = ["-o", "ClearAllForwardings=yes", "-f", "-N", "-T"];
  return [...shared, ...atPath(path), ...target(username, port), ...bare, "--", host];
}

/** Ends the connection that is shared at `path`. */
export function exitArguments(host: string, path: string): string[] {
  return [...atPath(path), "-O", "exit", "--", host];
}

/** For what shares the connection at `path`; where that is gone, or takes no more, ssh makes one of its own. */
export function sharingFlags(path: string): string[] {
  return ["-o", "ControlMaster=no", ...atPath(path)];
}

/** ssh takes a percent sign for the beginning of a name of its own. */
function atPath(path: string): string[] {
  return ["-o", `ControlPath=${path.replaceAll("%", "%%")}`];
}

function target(username: string | undefined, port: number | undefined): string[] {
  const user = username === undefined ? [] : ["-l", username];
  const at = port === undefined ? [] : ["-p", String(port)];
  return [...user, ...at, "-o", "ConnectTimeout=30", ...NO_PROMPTS];
}

function remoteCommand(socketPath: string | undefined): string {
  if (socketPath === undefined) return "docker system dial-stdio";
  return `docker ${quotedForShell(`--host=unix://${socketPath}`)} system dial-stdio`;
}

/** A shell there reads the command. */
function quotedForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
