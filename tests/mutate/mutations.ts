/**
 * Mutations of the library: one line each, wrong in a way that somebody might write, and the tests that ought to fail for
 * it. See run.ts.
 * @module
 */

/** A change of one line that makes the library wrong. */
export interface Mutation {
  /** A name of its own; it says what becomes wrong. */
  readonly name: string;
  readonly file: string;
  /** What is there, once in the file. */
  readonly text: string;
  readonly replacement: string;
  /** Folders and files of tests that ought to fail. */
  readonly tests: readonly string[];
}

const arithmetic = ["tests/ops/arithmetic.test.ts", "tests/ops/math.test.ts", "tests/regression/numbers.test.ts"];
const reductions = ["tests/ops/reduce.test.ts"];
const neural = ["tests/ops/neural.test.ts", "tests/regression/numbers.test.ts"];
const indexing = ["tests/ops/indexing.test.ts"];
const windows = ["tests/ops/windows.test.ts", "tests/ops/pooling.test.ts", "tests/ops/convolution.test.ts"];
const simplification = ["tests/compiler/simplify.test.ts", "tests/compiler/exact.test.ts"];
const fusion = [
  "tests/compiler/fusion_rules.test.ts",
  "tests/compiler/kernels.test.ts",
  "tests/compiler/exact.test.ts",
];
const planning = [
  "tests/compiler/plan.test.ts",
  "tests/compiler/assignments.test.ts",
  "tests/compiler/updates.test.ts",
  "tests/fuzz/fuzz.test.ts",
];
const emitters = ["tests/compiler/expressions.test.ts", "tests/compiler/kernels.test.ts", "tests/fuzz/fuzz.test.ts"];
const vectors = [
  "tests/compiler/vector_math.test.ts",
  "tests/compiler/vector_library.test.ts",
  "tests/ops/gelu.test.ts",
];
const contractions = ["tests/compiler/contract.test.ts", "tests/compiler/shapes.test.ts"];
const scatters = ["tests/compiler/scatter.test.ts", "tests/train/embedding.test.ts"];
const cumulative = ["tests/ops/cumulative.test.ts", "tests/compiler/cumulative.test.ts"];
const runtime = [
  "tests/runtime/async.test.ts",
  "tests/runtime/workers.test.ts",
  "tests/runtime/arena.test.ts",
  "tests/runtime/faults.test.ts",
];

/** All mutations, from the language to the machine. */
export const mutations: readonly Mutation[] = [
  // Operations
  {
    name: "clip: the lower bound has a gradient above the upper one",
    file: "src/ops/arithmetic.ts",
    text: "x.less(y).logicalAnd(y.lessEqual(z))",
    replacement: "x.less(y)",
    tests: arithmetic,
  },
  {
    name: "clip: the upper bound has no gradient below the lower one",
    file: "src/ops/arithmetic.ts",
    text: "x.greater(z).logicalOr(y.greater(z))",
    replacement: "x.greater(z)",
    tests: arithmetic,
  },
  {
    name: "mod: the signs are compared by a product, which underflows",
    file: "src/ops/numerics/scalars.ts",
    text: "return (remainder < 0) !== (y < 0) ?",
    replacement: "return remainder * y < 0 ?",
    tests: arithmetic,
  },
  {
    name: "mod: a zero has no sign",
    file: "src/ops/numerics/scalars.ts",
    text: "if (remainder === 0) return y < 0 ? -0 : 0;",
    replacement: "if (remainder === 0) return 0;",
    tests: arithmetic,
  },
  {
    name: "floorDiv: a quotient just under a whole number stays there",
    file: "src/ops/numerics/scalars.ts",
    text: "return quotient - below > 0.5 ? below + 1 : below;",
    replacement: "return below;",
    tests: arithmetic,
  },
  {
    name: "sigmoid: small numbers overflow",
    file: "src/ops/numerics/scalars.ts",
    text: "if (x >= 0) return 1 / (1 + Math.exp(-x));",
    replacement: "if (x >= -1000) return 1 / (1 + Math.exp(-x));",
    tests: arithmetic,
  },
  {
    name: "pow: 1 to the power of NaN is NaN",
    file: "src/ops/numerics/scalars.ts",
    text: "return x === 1 || x === -1 &&",
    replacement: "return x === -1 &&",
    tests: arithmetic,
  },
  {
    name: "maximum: a tie goes to both",
    file: "src/ops/arithmetic.ts",
    text:
      "apply(choose, [x.greater(y), gradient, apply(choose, [x.equal(y), gradient.mul(0.5), 0])]),\n      ({ gradient, x, y }) => apply(choose, [x.less(y)",
    replacement:
      "apply(choose, [x.greater(y), gradient, apply(choose, [x.equal(y), gradient, 0])]),\n      ({ gradient, x, y }) => apply(choose, [x.less(y)",
    tests: arithmetic,
  },
  {
    name: "relu: the gradient at 0 is 1",
    file: "src/ops/math.ts",
    text: "where(x.greater(0), gradient, 0)",
    replacement: "where(x.greaterEqual(0), gradient, 0)",
    tests: arithmetic,
  },
  {
    name: "log1p: the gradient forgets the one",
    file: "src/ops/math.ts",
    text: "gradient.div(x.add(1))",
    replacement: "gradient.div(x)",
    tests: arithmetic,
  },
  {
    name: "argmax: of equal elements it is the last",
    file: "src/ops/reduce.ts",
    text: "(candidate, best) => candidate > best",
    replacement: "(candidate, best) => candidate >= best",
    tests: reductions,
  },
  {
    name: "argmax: NaN is passed over",
    file: "src/ops/reduce.ts",
    text: "if (Number.isNaN(value) || better(value, group[best]!)) best = index;",
    replacement: "if (better(value, group[best]!)) best = index;",
    tests: reductions,
  },
  {
    name: "max: every tie has the whole gradient",
    file: "src/ops/reduce.ts",
    text: "broadcastBack(name, gradient.div(ties), x, attributes)",
    replacement: "broadcastBack(name, gradient, x, attributes)",
    tests: reductions,
  },
  {
    name: "prod: a row of odd length is filled with 0",
    file: "src/ops/reduce.ts",
    text: "level.pad([[0, 0], [0, 1]], { value: 1 })",
    replacement: "level.pad([[0, 0], [0, 1]], { value: 0 })",
    tests: reductions,
  },
  {
    name: "logSumExp: the largest is not subtracted",
    file: "src/ops/reduce.ts",
    text: "const shift = where(largest.isFinite(), largest, 0);",
    replacement: "const shift = largest.mul(0);",
    tests: reductions,
  },
  {
    name: "softmax: the gradient sums over no axis",
    file: "src/ops/neural.ts",
    text: "(p, g, axis) => g.sub(g.mul(p).sum(axis, keepDims)).mul(p)",
    replacement: "(p, g) => g.sub(g.mul(p)).mul(p)",
    tests: neural,
  },
  {
    name: "softmax: the compiled one overflows",
    file: "src/ops/neural.ts",
    text: "const e = x.sub(x.max(axis, keepDims)).exp();",
    replacement: "const e = x.exp();",
    tests: neural,
  },
  {
    name: "take: an index below 0 may be any",
    file: "src/ops/indexing.ts",
    text: "if (index < -length || index >= length) throw",
    replacement: "if (index >= length) throw",
    tests: indexing,
  },
  {
    name: "pooling: an average counts elements at the wrong places",
    file: "src/ops/pooling.ts",
    text: "const first = window * stride[axis]! - padding[axis]![0];",
    replacement: "const first = window * stride[axis]! - padding[axis]![1];",
    tests: windows,
  },
  {
    name: "Adam: the squares are not corrected",
    file: "src/train/optimizers.ts",
    text: "const root = nextSquare.sqrt().div(second.astype(dtype)).add(this.#epsilon);",
    replacement: "const root = nextSquare.sqrt().add(this.#epsilon);",
    tests: ["tests/train"],
  },
  {
    name: "SGD: Nesterov's method takes the gradient for the velocity",
    file: "src/train/optimizers.ts",
    text: "gradient.add(next.mul(momentum))",
    replacement: "next.add(gradient.mul(momentum))",
    tests: ["tests/train"],
  },

  // Simplification
  {
    name: "simplify: plus 0 is nothing, also of floats",
    file: "compiler/passes/simplify_arithmetic.ts",
    text: "(isInteger(application.type.dtype) ? besides(application, 0) : undefined)",
    replacement: "besides(application, 0)",
    tests: simplification,
  },
  {
    name: "simplify: minus −0 is nothing, also of floats",
    file: "compiler/passes/simplify_arithmetic.ts",
    text: "isConstantNumber(y, 0) || isInteger(type.dtype) && isConstantNumber(y, -0) ? x : undefined",
    replacement: "isConstantNumber(y, 0) || isConstantNumber(y, -0) ? x : undefined",
    tests: simplification,
  },
  {
    name: "simplify: a quotient by any number is a product",
    file: "compiler/passes/simplify_arithmetic.ts",
    text: "if (!Number.isInteger(exponent) || 2 ** exponent !== Math.abs(divisor) || Math.abs(exponent) > 64) return;",
    replacement: "if (Math.abs(exponent) > 64) return;",
    tests: simplification,
  },
  {
    name: "simplify: a float32 holds every int32",
    file: "compiler/passes/simplify_arithmetic.ts",
    text: 'return to === "float32" ? b.bytes === 1 :',
    replacement: 'return to === "float32" ? b.bytes <= 4 :',
    tests: simplification,
  },
  {
    name: "simplify: the magnitude of an unsigned negation",
    file: "compiler/passes/simplify_arithmetic.ts",
    text: 'dtypeInfo(type.dtype).kind === "unsigned" ? undefined : negatedIn(x, type.dtype)',
    replacement: "negatedIn(x, type.dtype)",
    tests: simplification,
  },
  {
    name: "simplify: permutations are joined the wrong way round",
    file: "compiler/passes/simplify_movement.ts",
    text: "axes.map((axis) => first[axis]!)",
    replacement: "first.map((axis) => axes[axis]!)",
    tests: simplification,
  },
  {
    name: "simplify: a sum of one keeps −0",
    file: "compiler/passes/simplify_movement.ts",
    text: 'op.name === "sum" && isFloating(type.dtype) ?',
    replacement: "type.size < 0 ?",
    tests: simplification,
  },
  {
    name: "simplify: sub commutes",
    file: "src/ops/arithmetic.ts",
    text: "laws: [],\n    scalar: (x, y) => x - y,",
    replacement: 'laws: ["commutative"],\n    scalar: (x, y) => x - y,',
    tests: simplification,
  },
  {
    name: "simplify: 0 and −0 are one constant",
    file: "compiler/passes/simplify.ts",
    text: 'Object.is(constant, -0) ? "-0" : constant',
    replacement: "constant",
    tests: simplification,
  },

  // Fusion
  {
    name: "fusion: what waits begins with what it waits for",
    file: "compiler/fusion/fusion_rules.ts",
    text: "refuses: ({ producer, consumer }) => waitsFor(producer, consumer) || waitsFor(consumer, producer)",
    replacement: "refuses: () => false",
    tests: fusion,
  },
  {
    name: "fusion: a gather reads what has just been computed",
    file: "compiler/fusion/fusion_rules.ts",
    text: 'kernelKind(node) === "gather" && input === node.inputNodes[0]',
    replacement: 'kernelKind(node) === "gather" && input === node.inputNodes[1]',
    tests: [...fusion, "tests/compiler/gather.test.ts"],
  },
  {
    name: "fusion: other elements are read from registers",
    file: "compiler/fusion/fusion_rules.ts",
    text: "space.shape[axis] === 1 || stride === producer.strides[axis]",
    replacement: "space.shape[axis]! <= 2 || stride === producer.strides[axis]",
    tests: fusion,
  },
  {
    name: "fusion: rows may be needed before they are done",
    file: "compiler/fusion/fusion_rules.ts",
    text: "depth[producer.scope] > depth[consumer.inputScope]",
    replacement: "depth[producer.scope] > depth[consumer.inputScope] + 1",
    tests: fusion,
  },
  {
    name: "fusion: kernels between are run afterwards",
    file: "compiler/fusion/fusion_rules.ts",
    text: "!clusters.bringTogether(producer, consumer)",
    replacement: "!clusters.bringTogether(producer, consumer) && false",
    tests: [...fusion, "tests/fuzz/fuzz.test.ts"],
  },
  {
    name: "fusion: an exact total is added up row by row",
    file: "compiler/fusion/fusion_rules.ts",
    text: 'return hasRows && ops.some(({ scope }) => scope === "total");',
    replacement: 'return !hasRows && ops.some(({ scope }) => scope === "total");',
    tests: fusion,
  },
  {
    name: "fusion: long rows have a second stage",
    file: "compiler/fusion/fusion_rules.ts",
    text: "assignStages(mergedOf(merge), merge.context.clusters).stages > 1",
    replacement: "assignStages(mergedOf(merge), merge.context.clusters).passes > 2",
    tests: [...fusion, "tests/runtime/threads.test.ts"],
  },
  {
    name: "recompute: what leaves the program is not stored",
    file: "compiler/fusion/rematerialize.ts",
    text: "const stored = new Set(results);",
    replacement: "const stored = new Set<Value>();",
    tests: fusion,
  },

  // Plan
  {
    name: "view: a slice with a step reads neighbours",
    file: "src/ops/movement.ts",
    text: "strides: strides.map((stride, axis) => stride * steps[axis]!)",
    replacement: "strides: strides.map((stride) => stride)",
    tests: [...fusion, "tests/ops/movement.test.ts"],
  },
  {
    name: "view: axes are joined that are not evenly spaced",
    file: "src/ops/geometry/strided.ts",
    text: "if (old[index]!.stride !== old[index + 1]!.stride * old[index + 1]!.size) return undefined;",
    replacement: "if (old[index]!.stride < old[index + 1]!.stride) return undefined;",
    tests: [...fusion, "tests/fuzz/fuzz.test.ts"],
  },
  {
    name: "plan: a lifetime ends before its last reader",
    file: "compiler/program/memory_plan.ts",
    text: "space.take(roundUp(each.bytes), each.first, each.last)",
    replacement: "space.take(roundUp(each.bytes), each.first, Math.max(each.first, each.last - 1))",
    tests: planning,
  },
  {
    name: "plan: what is held is forgotten",
    file: "compiler/program/memory_plan.ts",
    text: "{ first: lifetime.first, last: end }",
    replacement: "lifetime",
    tests: planning,
  },
  {
    name: "plan: an array of another size takes a place",
    file: "compiler/program/memory_plan.ts",
    text: "bytesOf(buffers[buffer]!) === bytesOf(buffers[onto]!)",
    replacement: "bytesOf(buffers[buffer]!) <= bytesOf(buffers[onto]!)",
    tests: planning,
  },
  {
    name: "plan: what two kernels of a row read is replaced",
    file: "compiler/program/memory_plan.ts",
    text: "if (calls.length === 1) return shared;",
    replacement: "if (calls.length > 0) return shared;",
    tests: planning,
  },
  {
    name: "uses: an array is replaced before it has been read",
    file: "compiler/kernel/memory_effects.ts",
    text: "position <= written && !writes",
    replacement: "!writes",
    tests: planning,
  },
  {
    name: "schedule: a Variable is written before what can fail",
    file: "compiler/program/schedule.ts",
    text: "writer.leadsToFailure || ",
    replacement: "",
    tests: planning,
  },
  {
    name: "schedule: a Variable is written before its readers have run",
    file: "compiler/program/schedule.ts",
    text: "readers.get(target) ?? []",
    replacement: "[]",
    tests: planning,
  },
  {
    name: "schedule: an update joins the row that it needs",
    file: "compiler/program/schedule.ts",
    text: "numbers[middle]! > least",
    replacement: "numbers[middle]! >= least",
    tests: planning,
  },
  {
    name: "chunks: the last chunk of a period runs on",
    file: "compiler/program/chunks.ts",
    text: "return Math.min(begin + step, (Math.floor(begin / period) + 1) * period);",
    replacement: "return begin + step;",
    tests: planning,
  },

  // Emitters
  {
    name: "js: uint32 is wrapped to a signed number",
    file: "compiler/emit/js/js_expressions.ts",
    text: "return `${text} >>> 0`;",
    replacement: "return `${text} | 0`;",
    tests: emitters,
  },
  {
    name: "js: argmin begins anew at every NaN",
    file: "compiler/emit/js/js_expressions.ts",
    text: "if (${x} < w${id} || ${x} !== ${x} && w${id} === w${id})",
    replacement: "if (${x} < w${id} || ${x} !== ${x})",
    tests: [...reductions, ...emitters],
  },
  {
    name: "js: the largest of int8 numbers is at least −1",
    file: "compiler/emit/js/js_expressions.ts",
    text: 'dtype === "int8" ? "-128" : "0"',
    replacement: 'dtype === "int8" ? "-1" : "0"',
    tests: [...reductions, ...emitters],
  },
  {
    name: "js: a double stays one where a float32 is asked for",
    file: "compiler/emit/js/js_expressions.ts",
    text: 'from === "float64" || from === "int32" || from === "uint32" ?',
    replacement: 'from === "float64" || from === "uint32" ?',
    tests: emitters,
  },
  {
    name: "wasm: relu keeps −0",
    file: "compiler/emit/wasm/vector/elementwise.ts",
    text: "op(`${type}.add`, op(`${type}.pmax`, x, number(0)), number(0))",
    replacement: "op(`${type}.pmax`, x, number(0))",
    tests: emitters,
  },
  {
    name: "wasm: bools compare the wrong way round",
    file: "compiler/emit/wasm/vector/elementwise.ts",
    text: "bools: (x, y) => or(not(x), y),",
    replacement: "bools: (x, y) => or(x, not(y)),",
    tests: emitters,
  },
  {
    name: "wasm: unsigned numbers compare as signed ones",
    file: "compiler/emit/wasm/vector/elementwise.ts",
    text: 'sign: isUnsigned(dtype) ? "u" : "s",',
    replacement: 'sign: "s" as "u" | "s",',
    tests: emitters,
  },
  {
    name: "wasm: a choice between float64 numbers uses one half of its mask",
    file: "compiler/emit/wasm/vector/elementwise.ts",
    text: "arg.length < vectorCount(dtype) ? widenMask(arg[0]!) : arg",
    replacement: "arg.length < vectorCount(dtype) ? [arg[0]!, arg[0]!] : arg",
    tests: emitters,
  },
  {
    name: "wasm: the logarithm of a number that is not normal",
    file: "compiler/emit/wasm/vector/vector_math.ts",
    text: "this.#number(2 ** -126)",
    replacement: "this.#number(2 ** -149)",
    tests: vectors,
  },
  {
    name: "wasm: expm1 of 0 has no sign",
    file: "compiler/emit/wasm/vector/vector_math.ts",
    text: 'return this.#withSignOf(x, op("f32x4.mul", sum, this.#powerOfTwo(rest)));',
    replacement: 'return op("f32x4.mul", sum, this.#powerOfTwo(rest));',
    tests: vectors,
  },
  {
    name: "wasm: an odd power of a negative number is positive",
    file: "compiler/emit/wasm/vector/vector_power.ts",
    text: 'op("v128.and", op("v128.and", x, isOdd), integer(1 << 31))',
    replacement: 'op("v128.andnot", op("v128.and", x, integer(1 << 31)), isOdd)',
    tests: vectors,
  },
  {
    name: "wasm: an exact sum is added up in lanes",
    file: "compiler/kernel/loops/wasm_reductions.ts",
    text: "const inOrder = this.exact && !this.acrossRows",
    replacement: "const inOrder = this.acrossRows",
    tests: ["tests/compiler/exact.test.ts", ...emitters],
  },
  {
    name: "wasm: columns left over of a product are taken whole",
    file: "compiler/kernel/contract/wasm_epilogue.ts",
    text: 'f.if(op("i32.gt_s", get(rest), i32(0)), () => vector(get(rest)));',
    replacement: 'f.if(op("i32.gt_s", get(rest), i32(0)), () => vector("all"));',
    tests: contractions,
  },
  {
    name: "wasm: the row after a product's last is read",
    file: "compiler/kernel/contract/wasm_addressing.ts",
    text: 'const length = f.let("length", this.minimum(along, left));',
    replacement: 'const length = f.let("length", left);',
    tests: [...contractions, "tests/fuzz/fuzz.test.ts"],
  },
  {
    name: "wasm: a scatter adds what belongs to other rows",
    file: "compiler/kernel/scatter/wasm.ts",
    text: 'const own = select(op("i32.ge_u", within, rows), rows, within);',
    replacement: 'const own = select(op("i32.ge_s", within, rows), rows, within);',
    tests: scatters,
  },
  {
    name: "the gradient of a running sum runs the same way",
    file: "src/ops/cumulative.ts",
    text: "reverse: !reverse",
    replacement: "reverse: reverse!",
    tests: cumulative,
  },
  {
    name: "js: a block of a running sum leaves out the one before it",
    file: "compiler/kernel/cumulative/js.ts",
    text: "c < h0; c++",
    replacement: "c < h0 - 1; c++",
    tests: cumulative,
  },
  {
    name: "wasm: lines beside each other go on into others",
    file: "compiler/kernel/cumulative/wasm.ts",
    text: 'const count = f.let("count", this.minimum(left, along));',
    replacement: 'const count = f.let("count", left);',
    tests: cumulative,
  },
  {
    name: "a running sum takes the place of its operand while others need that",
    file: "compiler/kernel/cumulative/kind.ts",
    text: "[read, ...effectsOfOperands(indexMaps, totals === undefined ? [] : [totals]), written]",
    replacement: "[...effectsOfOperands(indexMaps, totals === undefined ? [] : [totals]), written]",
    tests: [...cumulative, "tests/fuzz/fuzz.test.ts"],
  },
  {
    name: "wasm: a scatter of one number a row is not checked",
    file: "compiler/kernel/scatter/wasm.ts",
    text: 'failIf(op("i32.ge_u", row, this.number("length")));\n          const own',
    replacement: "const own",
    tests: scatters,
  },

  // Runtime
  {
    name: "calls: only the first Variable is held",
    file: "src/call_queue.ts",
    text: "for (const variable of call.variables) variable.hold",
    replacement: "for (const variable of call.variables.slice(0, 1)) variable.hold",
    tests: runtime,
  },
  {
    name: "calls: one is settled by everybody who finds it over",
    file: "src/call_queue.ts",
    text: "if (job.over) return;\n    job.over = true;",
    replacement: "job.over = true;",
    tests: runtime,
  },
  {
    name: "pool: the newest program is forgotten",
    file: "compiler/runtime/threads/pool.ts",
    text: "this.forget(oldest);",
    replacement: "this.forget(id);",
    tests: runtime,
  },
  {
    name: "pool: a program that runs again counts as old",
    file: "compiler/runtime/threads/pool.ts",
    text: "this.#held.set(id, held);",
    replacement: "this.forget(-1);",
    tests: runtime,
  },
  {
    name: "worker loop: a row has a chunk less than it is cut into",
    file: "compiler/runtime/threads/worker_loop.ts",
    text: "Atomics.store(control, word.next, closed - count);",
    replacement: "Atomics.store(control, word.next, closed - count + 1);",
    tests: runtime,
  },
  {
    name: "worker loop: sums of chunks are not put together",
    file: "compiler/runtime/threads/worker_loop.ts",
    text: 'if (completed?.kind === "launch" && Atomics.load(control, word.handoff) === 0) {',
    replacement: 'if (completed?.kind === "launch" && Atomics.load(control, word.handoff) !== 0) {',
    tests: runtime,
  },
  {
    name: "worker loop: a chunk is claimed before it is held",
    file: "compiler/runtime/threads/worker_loop.ts",
    text: "Atomics.store(control, this.#holding, -1);\n    const chunk = isReturned",
    replacement: "const chunk = isReturned",
    tests: runtime,
  },
  {
    name: "arena: a gap is not joined with the one before",
    file: "compiler/runtime/arena.ts",
    text: "if (before !== undefined && before.offset + before.bytes === offset) {",
    replacement: "if (before !== undefined && before.offset + before.bytes === -1) {",
    tests: runtime,
  },
  {
    name: "arena: what the run uses may go",
    file: "compiler/runtime/arena.ts",
    text: 'holder.kind !== "allocation" && holder.used < this.#run',
    replacement: 'holder.kind !== "allocation" && holder.used <= this.#run',
    tests: runtime,
  },
  {
    name: "arena: what a lost worker may write is given away",
    file: "compiler/runtime/arena.ts",
    text: 'this.#holders.set(offset, { offset, bytes, used, label, kind: "allocation", evicted: false });',
    replacement: "this.#addGap({ offset, bytes, ...(used < 0 && { label }) });",
    tests: runtime,
  },
];
