/**
 * How errors call something that is not what was asked for.
 * @module
 */

/** Strings are shown up to this length. */
const shownLength = 64;

/**
 * What an error calls a value of any kind: in a few words, and without running into an error of its own, as a template
 * string does for a symbol and for a proxy whose traps throw.
 */
export function describeForeign(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const text = JSON.stringify(value.slice(0, shownLength));
      return `the string ${text}${value.length > shownLength ? "…" : ""}`;
    }
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `the bigint ${value}`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : describeObject(value);
    default:
      return String(value); // undefined, true or false
  }
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) {
      return value.length === 1 ? "an array of 1 element" : `an array of ${value.length} elements`;
    }
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "" ? `an object of class ${name}` : "an object";
  } catch {
    return "an object that cannot be looked at";
  }
}
