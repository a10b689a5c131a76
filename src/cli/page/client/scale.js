const STEPS = [1, 2, 5, 10];

/**
 * A round number that is as large, for the top of an axis: half of it is round enough as well.
 *
 * @param {number} value
 * @param {"decimal" | "binary"} base
 */
export function roundTop(value, base) {
  if (value <= 0) return base === "binary" ? 1024 : 1;
  const unit = base === "binary" ? 1024 ** Math.floor(Math.log2(value) / 10) : 1;
  const amount = value / unit;
  const power = 10 ** Math.floor(Math.log10(amount));
  const step = STEPS.find((candidate) => candidate * power >= amount - 1e-9) ?? 10;
  return step * power * unit;
}

/** @typedef {readonly [x: number, y: number]} Point */

/**
 * The line of points as the path of an SVG, interrupted where there are none for a while.
 *
 * @param {readonly Point[]} points from left to right
 * @param {number} widest the step from one to the next that is drawn
 */
export function line(points, widest) {
  return segments(points, widest).map(joined).join("");
}

/**
 * What is below that line, down to `bottom`.
 *
 * @param {readonly Point[]} points
 * @param {number} widest
 * @param {number} bottom
 */
export function area(points, widest, bottom) {
  return segments(points, widest)
    .map((segment) => {
      const [left, right] = [segment[0]?.[0] ?? 0, segment.at(-1)?.[0] ?? 0];
      return `${joined(segment)}L${right.toFixed(1)} ${bottom}L${left.toFixed(1)} ${bottom}Z`;
    })
    .join("");
}

/**
 * @param {readonly Point[]} points
 * @param {number} widest
 */
function segments(points, widest) {
  /** @type {Point[][]} */
  const all = [];
  for (const point of points) {
    const segment = all.at(-1);
    const before = segment?.at(-1);
    if (segment === undefined || before === undefined || point[0] - before[0] > widest)
      all.push([point]);
    else segment.push(point);
  }
  return all;
}

/** @param {readonly Point[]} points */
function joined(points) {
  return points
    .map(([x, y], index) => `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join("");
}
