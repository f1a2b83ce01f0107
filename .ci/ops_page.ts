/**
 * Writes `src/ops/README.md`: every function of tensors, with its signature, dtypes and gradient, and with the names that
 * it has in other libraries. What a function takes and gives is found by calling it.
 *
 *     deno run --allow-all .ci/ops_page.ts            write it
 *     deno run --allow-all .ci/ops_page.ts --check    exit with 1 when it is stale
 */

import * as library from "../mod.ts";
import { type DType, grad, tensor, type Value } from "../mod.ts";
import { aliases } from "../src/ops/aliases.ts";
import * as kinds from "../src/public/kinds.ts";
import { describeSignature, type Kind } from "../src/public/signature.ts";
import { type Family, type PublicFunction, readFamilies } from "./op_source.ts";
import { writeGenerated } from "./write_generated.ts";

type Call = (x: Value) => Value;
type Callable = (...args: unknown[]) => Value;

const { random } = library;
const numbers = [[0.25, 0.5, 0.75, 0.125], [0.375, 0.625, 0.875, 0.1875]];
const others = tensor([[1.5, 0.25, 2.125, 0.0625], [1.125, 0.5, 1.375, 2.75]]);
const indices = tensor([0, 1], { dtype: "int32" });
const classes = tensor([0, 3], { dtype: "int32" });
const images = (x: Value, rank: number): Value => x.reshape([1, 2, ...Array<number>(rank - 1).fill(1), 4]);
const windowed = (rank: number): { size: number[] } => ({ size: [...Array<number>(rank - 1).fill(1), 2] });
const weights = (x: Value, rank: number): Value => x.slice(0, 1).reshape([1, 2, ...Array<number>(rank - 1).fill(1), 2]);
const transposed = (x: Value, rank: number): Value =>
  x.slice(0, 1).reshape([2, 1, ...Array<number>(rank - 1).fill(1), 2]);

/** How functions are called that take more than tensors of one shape. `x` is of shape [2,4]. */
const calls: Readonly<Record<string, Call>> = {
  tensor: (x) => tensor([1, 0], { dtype: x.dtype }),
  scalar: (x) => library.scalar(1, { dtype: x.dtype }),
  zeros: (x) => library.zeros([2], { dtype: x.dtype }),
  ones: (x) => library.ones([2], { dtype: x.dtype }),
  full: (x) => library.full([2], 1, { dtype: x.dtype }),
  fullLike: (x) => library.fullLike(x, 1),
  arange: (x) => library.arange(0, 2, 1, { dtype: x.dtype }),
  linspace: (x) => library.linspace(0, 1, 2, { dtype: x.dtype }),
  eye: (x) => library.eye(2, 2, { dtype: x.dtype }),
  meshgrid: (x) => library.meshgrid([x.slice(0, 1).flatten(), x.slice(0, 1).flatten()])[0]!,
  oneHot: (x) => library.oneHot(x, 3),
  // Dtypes that these do not have are tried, too.
  "random.uniform": (x) => random.uniform([2], { dtype: x.dtype } as object),
  "random.normal": (x) => random.normal([2], { dtype: x.dtype } as object),
  "random.randint": (x) => random.randint([2], { high: 2, dtype: x.dtype } as never),
  "random.bernoulli": (x) => random.bernoulli([2], { dtype: x.dtype } as object),
  "random.permutation": (x) => random.permutation(x),
  "random.shuffle": (x) => random.shuffle(x),
  where: (x) => library.where(x.greater(0), x, x),
  astype: (x) => x.astype("float32"),
  clip: (x) => x.clip(x, x),
  matmul: (x) => x.matmul(x.transpose()),
  dot: (x) => library.dot(x, x.transpose()),
  outer: (x) => library.outer(x.flatten(), x.flatten()),
  reshape: (x) => x.reshape([8]),
  expandDims: (x) => x.expandDims(0),
  permuteDims: (x) => x.permuteDims([1, 0]),
  broadcastTo: (x) => x.broadcastTo([3, 2, 4]),
  concat: (x) => library.concat([x, x]),
  stack: (x) => library.stack([x, x]),
  split: (x) => library.split(x, 2)[0]!,
  tile: (x) => x.tile([2, 2]),
  repeat: (x) => x.repeat(2),
  pad: (x) => x.pad([[1, 1], [0, 0]]),
  slice: (x) => x.slice(0, 1),
  windows: (x) => library.windows(x, [{ axis: 1, size: 2 }]),
  take: (x) => x.take(indices, 0),
  cumulativeSum: (x) => x.cumulativeSum(0),
  cumulativeProd: (x) => x.cumulativeProd(0),
  scatterAdd: (x) => library.scatterAdd(indices, x, { length: 2 }),
  crossEntropy: (x) => library.crossEntropy(x, classes),
  ...Object.fromEntries([1, 2, 3].flatMap((rank) => {
    const of = (name: string) => library[`${name}${rank}d` as "conv1d"] as unknown as Callable; // it is one of the library's
    return [
      [`conv${rank}d`, (x: Value) => of("conv")(images(x, rank), weights(x, rank))],
      [`convTranspose${rank}d`, (x: Value) => of("convTranspose")(images(x, rank), transposed(x, rank))],
      [`maxPool${rank}d`, (x: Value) => of("maxPool")(images(x, rank), windowed(rank))],
      [`averagePool${rank}d`, (x: Value) => of("averagePool")(images(x, rank), windowed(rank))],
    ];
  })),
};

/** Functions of the random generator's state, which take and give no tensors of any dtype. */
const plain: ReadonlySet<string> = new Set(["random.seed", "random.key", "random.split", "random.foldIn"]);

/** Functions whose results have no operand to be differentiated with respect to. */
const makes =
  /^(tensor|scalar|zeros|ones|full|zerosLike|onesLike|fullLike|arange|linspace|eye|oneHot|random\.(?!shuffle).*)$/;

function functionOf(name: string): Callable {
  const [space, member] = name.startsWith("random.") ? [random, name.slice("random.".length)] : [library, name];
  return (space as unknown as Record<string, Callable>)[member]!; // a module's exports
}

/** What is passed for a kind of argument, after the first. */
const samples: ReadonlyMap<Kind, (x: Value) => unknown> = new Map<Kind, (x: Value) => unknown>([
  [kinds.operand, (x) => others.astype(x.dtype)],
  [kinds.axis, () => 0],
  [kinds.count, () => 1],
]);

function callOf({ signature }: PublicFunction): Call {
  const { name, positional } = signature;
  const call = calls[name];
  if (call !== undefined) return call;
  const entry = functionOf(name);
  const [, ...rest] = Object.values(positional).filter(({ isOptional }) => !isOptional);
  return (x) => {
    const result: Value | readonly Value[] = entry(
      x,
      ...rest.map((kind) => {
        const sample = samples.get(kind);
        if (sample === undefined) throw new Error(`Cannot call ${name}: \`calls\` does not say how`);
        return sample(x);
      }),
    );
    return Array.isArray(result) ? result[0] : result;
  };
}

const groups: Readonly<Record<string, readonly DType[]>> = {
  floats: ["float32", "float64"],
  integers: ["int32", "uint32", "int8", "uint8"],
  bool: ["bool"],
};

/** The dtype of the result for an operand of each, in words. */
function dtypesOf(call: Call): string {
  const resultOf = (dtype: DType): DType | undefined => {
    try {
      return call(tensor(numbers).mul(4).astype(dtype)).dtype;
    } catch {
      return undefined; // it is not for this dtype
    }
  };
  const all = Object.values(groups).flat().map((dtype) => [dtype, resultOf(dtype)] as const);
  const known = all.filter(([, result]) => result !== undefined);
  /** The results of some dtypes in words, when they are alike. */
  const alike = (dtypes: readonly DType[]): string | undefined => {
    const results = known.filter(([dtype]) => dtypes.includes(dtype));
    if (results.length !== dtypes.length) return undefined;
    if (results.every(([dtype, result]) => result === dtype)) return "";
    return results.every(([, result]) => result === results[0]![1]) ? ` → ${results[0]![1]}` : undefined;
  };
  const everything = alike(all.map(([dtype]) => dtype));
  if (everything !== undefined) return `all${everything}`;
  const fromOthers = alike([...groups["integers"]!, ...groups["bool"]!]);
  if (fromOthers !== undefined && alike(groups["floats"]!) === "") return `floats, others${fromOthers}`;
  return Object.entries(groups).flatMap(([name, dtypes]) => {
    const group = alike(dtypes);
    if (group !== undefined) return [`${name}${group}`];
    return known.filter(([dtype]) => dtypes.includes(dtype)).map(([dtype, result]) =>
      result === dtype ? dtype : `${dtype} → ${result}`
    );
  }).join(", ");
}

/** Whether there is a gradient with respect to the operand: yes, zero everywhere, or none. */
function gradientOf(call: Call): string {
  const x = tensor(numbers, { dtype: "float64" });
  const { dtype, size, shape } = call(x);
  if (!groups["floats"]!.includes(dtype)) return "–";
  // Different weights, since the sum of some results is constant.
  const weights = library.arange(1, size + 1, 1, { dtype }).reshape(shape);
  return grad((x: Value) => call(x).mul(weights).sum())(x).notEqual(0).any().item() ? "yes" : "zero";
}

const alsoCalled = (name: string): string =>
  Object.entries(aliases).filter(([, entry]) => entry === functionOf(name)).map(([alias]) => `, \`${alias}\``).join("");

function row(entry: PublicFunction): string {
  const { name } = entry.signature;
  const dtypes = plain.has(name) ? "–" : dtypesOf(callOf(entry));
  const gradient = plain.has(name) || makes.test(name) ? "–" : gradientOf(callOf(entry));
  return `| \`${describeSignature(entry.signature)}\`${alsoCalled(name)} | ${
    [dtypes, gradient, ...entry.names].join(" | ")
  } |`;
}

function section({ file, subject, functions }: Family): string {
  return `## \`${file}\`

${subject}

| function | dtypes | gradient | NumPy | PyTorch | TensorFlow.js |
| --- | --- | --- | --- | --- | --- |
${functions.map(row).join("\n")}
`;
}

const families = await readFamilies();
const sections = families.filter(({ functions }) => functions.length > 0).map(section);

writeGenerated(
  "src/ops/README.md",
  `# Operations

<!-- Generated by .ci/ops_page.ts from the modules beside this page. -->

Every function that makes, takes or gives tensors, by the module that it is in. What begins with a tensor is mostly a method
of it, too: \`sum(x, 1)\` is \`x.sum(1)\`. A name after the signature is another one of the same function.

- **dtypes**: of which dtypes operands may be, and which one the result has where it is another. An entry alone, such as
  _floats_, is refused for the others; for functions that make tensors it is what their \`dtype\` may be.
- **gradient**: with respect to its first float operand. _zero_ stands for a function that is flat but for its steps.
- The last three columns say what the function is called elsewhere: often not the same to the letter (order of arguments,
  defaults, axes), but what to look for. A dash is where there is none. NumPy's column has SciPy's functions as well.

${sections.join("\n")}`,
  ".ci/ops_page.ts",
);
