/**
 * Functions that assign Variables, and what comes of them.
 * @module
 */
import { Operation, type Tensor, tensor, type Value, type Variable } from "../../mod.ts";

/** A function that assigns, and what comes of it. */
export interface AssignmentCase {
  readonly name: string;
  /** What the Variables hold at first. */
  readonly initial: readonly (readonly number[])[];
  body(variables: readonly Variable[], x: Value): readonly Value[];
  /** What they hold after a run on x = [1, 2, 3, 4]. */
  readonly after: readonly (readonly number[])[];
  /** What that run returns. */
  readonly returned?: readonly (readonly number[])[];
  /** How many Variables are written in place, and how many copied. */
  readonly written: number;
  readonly copied: number;
}

class Same extends Operation {
  override compute(x: Tensor): Tensor {
    return x;
  }
}

/** Every way in which what is read and what is written can cross. */
export const assignmentCases: readonly AssignmentCase[] = [
  {
    name: "from its own old value",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => [w!.assign(w!.mul(2).add(x))].slice(1),
    after: [[3, 6, 9, 12]],
    written: 1,
    copied: 0,
  },
  {
    name: "from a value that has nothing to do with it",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => [w!.assign(x.mul(10))].slice(1),
    after: [[10, 20, 30, 40]],
    written: 1,
    copied: 0,
  },
  {
    name: "from its own old value, backwards",
    initial: [[1, 2, 3, 4]],
    body: ([w]) => [w!.assign(w!.flip())].slice(1),
    after: [[4, 3, 2, 1]],
    written: 0,
    copied: 1,
  },
  {
    name: "from its own old value and that backwards",
    initial: [[1, 2, 3, 4]],
    body: ([w]) => [w!.assign(w!.flip().mul(10).add(w!))].slice(1),
    after: [[41, 32, 23, 14]],
    written: 0,
    copied: 1,
  },
  {
    name: "from its own old value, rolled by one",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => [w!.assign(w!.take(tensor([1, 2, 3, 0], { dtype: "int32" })).add(x))].slice(1),
    after: [[3, 5, 7, 5]],
    written: 0,
    copied: 1,
  },
  {
    name: "from its own old value less its sum",
    initial: [[1, 2, 3, 4]],
    body: ([w]) => [w!.assign(w!.sub(w!.sum()))].slice(1),
    after: [[-9, -8, -7, -6]],
    written: 1,
    copied: 0,
  },
  {
    name: "from one another's old values",
    initial: [[1, 2, 3, 4], [10, 20, 30, 40]],
    body: ([a, b]) => {
      const [oldA, oldB] = [a!.value, b!.value];
      a!.assign(oldB.mul(2));
      b!.assign(oldA.add(1));
      return [];
    },
    after: [[20, 40, 60, 80], [2, 3, 4, 5]],
    written: 1,
    copied: 1,
  },
  {
    name: "to one another, unchanged",
    initial: [[1, 2, 3, 4], [10, 20, 30, 40]],
    body: ([a, b]) => {
      const [oldA, oldB] = [a!.value, b!.value];
      a!.assign(oldB);
      b!.assign(oldA);
      return [];
    },
    after: [[10, 20, 30, 40], [1, 2, 3, 4]],
    written: 1,
    copied: 1,
  },
  {
    name: "around three",
    initial: [[1, 2, 3, 4], [10, 20, 30, 40], [5, 6, 7, 8]],
    body: ([a, b, c], x) => {
      const [oldA, oldB, oldC] = [a!.value, b!.value, c!.value];
      a!.assign(oldB.add(x));
      b!.assign(oldC.add(x));
      c!.assign(oldA.add(x));
      return [];
    },
    after: [[11, 22, 33, 44], [6, 8, 10, 12], [2, 4, 6, 8]],
    written: 3, // one kernel reads all before it writes any
    copied: 0,
  },
  {
    name: "with one's old value kept in another",
    initial: [[1, 2, 3, 4], [0, 0, 0, 0]],
    body: ([a, b], x) => {
      b!.assign(a!);
      a!.assign(a!.add(x));
      return [];
    },
    after: [[2, 4, 6, 8], [1, 2, 3, 4]],
    written: 2,
    copied: 0,
  },
  {
    name: "with the old value returned",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      const old = w!.value;
      w!.assign(old.add(x));
      return [old];
    },
    after: [[2, 4, 6, 8]],
    returned: [[1, 2, 3, 4]],
    written: 1,
    copied: 0,
  },
  {
    name: "with the new value returned",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      w!.assign(w!.add(x));
      return [w!.value];
    },
    after: [[2, 4, 6, 8]],
    returned: [[2, 4, 6, 8]],
    written: 0,
    copied: 1,
  },
  {
    name: "with the new value and one made of it returned",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      const next = w!.add(x);
      w!.assign(next);
      return [next.sum(), next.flip()];
    },
    after: [[2, 4, 6, 8]],
    returned: [[20], [8, 6, 4, 2]],
    written: 1,
    copied: 0,
  },
  {
    name: "to two of them at once",
    initial: [[1, 2, 3, 4], [9, 9, 9, 9]],
    body: ([a, b], x) => {
      const next = a!.add(x);
      a!.assign(next);
      b!.assign(next);
      return [];
    },
    after: [[2, 4, 6, 8], [2, 4, 6, 8]],
    written: 0,
    copied: 2,
  },
  {
    name: "twice, of which the last counts",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      w!.assign(w!.add(x));
      w!.assign(w!.mul(10));
      return [];
    },
    after: [[20, 40, 60, 80]],
    written: 1,
    copied: 0,
  },
  {
    name: "a number that every element is multiplied by",
    initial: [[3]],
    body: ([s], x) => {
      const old = s!.value;
      s!.assign(old.add(1));
      return [x.mul(old), x.mul(s!).sum()];
    },
    after: [[4]],
    returned: [[3, 6, 9, 12], [40]],
    written: 1,
    copied: 0,
  },
  {
    name: "a number that every element is multiplied by, where nothing else is computed",
    initial: [[3]],
    body: ([s], x) => {
      const old = s!.value;
      s!.assign(old.mul(2));
      return [x.mul(old)];
    },
    after: [[6]],
    returned: [[3, 6, 9, 12]],
    written: 1,
    copied: 0,
  },
  {
    name: "a number and, by its old value, all elements of another",
    initial: [[3], [1, 2, 3, 4]],
    body: ([s, w], x) => {
      const old = s!.value;
      s!.assign(old.mul(2));
      w!.assign(w!.mul(old).add(x));
      return [];
    },
    after: [[6], [4, 8, 12, 16]],
    written: 2,
    copied: 0,
  },
  {
    name: "the sum of what is multiplied by it",
    initial: [[3]],
    body: ([s], x) => [s!.assign(s!.add(x.mul(s!).sum(0, { keepDims: true })))].slice(1),
    after: [[33]],
    written: 1,
    copied: 0,
  },
  {
    name: "an argument as it is",
    initial: [[1, 2, 3, 4], [0, 0, 0, 0]],
    body: ([a, b], x) => {
      a!.assign(x);
      b!.assign(x);
      return [x];
    },
    after: [[1, 2, 3, 4], [1, 2, 3, 4]],
    returned: [[1, 2, 3, 4]],
    written: 0,
    copied: 2,
  },
  {
    name: "with a later host step that reads the new value",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      const next = w!.add(x);
      w!.assign(next);
      return [Same.apply(next).sum()];
    },
    after: [[2, 4, 6, 8]],
    returned: [[20]],
    written: 0,
    copied: 1,
  },
  {
    name: "with a host step that reads the old value",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => {
      const old = Same.apply(w!);
      w!.assign(w!.add(x));
      return [old.add(w!)];
    },
    after: [[2, 4, 6, 8]],
    returned: [[3, 6, 9, 12]],
    written: 1,
    copied: 0,
  },
  {
    name: "of what a host step returns",
    initial: [[1, 2, 3, 4]],
    body: ([w], x) => [w!.assign(Same.apply(w!.add(x)))].slice(1),
    after: [[2, 4, 6, 8]],
    written: 0,
    copied: 1,
  },
];
