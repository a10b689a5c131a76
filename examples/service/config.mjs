/**
 * @typedef {object} Config
 * @property {string | undefined} engine
 * @property {{ names?: string[], labels?: Record<string, string | true> }} select
 * @property {"start" | "now"} from
 * @property {"engine" | "auto" | "files"} read
 * @property {{ root?: string }} files
 * @property {number} maxStreams
 * @property {string} positions
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {number} batchRecords
 * @property {number} batchMs
 * @property {number} port
 * @property {string} host
 * @property {number} metricsOfContainers
 */

/**
 * The settings, checked. All that is wrong is told at once.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Config}
 * @throws {Error} with one line for each setting that is wrong
 */
export function readConfig(env) {
  /** @type {string[]} */
  const wrong = [];

  /** @param {string} name @param {string} [fallback] */
  const text = (name, fallback) => {
    const value = env[name] ?? fallback;
    if (value === undefined || value === "") wrong.push(`${name} is missing`);
    return value ?? "";
  };
  /** @param {string} name @param {number} fallback @param {number} least */
  const whole = (name, fallback, least) => {
    const value = Number(env[name] ?? fallback);
    if (!Number.isSafeInteger(value) || value < least)
      wrong.push(`${name} has to be a whole number from ${least}, and is ${env[name]}`);
    return value;
  };
  /**
   * The first one is the default.
   *
   * @template {string} T
   * @param {string} name
   * @param {readonly [T, ...T[]]} allowed
   */
  const oneOf = (name, allowed) => {
    const value = env[name] ?? allowed[0];
    const known = allowed.find((one) => one === value);
    if (known === undefined)
      wrong.push(`${name} has to be one of ${allowed.join(", ")}, and is ${value}`);
    return known ?? allowed[0];
  };
  /** @param {string} name */
  const list = (name) => (env[name] ?? "").split(",").flatMap((part) => part.trim() || []);

  const names = list("CONTAINERS");
  const labels = list("LABELS").map((label) => {
    const [key = "", value] = label.split("=", 2);
    return /** @type {const} */ ([key, value ?? true]);
  });
  const from = oneOf("FROM", ["now", "start"]);
  const read = oneOf("READ", ["engine", "auto", "files"]);
  const root = env["FILES_ROOT"];
  const url = text("SINK_URL");
  if (url !== "" && !URL.canParse(url)) wrong.push("SINK_URL is no URL");
  const token = env["SINK_TOKEN"];

  /** @type {Record<string, string>} */
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const config = {
    engine: env["ENGINE"],
    select: {
      ...(names.length > 0 ? { names } : {}),
      ...(labels.length > 0 ? { labels: Object.fromEntries(labels) } : {}),
    },
    from,
    read,
    files: root === undefined ? {} : { root },
    maxStreams: whole("MAX_STREAMS", 128, 1),
    positions: text("POSITIONS", "positions.json"),
    url,
    headers,
    batchRecords: whole("BATCH_RECORDS", 1_000, 1),
    batchMs: whole("BATCH_MS", 200, 0),
    port: whole("PORT", 9100, 0),
    host: text("HOST", "127.0.0.1"),
    metricsOfContainers: whole("METRICS_OF_CONTAINERS", 200, 0),
  };
  if (wrong.length > 0) throw new Error(`Wrong settings:\n${wrong.join("\n")}`);
  return config;
}
