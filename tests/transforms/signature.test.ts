// Two calls share a program exactly when they have the same signature, by a definition of its own.
import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { compile, type DType, Tensor, tensor, type Value, Variable, zeros } from "../../mod.ts";
import { differencesFromNearest } from "../../src/transforms/recompile.ts";
import { type Arguments, keyOf, outlineOf, unrefined } from "../../src/transforms/signature.ts";
import { flatten, unflatten } from "../../src/tree.ts";

/** The first argument is static. */
function take(args: readonly unknown[]): Arguments {
  const { leaves, paths, structure } = flatten(args);
  return { leaves, paths, structure, isStatic: (index) => /^\[0\]/.test(paths[index]!) };
}

const key = (...args: readonly unknown[]): string => keyOf(take(args), "f");

/** Whether two calls are alike: the definition in the documentation of `compile`, by recursion over both at once. */
function alike(one: readonly unknown[], other: readonly unknown[]): boolean {
  const partners = new Map<unknown, unknown>();
  const backwards = new Map<unknown, unknown>();
  const visit = (a: unknown, b: unknown, isStatic: boolean): boolean => {
    if (a instanceof Tensor || a instanceof Variable) {
      if (!(b instanceof Tensor || b instanceof Variable) || a.constructor !== b.constructor) return false;
      if (partners.has(a) || backwards.has(b)) return partners.get(a) === b && backwards.get(b) === a;
      partners.set(a, b);
      backwards.set(b, a);
      const trainable = (each: Tensor | Variable): boolean => each instanceof Variable && each.trainable;
      return a.dtype === b.dtype && a.rank === b.rank && a.shape.every((length, axis) => length === b.shape[axis]) &&
        trainable(a) === trainable(b);
    }
    if (typeof a === "number") return typeof b === "number" && (!isStatic || Object.is(a, b));
    if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
    if (b instanceof Tensor || b instanceof Variable || Array.isArray(a) !== Array.isArray(b)) return false;
    const keys = (each: object): (string | number)[] =>
      Array.isArray(each) ? Array.from(each, (_, index) => index) : Object.keys(each);
    const [left, right] = [keys(a), keys(b)];
    const at = (each: object, name: string | number): unknown => (each as Record<string | number, unknown>)[name]; // it is its own
    return left.length === right.length &&
      left.every((name, index) => name === right[index] && visit(at(a, name), at(b, name), isStatic));
  };
  return one.length === other.length && one.every((arg, index) => visit(arg, other[index], index === 0));
}

/** Few of each, so that equal ones meet often; Variables and tensors come from pools, so that some are shared. */
const shapes = [[], [0], [1], [1, 1], [11], [2, 3], [23], Array<number>(300).fill(1), [
  ...Array<number>(299).fill(1),
  2,
]];
const tensors = shapes.flatMap((shape) =>
  (["float32", "float32", "int32"] as const).map((dtype) => zeros(shape, { dtype: dtype as DType }))
);
const variables = [true, true, false].flatMap((trainable) =>
  [[], [1], [1, 1]].map((shape) => new Variable(zeros(shape), { trainable }))
);
const odd = [
  "",
  "a",
  "b",
  "*",
  "|",
  "|#",
  "]",
  ",",
  '"',
  '","',
  "\\",
  '\\"',
  "a,b",
  "__proto__",
  "0",
  "1",
  "[0]",
  "\n",
  "ü",
  "\ud800",
  "\\ud800",
];
const leaf = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...tensors, ...variables) },
  fc.constantFrom(0, -0, 1, 11, NaN, Infinity, -Infinity, 0.1, 1e21),
  fc.constantFrom(null, undefined, true, false, "null", "undefined", "true", "NaN", "-0", "#", "T0float32[]", ...odd),
  fc.string(),
);
const name = fc.oneof(fc.constantFrom(...odd), fc.string());

/** An own property, `__proto__` too. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie("array"), tie("object")),
  array: fc.oneof(
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.sparseArray(tie("tree"), { maxNumElements: 2, maxLength: 3 }),
  ),
  object: fc.array(fc.tuple(name, tie("tree")), { maxLength: 3 }).map(objectOf),
}));
const call = fc.array(tree, { minLength: 1, maxLength: 4 });

/** A call that is much like another: some leaves exchanged for others. */
const pair = call.chain((one) => {
  const { leaves, structure } = flatten(one);
  const changed = fc.tuple(...leaves.map((each) => fc.oneof({ weight: 8, arbitrary: fc.constant(each) }, leaf)));
  const renamed = new Map<unknown, unknown>();
  const renew = (each: unknown): unknown => {
    if (!(each instanceof Tensor)) return each;
    if (!renamed.has(each)) renamed.set(each, zeros(each.shape, { dtype: each.dtype }));
    return renamed.get(each);
  };
  return fc.tuple(
    fc.constant(one),
    fc.oneof(
      call,
      changed.map((others) => unflatten(structure, others) as unknown[]), // of the structure of a call
      fc.constant(unflatten(structure, leaves.map(renew)) as unknown[]),
    ),
  );
});

describe("the key of a signature", () => {
  it("is the same exactly for calls that are alike, and what tells them apart is found", () => {
    let equal = 0;
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const expected = alike(one, other);
        equal += Number(expected);
        assertEquals(key(...one) === key(...other), expected);
        const [now, before] = [one, other].map((each) => outlineOf({ ...take(each), ...unrefined }));
        const differences = differencesFromNearest(now!, [before!]);
        assertEquals(differences.length === 0, expected);
        assertEquals(new Set(differences).size, differences.length);
      }),
      { numRuns: 2000 },
    );
    assert(equal > 200, `only ${equal} pairs were alike`);
  });

  it("is that of the tree which the function is given", () => {
    fc.assert(
      fc.property(call, (args) => {
        const { leaves, structure } = flatten(args);
        assert(alike(args, unflatten(structure, leaves) as unknown[])); // of the structure of a call
      }),
    );
  });

  it("tells apart what looks alike", () => {
    const x = tensor([1]);
    const different: readonly (readonly unknown[])[] = [
      [[]],
      [{}],
      [[[]]],
      [[], []],
      [[[], []]],
      [[{}]],
      [{ a: [] }],
      [{ a: {} }],
      [[undefined]],
      [[undefined, undefined]],
      [{ a: undefined }],
      [undefined],
      [null],
      ["undefined"],
      ["null"],
      [],
      [{ "a,b": null }],
      [{ a: null, b: null }],
      [{ "a:*,b": null, c: null }],
      [{ a: null, "b:*,c": null }],
      [{ 'a":*,"b': null, c: null }],
      [{ a: null, 'b":*,"c': null }],
      [{ 'a":*,"b': null }],
      [{ b: null, a: null }],
      ["*"],
      ["|#"],
      [1],
      ["1"],
      [-0],
      [0],
      ["0"],
      ["-0"],
      [NaN],
      ["NaN"],
      [x],
      [x, x],
      [x, tensor([1])],
      ["T0float32[1]"],
      [new Variable([1])],
      [new Variable([1], { trainable: false })],
      [objectOf([["__proto__", null]])],
      ["a", "b"],
      ["a|b"],
      ['a"|"b'],
      [["a"], "b"],
      [["a", "b"]],
    ];
    const keys = different.map((args) => key(...args));
    assertEquals(new Set(keys).size, different.length);
  });

  it("takes a hole of an array for undefined, as reading it does", () => {
    const hole = Array<unknown>(1);
    assertEquals(key(hole), key([undefined]));
    assertNotEquals(key(hole), key([]));
    const f = compile((list: readonly unknown[]) => list.length);
    assertEquals([f([]), f(hole), f(Array(2)), f([])], [0, 1, 2, 0]);
    const g = compile((x: Value) => [x, , x] as const); // deno-lint-ignore no-sparse-arrays
    assertEquals(g(tensor(1)).length, 3);
  });

  it("decides whether a compiled function is traced", () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        let traced = 0;
        const f = compile((..._args: readonly unknown[]) => traced++, { static: [0] });
        f(...one);
        f(...other);
        assertEquals(traced, alike(one, other) ? 1 : 2);
        assertEquals(f.stats.traces, traced);
        assertEquals(f.stats.lastRecompile === undefined, traced === 1);
      }),
      { numRuns: 200 },
    );
  });
});
