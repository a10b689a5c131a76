/**
 * Whether engines are handed to the library behind a proxy: `DOCKSPOOL_THROUGH=haproxy`. Throws where it names another one.
 */
export function throughHaproxy(): boolean {
  const through = process.env["DOCKSPOOL_THROUGH"] ?? "";
  if (through === "" || through === "haproxy") return through === "haproxy";
  throw new Error(`DOCKSPOOL_THROUGH is "haproxy" or nothing, not ${JSON.stringify(through)}.`);
}
