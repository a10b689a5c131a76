import { toUSVString } from "node:util";

/** OTLP's `AnyValue` in JSON: exactly one field. 64-bit integers are texts. */
type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** Values that are null or undefined are left out. Values come from JSON, so none is deeper than its parser allowed. */
export function attributesOf(values: Readonly<Record<string, unknown>>): KeyValue[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const any = anyValue(value);
    return any === undefined ? [] : [{ key: toUSVString(name), value: any }];
  });
}

function anyValue(value: unknown): AnyValue | undefined {
  switch (typeof value) {
    case "string":
      return { stringValue: toUSVString(value) };
    case "boolean":
      return { boolValue: value };
    case "number":
      if (Number.isSafeInteger(value)) return { intValue: String(value) };
      return Number.isFinite(value) ? { doubleValue: value } : { stringValue: String(value) };
    case "object":
      if (value === null) return undefined;
      if (!Array.isArray(value)) return { kvlistValue: { values: attributesOf({ ...value }) } };
      return { arrayValue: { values: value.flatMap((item: unknown) => anyValue(item) ?? []) } };
    default:
      return undefined;
  }
}
