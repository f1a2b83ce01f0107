/**
 * How generated code says that an index is out of range. It knows two numbers, and what they mean is said elsewhere: so
 * the text of a kernel holds no words of the user's, and a fault can cross from one thread to another.
 * @module
 */

/** A check of a kernel that failed. */
export class IndexFault extends Error {
  /** Which of the kernel's checks. */
  readonly check: number;
  /** The index that failed it. */
  readonly index: number;

  constructor(check: number, index: number) {
    super(`Cannot pass check ${check}: index ${index} is out of range`);
    this.check = check;
    this.index = index;
  }
}

/** Throws an {@linkcode IndexFault}; kernels call it by this name, in the place of the index that they cannot use. */
export function outOfRange(check: number, index: number): never {
  throw new IndexFault(check, index);
}
