/**
 * Names and other text of the user's, as it is printed.
 * @module
 */

/**
 * A text on one line: control characters, lone surrogates and what turns the direction of writing are written as the
 * escapes that JavaScript has for them. Some of them are forbidden in XML, even escaped, and none of them can be read.
 */
export function readable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu,
    (character) =>
      ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[character] ??
        `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
