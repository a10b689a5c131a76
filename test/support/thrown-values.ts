function fail(): never {
  throw new Error("not to be looked at");
}

/** Whatever it is asked for, it throws. */
const traps: ProxyHandler<object> = {
  defineProperty: fail,
  deleteProperty: fail,
  get: fail,
  getOwnPropertyDescriptor: fail,
  getPrototypeOf: fail,
  has: fail,
  isExtensible: fail,
  ownKeys: fail,
  preventExtensions: fail,
  set: fail,
  setPrototypeOf: fail,
};

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const FIELDS = [
  "stack",
  "name",
  "message",
  "code",
  "cause",
  "errors",
  "detail",
  "toString",
] as const;
const FURTHER = ["then", "retryable", "retryAfterMs", "transient", "toJSON", Symbol.toPrimitive];

/** Its fields are there, and throw where they are read. */
function guarded(target: object): object {
  for (const name of [...FIELDS, ...FURTHER, Symbol.toStringTag])
    Object.defineProperty(target, name, { get: fail, configurable: true });
  return target;
}

/** Fields of types that no error's are of. */
function odd(value: unknown): object {
  return Object.assign(new Error("odd"), Object.fromEntries(FIELDS.map((name) => [name, value])));
}

function withMethod(name: string): object {
  return { [name]: (): void => {} };
}

/** What a function of the caller's may throw, and does not let itself be looked at; made anew, since a test may spoil it. */
export function thrownValues(): Readonly<Record<string, unknown>> {
  return {
    undefined: undefined,
    null: null,
    "a symbol": Symbol("thrown"),
    "a bigint": 5n,
    "an empty text": "",
    "an object without a prototype": Object.create(null),
    "a proxy that throws": new Proxy({}, traps),
    "a proxy of an error that throws": new Proxy(new Error("behind"), traps),
    "a proxy of a function that throws": new Proxy(fail, traps),
    "a revoked proxy": revoked({}),
    "a revoked proxy of an error": revoked(new Error("behind")),
    "an object whose fields throw": guarded({}),
    "an error whose fields throw": guarded(new Error("behind")),
    "an error whose prototype is a proxy": Object.setPrototypeOf(
      new Error("behind"),
      new Proxy({}, traps),
    ),
    "a promise-like that never settles": withMethod("then"),
    "an error with symbols": odd(Symbol("odd")),
    "an error with objects": odd(Object.create(null)),
  };
}
