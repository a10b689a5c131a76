import { parser } from "keep-a-changelog";

/** True where a text still names the repository by its placeholder. */
export function placeholders(text: string): boolean {
  return text.includes("github.com/OWNER");
}

const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

function numbers(version: string): [number, number, number] | undefined {
  const [, major, minor, patch] = VERSION.exec(version) ?? [];
  return patch === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** The next version; undefined where `step` gives none that is later. */
export function bumped(version: string, step: string): string | undefined {
  const [major, minor, patch] = numbers(version) ?? [0, 0, 0];
  if (step === "major") return `${major + 1}.0.0`;
  if (step === "minor") return `${major}.${minor + 1}.0`;
  if (step === "patch") return `${major}.${minor}.${patch + 1}`;
  const given = numbers(step);
  if (given === undefined) return undefined;
  const [a, b, c] = given;
  const isLater = a - major || b - minor || c - patch;
  return isLater > 0 ? step : undefined;
}

/** The changelog with what was unreleased as that version's; undefined where nothing was. */
export function released(changelog: string, version: string, date: Date): string | undefined {
  const log = parser(changelog);
  const [first] = log.releases;
  if (first === undefined || first.version !== undefined || first.isEmpty()) return undefined;
  first.setVersion(version);
  first.setDate(date);
  return log.toString();
}
