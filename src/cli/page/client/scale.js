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

/**
 * The lines of points as the path of an SVG, interrupted where there are none for a while.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points from left to right
 * @param {number} widest the step from one to the next that is drawn
 */
export function path(points, widest) {
  let before = -Infinity;
  return points
    .map(([x, y]) => {
      const command = x - before > widest ? "M" : "L";
      before = x;
      return `${command}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
