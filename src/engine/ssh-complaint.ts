import { printable } from "../printable.ts";

/** So much of what ssh, or the command there, complains of is told. */
const MAX_COMPLAINT = 500;
/** So much is kept of it: a changed host key takes a page. */
export const MAX_STDERR = 4_000;
/** ssh's own exit code for what is not the command's. */
const OWN_FAILURE = 255;
const NOT_FOUND = 127;
/** What ssh says besides. */
const NOISE =
  /^(?:mux_client_|ControlSocket |Warning: Permanently added|\*\*|Connection to \S+ closed|Exit request sent)/;

/** Codes of errors that no other try mends where the engine was never reached. */
export const SSH_REFUSED = "ERR_SSH_REFUSED";
export const SSH_HOST_KEY = "ERR_SSH_HOST_KEY";
export const SSH_MISSING = "ERR_SSH_MISSING";
export const SSH_OPTIONS = "ERR_SSH_OPTIONS";

/** An error in a sentence without its end, with a code that `failures.ts` knows. */
export function sshError(code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}

/** Why ssh ended, by its exit code and what it wrote to stderr. */
export function sshFailure(code: number, stderr: string): Error {
  const text = said(stderr);
  if (code !== OWN_FAILURE) return commandFailure(code, text);
  if (/IDENTIFICATION HAS CHANGED/.test(stderr)) {
    const [, where] = /^Offending \S+ key in (\S+:\d+)/m.exec(stderr) ?? [];
    const place = where === undefined ? "known_hosts" : printable(where, 200);
    return sshError(
      SSH_HOST_KEY,
      `its host key is not the one in ${place} any more: it may be another host. Where it was set up anew, remove the old key (\`ssh-keygen -R\`)`,
    );
  }
  if (/Host key verification failed|host key is known/.test(stderr)) {
    return sshError(
      SSH_HOST_KEY,
      "its host key is not known here. Connect once by hand (`ssh HOST`) as the user who runs this, or add the key to known_hosts",
    );
  }
  const message = `ssh: ${text === "" ? "it ended without a word" : text}`;
  return /Permission denied|Too many authentication failures/.test(stderr)
    ? sshError(SSH_REFUSED, message)
    : new Error(message);
}

/** What the command there said: there is no `docker`, or no engine. */
export function commandFailure(code: number, complaint: string): Error {
  const text = said(complaint) || `it ended with code ${code}`;
  const isMissing = code === NOT_FOUND || /\bdocker: .*not found/.test(text);
  const hint = isMissing ? ". The host needs the `docker` command, on the PATH of that user" : "";
  return new Error(`\`docker system dial-stdio\` there: ${text}${hint}`);
}

/** One line of it, without ssh's noise and without what may be secret in an URL. */
function said(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  const text = lines
    .join(" ")
    .replace(/:\/\/[^\s/@]*@/g, "://…@")
    .replace(/\.$/, "");
  return printable(text, MAX_COMPLAINT);
}
