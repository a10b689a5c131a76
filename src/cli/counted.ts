/** "1 line", "2 lines", "1,234 lines". */
export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** With commas between thousands. */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}
