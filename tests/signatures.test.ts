/** Every exported function and class has a signature, and a call that breaks it is refused. */
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as library from "../mod.ts";
import { signatureOf } from "../src/public/public_function.ts";
import type { Kind, Signature } from "../src/public/signature.ts";
import { describeSignature } from "../src/public/signature.ts";

type Callable = (...args: unknown[]) => unknown;
type Constructor = new (...args: unknown[]) => unknown;

/** Classes that users are given, and do not make; those of data check it themselves. */
const notMade = ["Value", "Tensor", "TensorType", "GraphNode", "Placeholder", "Optimizer", "Minimize"];

/** Everything that is exported and can be called, by name. */
function exported(): [string, Callable][] {
  const { random, train, workers, ...rest } = library as unknown as Record<string, object>; // a module's exports
  const spaces = { "": rest, "random.": random!, "train.": train!, "workers.": workers! };
  return Object.entries(spaces).flatMap(([prefix, space]) =>
    Object.entries(space).flatMap(([name, value]): [string, Callable][] =>
      typeof value === "function" && !notMade.includes(name) ? [[`${prefix}${name}`, value as Callable]] : []
    )
  );
}

/** One value of every kind. */
const samples: readonly unknown[] = [
  1,
  0.5,
  true,
  "float32",
  ...["compiled", "auto", "NCW", "NCHW", "NCDHW", "none", "xy"],
  [[1, 1]],
  [0],
  library.tensor([1, 2]),
  [library.tensor([1])],
  new library.Variable(1),
  library.random.key(0),
  () => library.tensor(1),
  new Uint8Array(1),
  class extends library.Operation {},
];

function sampleOf({ is, fits, words }: Kind): unknown {
  if (is === undefined) return library.tensor([1, 2]);
  const sample = samples.find((each) => is(each) && (fits === undefined || fits(each as never))); // `is` has seen that it takes it
  assert(sample !== undefined, `there is no sample of ${words}`);
  return sample;
}

/** Arguments that are right, before the options. */
function rightArguments({ positional }: Signature): unknown[] {
  return Object.values(positional).map(sampleOf);
}

function rightOptions({ options = {} }: Signature): Record<string, unknown> {
  const required = Object.entries(options).filter(([, { isRequired }]) => isRequired);
  return Object.fromEntries(required.map(([name, kind]) => [name, sampleOf(kind)]));
}

/** A call of a function, or the making of an object. */
function call(name: string, callee: Callable): Callable {
  const isClass = /^[A-Z]/.test(name.slice(name.lastIndexOf(".") + 1)) && name !== "RegisterGradient";
  return (...args) => isClass ? new (callee as unknown as Constructor)(...args) : callee(...args);
}

/** What is no argument of any function. */
const nothing = Symbol("nothing");

const functions = exported();

describe("exported functions", () => {
  it("have signatures that say how they are called", () => {
    assert(functions.length > 120);
    for (const [name, callee] of functions) {
      const signature = signatureOf(callee);
      assert(signature !== undefined, `${name} has no signature`);
      const called = signature.name.replace(/^new /, "");
      const known = (library as unknown as Record<string, unknown>)[called.replace(/\(.*/, "")]; // another name of it
      assert(called === "super" || called === name || known === callee, `${name} is called ${called}`);
    }
    assertEquals(describeSignature(signatureOf(library.sum as Callable)!), "sum(x, axis?, { keepDims? })");
  });

  for (const [name, callee] of functions) {
    const signature = signatureOf(callee);
    if (signature === undefined) continue;
    it(`${name} refuses what its signature does not have`, () => {
      const run = call(name, callee);
      const refused = (args: unknown[], Class: typeof TypeError | typeof RangeError, text = ""): void => {
        const { message } = assertThrows(() => run(...args), Class, text);
        assert(/^Cannot .+: /.test(message), message);
      };
      const right = rightArguments(signature);
      const kinds = Object.entries(signature.positional);
      const isAsync = name === "gunzip"; // it rejects
      if (isAsync) return;
      if (name === "Operation") return; // a class that extends it says what it takes; see the test of operations
      refused([...right, ...(signature.options ? [rightOptions(signature)] : []), 1], TypeError, "came");
      if (kinds.some(([, { isOptional }]) => !isOptional)) refused([], TypeError, "of which none came");
      for (const [position, [argument, kind]] of kinds.entries()) {
        const args = [...right.with(position, nothing), ...(signature.options ? [rightOptions(signature)] : [])];
        if (kind.is !== undefined) refused(args, TypeError, `${argument} is a symbol`);
      }
      if (signature.options === undefined) return;
      const options = rightOptions(signature);
      refused([...right, 3.25], TypeError, "the options are 3.25");
      refused([...right, null], TypeError, "the options are null");
      refused([...right, [1]], TypeError, "the options are an array of 1 element");
      refused([...right, new Map()], TypeError, "the options are an object of class Map");
      refused([...right, { ...options, nonsense: 1 }], TypeError, "there is no option nonsense");
      for (const [option, kind] of Object.entries(signature.options)) {
        refused([...right, { ...options, [option]: nothing }], TypeError, `the option ${option} is a symbol`);
        const misspelled = option.toUpperCase();
        refused([...right, { ...options, [misspelled]: sampleOf(kind) }], TypeError, `did you mean ${option}?`);
        if (kind.isRequired) refused([...right, {}], TypeError, "is missing");
      }
    });
  }
});

describe("methods", () => {
  it("refuse extra and missing arguments as the functions do", () => {
    const x = library.tensor([[1, 2], [3, 4]]);
    let count = 0;
    for (const [name, callee] of functions) {
      const signature = signatureOf(callee);
      const method = (x as unknown as Record<string, unknown>)[name]; // by the names of functions
      if (typeof method !== "function" || signature?.method !== true) continue;
      count++;
      const [, ...rest] = rightArguments(signature);
      const options = signature.options ? [rightOptions(signature)] : [];
      assertThrows(() => method.call(x, ...rest, ...options, 1), TypeError, "came");
      const needsMore = Object.values(signature.positional).slice(1).some(({ isOptional }) => !isOptional);
      if (needsMore) assertThrows(() => method.call(x), TypeError, "came");
    }
    assert(count > 70);
  });
});

describe("an option that does not exist", () => {
  const cases: [() => unknown, string][] = [
    [
      () => library.sum([1], 0, { keepdims: true } as object),
      "Cannot sum: there is no option keepdims, did you mean keepDims?",
    ],
    [() => library.tensor([1]).sum(0, { keep_dims: true } as object), "did you mean keepDims?"],
    [() => new library.train.Adam({ lr: 0.1 } as object), "there is no option lr, did you mean learningRate?"],
    [() => library.zeros([1], { dtyp: "int32" } as object), "did you mean dtype?"],
    [() => library.conv2d([[[[1]]]], [[[[1]]]], { strides: 2 } as object), "did you mean stride?"],
    [() => library.compile(() => 1, { thread: 2 } as object), "did you mean threads?"],
    [() => library.zeros([1], { size: 2 } as object), "Cannot zeros: there is no option size; the option is dtype"],
  ];
  for (const [run, message] of cases) it(message, () => void assertThrows(run, TypeError, message));
});

describe("arguments that are right", () => {
  it("are options of no prototype, and of another realm", () => {
    const bare: { keepDims?: boolean } = Object.assign(Object.create(null), { keepDims: true });
    assertEquals(library.sum([1, 2], 0, bare).shape, [1]);
    const foreign = runInNewContext("({ keepDims: true })") as { keepDims: boolean };
    assertEquals(library.sum([1, 2], 0, foreign).shape, [1]);
  });

  it("are undefined for an option, and null for all axes", () => {
    assertEquals(library.sum([[1, 2]], null, { keepDims: undefined } as object).item(), 3);
    assertEquals(library.argmax([[1, 2]], null).item(), 1);
  });

  it("say so where map() passes more of them", () => {
    const list = [library.tensor(1), library.tensor(-1)];
    assertThrows(() => list.map(library.relu), TypeError, "for map(), write (x) => relu(x)");
  });
});
