const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** @param {number} value */
export function count(value) {
  return value > 0 && value < 10 ? short.format(value) : whole.format(value);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** @param {number} value */
export function bytes(value) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${count(value / 1024 ** power)} ${UNITS[power]}`;
}

/**
 * A span of time: "340 ms", "12 s", "5 min", "3 h".
 *
 * @param {number} ms
 */
export function span(ms) {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

/** @param {number} value in seconds */
export function seconds(value) {
  return value === 0 ? "0 s" : span(value * 1_000);
}

/**
 * The time of day in UTC, as log lines have it.
 *
 * @param {number} at epoch milliseconds
 */
export function clock(at) {
  return new Date(at).toISOString().slice(11, 19);
}
