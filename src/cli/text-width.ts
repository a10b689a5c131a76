/** Characters that take two columns of a terminal: East Asian ones, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Characters that take none. */
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ascii = /^[\x20-\x7e]*$/;

function widthOf(character: string): number {
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Columns of a terminal that a text without escape sequences takes. */
export function textWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** At most `width` columns of a text; one that was cut ends in "…". */
export function fitted(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let taken = "";
  let room = width - 1;
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) break;
    taken += character;
  }
  return width < 1 ? "" : `${taken}…`;
}

/** At most `width` columns of a name; of a longer one the beginning and the end, which may tell it from others. */
export function fittedName(name: string, width: number): string {
  if (textWidth(name) <= width || width < 12) return fitted(name, width);
  let end = "";
  for (const character of Array.from(name).toReversed()) {
    if (textWidth(character + end) > width / 3) break;
    end = character + end;
  }
  return fitted(name, width - textWidth(end)) + end;
}

/** Items side by side, on as many rows as they need. */
export function wrapped(items: readonly string[], between: string, width: number): string[] {
  const rows: string[] = [];
  let row: string | undefined;
  for (const [index, item] of items.entries()) {
    const longer: string = row === undefined ? item : `${row}${between}${item}`;
    const end = index === items.length - 1 ? "" : between.trimEnd();
    if (row !== undefined && textWidth(longer) + end.length > width) {
      rows.push(`${row}${between}`.trimEnd());
      row = item;
    } else row = longer;
  }
  return row === undefined ? rows : [...rows, row];
}

/** Of exactly `width` columns, where the text is no longer. */
export function padded(text: string, width: number, side: "left" | "right" = "right"): string {
  const spaces = " ".repeat(Math.max(0, width - textWidth(text)));
  return side === "left" ? `${spaces}${text}` : `${text}${spaces}`;
}
