/** What a request says of where it comes from. */
export interface Caller {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
  /** The address of ours that it was sent to. */
  readonly localAddress: string | undefined;
}

/**
 * Why a request is refused; undefined where it is not. Another site's page can make a browser send requests here: its name may be
 * made to mean this address (DNS rebinding), so only known names are answered.
 */
export function refusal(caller: Caller, allowedHosts: readonly string[]): string | undefined {
  const { host, origin, site } = caller;
  const name = host === undefined ? undefined : hostname(host);
  if (name === undefined) return "The request names no host.";
  if (!isLoopback(name) && !isOwn(name, caller.localAddress) && !isAllowed(name, allowedHosts))
    return "The page answers to localhost, to the address that it listens on, and to no other name.";
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
    return "Pages of another origin are not answered.";
  if (site === "cross-site" || site === "same-site") return "Other sites are not answered.";
  return undefined;
}

/** Of `Host`, without the port and as URLs write it; undefined where it is none. */
function hostname(host: string): string | undefined {
  if (!/^[\w.\-:[\]]+$/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/\.$/, "");
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** An address can't be made to mean another one, as a name can. */
function isOwn(name: string, localAddress: string | undefined): boolean {
  if (localAddress === undefined) return false;
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return hostname(address.includes(":") ? `[${address}]` : address) === name;
}

function isAllowed(name: string, allowedHosts: readonly string[]): boolean {
  return allowedHosts.some((allowed) => hostname(allowed) === name);
}
