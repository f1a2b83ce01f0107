/**
 * Storage: where a Variable's numbers lie.
 * @module
 */
import type { TypedArray } from "../dtype.ts";

/**
 * The array that holds a Variable's state: one of its own, or a view of memory that an executor keeps. An executor that
 * moves the state holds on to this and not to the Variable, so that it never has to ask whether the Variable is still alive.
 */
export class Storage {
  /** The numbers, in row-major order. */
  array: TypedArray;

  constructor(array: TypedArray) {
    this.array = array;
  }
}
