/** `node:assert/strict` for XS: as much of it as the tests that run there use. */

export class AssertionError extends Error {}

type Expected = RegExp | object | ((error: unknown) => boolean) | (new (...args: never[]) => unknown);

function check(holds: boolean, message: string | Error | undefined, otherwise: () => string): asserts holds {
  if (holds) return;
  if (message instanceof Error) throw message;
  throw new AssertionError(message === undefined ? otherwise() : `${message}: ${otherwise()}`);
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).join()})`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Error) return `${value}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.keys(value)
    .map((key) => `${key}: ${show((value as never)[key])}`)
    .join(", ")} }`;
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && isDeepEqual(value, b.get(key)));
  if (a instanceof Set && b instanceof Set) return a.size === b.size && [...a].every((value) => b.has(value));
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) return isDeepEqual(new Uint8Array(a), new Uint8Array(b));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isDeepEqual((a as never)[key], (b as never)[key]));
}

/** Whether `error` is what `throws` and `rejects` were told to expect; throws itself if a check of the caller's does. */
function isExpected(error: unknown, expected: Expected | undefined): boolean {
  if (expected === undefined) return true;
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && error instanceof expected) return true;
    if (expected === Error || expected.prototype instanceof Error) return false;
    return (expected as (error: unknown) => boolean)(error) === true;
  }
  if (typeof RegExp === "function" && expected instanceof RegExp) return expected.test(String(error));
  const { isPrototypeOf: _, ...properties } = expected as Record<string, unknown>;
  return Object.keys(properties).every((key) => {
    const actual = (error as Record<string, unknown>)[key];
    const wanted = properties[key];
    if (typeof RegExp === "function" && wanted instanceof RegExp) return wanted.test(String(actual));
    return isDeepEqual(actual, wanted);
  });
}

function ok(value: unknown, message?: string | Error): asserts value {
  check(Boolean(value), message, () => `${show(value)} is not truthy`);
}

const assert = Object.assign((value: unknown, message?: string | Error) => ok(value, message), {
  AssertionError,
  ok,
  equal(actual: unknown, expected: unknown, message?: string | Error): void {
    check(Object.is(actual, expected), message, () => `${show(actual)} is not ${show(expected)}`);
  },
  notEqual(actual: unknown, expected: unknown, message?: string | Error): void {
    check(!Object.is(actual, expected), message, () => `${show(actual)} is what it shall not be`);
  },
  deepEqual(actual: unknown, expected: unknown, message?: string | Error): void {
    check(isDeepEqual(actual, expected), message, () => `${show(actual)} is not like ${show(expected)}`);
  },
  notDeepEqual(actual: unknown, expected: unknown, message?: string | Error): void {
    check(!isDeepEqual(actual, expected), message, () => `${show(actual)} is like what it shall not be`);
  },
  match(actual: string, expected: RegExp, message?: string | Error): void {
    check(expected.test(actual), message, () => `${show(actual)} does not match ${expected}`);
  },
  fail(message?: string | Error): never {
    if (message instanceof Error) throw message;
    throw new AssertionError(message ?? "failed");
  },
  throws(body: () => unknown, expected?: Expected | string, message?: string): void {
    const [wanted, text] = typeof expected === "string" ? [undefined, expected] : [expected, message];
    try {
      body();
    } catch (error) {
      if (!isExpected(error, wanted)) throw error;
      return;
    }
    check(false, text, () => "nothing was thrown");
  },
  doesNotThrow(body: () => unknown): void {
    body();
  },
  async rejects(
    body: Promise<unknown> | (() => Promise<unknown>),
    expected?: Expected,
    message?: string,
  ): Promise<void> {
    try {
      await (typeof body === "function" ? body() : body);
    } catch (error) {
      if (!isExpected(error, expected)) throw error;
      return;
    }
    check(false, message, () => "the promise was not rejected");
  },
});

export default assert;
