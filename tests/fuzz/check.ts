/**
 * What has to hold of every plan.
 * @module
 */
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { type CompiledProgram, compileProgram } from "../../compiler/program/program.ts";
import { decompose } from "../../src/graph/decompose.ts";
import { materialize } from "../../compiler/passes/materialize.ts";
import { simplify } from "../../compiler/passes/simplify.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { checkpoint, type CompileOptions, type Tensor } from "../../mod.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import { withPoison } from "../runtime/observers.ts";
import { type Bounded, boundGraph, exactly, Undecided } from "./bounds.ts";
import type { Built } from "./builder.ts";
import {
  differentiateCompiled,
  differentiateEagerly,
  differentiateInSession,
  gradientFunctionOf,
  graphFunctionOf,
  type Outcome,
  type Plan,
  runCompiled,
  runEagerly,
  runInSession,
} from "./plan.ts";

/** Throws unless every number of `outcome` lies within its bound, and every type is as expected. */
export function checkBounds(outcome: Outcome, expected: readonly Bounded[], way: string): void {
  if (outcome.length !== expected.length) {
    throw new Error(`${way} returned ${outcome.length} values, ${expected.length} expected`);
  }
  outcome.forEach((tensor, position) => {
    const { type, values, errors } = expected[position]!;
    if (tensor.type.key !== type.key) throw new Error(`${way}: output ${position} is ${tensor.type}, ${type} expected`);
    values.forEach((value, index) => {
      const actual = tensor.data[index]!;
      const same = actual === value || Number.isNaN(actual) && Number.isNaN(value);
      if (same || Math.abs(actual - value) <= errors[index]!) return;
      throw new Error(
        `${way}: element ${index} of output ${position} (${type}) is ${actual}; ${value} expected, within ${
          errors[index]
        }`,
      );
    });
  });
}

/** Throws unless both are the same, bit for bit. */
export function checkSame(outcome: Outcome, expected: Outcome, way: string): void {
  outcome.forEach((tensor, position) => {
    const other = expected[position]!;
    if (tensor.type.key !== other.type.key) {
      throw new Error(`${way}: output ${position} is ${tensor.type}, expected ${other.type}`);
    }
    tensor.data.forEach((actual, index) => {
      if (Object.is(actual, other.data[index])) return;
      throw new Error(
        `${way}: element ${index} of output ${position} (${tensor.type}) is ${actual}; ${other.data[index]} expected`,
      );
    });
  });
}

/** Throws unless what every pass of the compiler makes of a graph is well formed. */
export function checkPasses(source: GraphFunction): void {
  verify(source, "specialize");
  const primitive = decompose(source);
  verify(primitive, "decompose");
  const simple = simplify(primitive);
  verify(simple, "simplify");
  verify(materialize(simple), "materialize");
  checkProgram(compileProgram(source, {}).program);
}

/**
 * Throws unless a program's plan holds: arrays that are needed at the same time lie apart, at multiples of 64 bytes, and
 * no instruction writes a Variable where it lies before the last one that can fail.
 */
export function checkProgram({ memory, instructions, origins }: CompiledProgram): void {
  const { allocations } = memory;
  allocations.forEach((allocation, index) => {
    if (allocation.offset % 64 !== 0 || allocation.offset + allocation.bytes > memory.bytes) {
      throw new Error("an allocation lies askew");
    }
    for (const other of allocations.slice(0, index)) {
      const together = allocation.first <= other.last && other.first <= allocation.last;
      const apart = allocation.offset + allocation.bytes <= other.offset ||
        other.offset + other.bytes <= allocation.offset;
      if (together && !apart) {
        throw new Error(`arrays ${allocation.buffers} and ${other.buffers} are needed at the same time, and overlap`);
      }
    }
  });
  const failing = instructions.findLastIndex(({ kind }, index) => kind === "host" || origins[index]!.checks.length > 0);
  instructions.forEach((instruction, place) => {
    if (instruction.kind === "host" || !instruction.commits) return;
    if (place <= failing) throw new Error(`${instruction.name} writes a Variable, and ${failing} can still fail`);
  });
}

/** Ways to run a plan, by name; all are compared with the numbers expected, and some with another, bit by bit. */
export type Ways = Readonly<Record<string, (plan: Plan) => Outcome>>;

/** Cuts even small graphs into many chunks, and gives every reading of memory that holds nothing away. */
const finely = { chunkWork: 1, longRow: 4, sharedWork: 0 };

/** Programs are fuzzed on so many threads, by their numbers of steps; workers have to be started before. */
const threadCounts = [2, 3, 4, 8] as const;
export const fuzzedThreads = Math.max(...threadCounts);

/** With each emitter, a way to run a program on this thread, and one to run it on several, both cut alike. */
function cutFinely(run: (plan: Plan, options: CompileOptions) => Outcome): Ways {
  const threadsOf = ({ steps }: Plan): number => threadCounts[steps.length % threadCounts.length]!;
  return Object.fromEntries((["js", "wasm"] as const).flatMap((emitter) => {
    const way = (plan: Plan, threads: number): Outcome =>
      withPoison(() => withTuning(finely, () => run(plan, { threads, emitter })));
    return [
      [`${emitter} inline`, (plan: Plan) => way(plan, 1)],
      [`${emitter} threaded`, (plan: Plan) => way(plan, threadsOf(plan))],
    ];
  }));
}

/** Eager operations one by one, and with each emitter those beside a program that is exact, and does the same. */
function oneByOne(
  eager: (plan: Plan) => Outcome,
  compiled: (plan: Plan, options: CompileOptions) => Outcome,
): Ways {
  const under = (emitter: "js" | "wasm", run: () => Outcome): Outcome => withTuning({ emitter }, run);
  return Object.fromEntries([
    ["eager", eager],
    ...(["js", "wasm"] as const).flatMap((emitter) => [
      [`${emitter} eager`, (plan: Plan) => under(emitter, () => eager(plan))],
      [`${emitter} exact`, (plan: Plan) => under(emitter, () => compiled(plan, { exact: true }))],
    ]),
  ]) as Ways; // all of them are ways
}

const asFunction: Ways = {
  ...oneByOne(runEagerly, runCompiled),
  compiled: (plan) => runCompiled(plan),
  checkpointed: (plan) => runCompiled(plan, {}, checkpoint),
  ...cutFinely(runCompiled),
};

/** All ways to run a plan. */
export const ways: Ways = {
  ...asFunction,
  reference: (plan) => runInSession(plan, "reference"),
  session: (plan) => runInSession(plan, "compiled", false),
};

/** Those of them that have least in common; all others take three times as long. */
const fewWays: Ways = Object.fromEntries(
  ["reference", "js inline", "wasm inline", "wasm threaded"].map((way) => [way, ways[way]!]),
);

/** All ways to differentiate one. */
export const gradientWays: Ways = {
  ...oneByOne(differentiateEagerly, differentiateCompiled),
  reference: (plan) => differentiateInSession(plan, "reference"),
  session: (plan) => differentiateInSession(plan, "compiled"),
  compiled: (plan) => differentiateCompiled(plan),
  checkpointed: (plan) => differentiateCompiled(plan, {}, checkpoint),
  ...cutFinely(differentiateCompiled),
};

/** Throws unless a plan computes what it should in every way, and the compiler's passes keep its graph well formed. */
export function checkPlan(built: Built): void {
  checkIn(built, ways);
}

/** The same in four ways: the reference, JavaScript, and WebAssembly on this thread and on several. */
export function checkPlanInFewWays(built: Built): void {
  checkIn(built, fewWays);
}

function checkIn({ plan, expected }: Built, chosen: Ways): void {
  checkPasses(graphFunctionOf(plan).graphFunction);
  const defined = assignsTwice(plan) ? Object.entries(chosen).filter(([way]) => way in asFunction) : undefined;
  checkWays(plan, () => expected, defined === undefined ? chosen : Object.fromEntries(defined));
}

/** Whether a Variable is assigned to twice; which value lands is defined for a function, but not for a graph made by hand. */
function assignsTwice({ steps }: Plan): boolean {
  return steps.some((step) => step.kind === "assign" && steps[step.variable]!.kind === "assign");
}

function checkWays(plan: Plan, expected: (way: string) => readonly Bounded[], all: Ways): void {
  const outcomes = new Map<string, Outcome>();
  for (const [way, run] of Object.entries(all)) {
    const outcome = run(plan);
    outcomes.set(way, outcome);
    checkBounds(outcome, expected(way), way);
    const twin = twins[way];
    if (twin !== undefined) checkSame(outcome, outcomes.get(twin)!, `${way} against ${twin}`);
  }
}

/** Ways whose results are those of another, which comes before, bit for bit. */
const twins: Readonly<Record<string, string>> = {
  "js exact": "js eager",
  "wasm exact": "wasm eager",
  "js threaded": "js inline",
  "wasm threaded": "wasm inline",
};

/**
 * Throws unless the gradients of a plan's loss are the same in every way. Returns whether there was anything to
 * compare: where rounding decides, as it does for the larger of two equal numbers, there is not.
 */
export function checkGradients({ plan }: Built): boolean {
  const { graphFunction, inputs } = gradientFunctionOf(plan);
  checkPasses(graphFunction);
  const expected = new Map<Partial<Tuning>, readonly Bounded[]>();
  try {
    for (const recording of new Set(Object.keys(gradientWays).map(recordingOf))) {
      const bounds = (): readonly Bounded[] => boundsOf(gradientFunctionOf(plan).graphFunction, inputs);
      expected.set(recording, withTuning(recording, bounds));
    }
  } catch (error) {
    if (error instanceof Undecided) return false;
    throw error;
  }
  checkWays(plan, (way) => expected.get(recordingOf(way))!, gradientWays); // there is one for each
  return true;
}

/**
 * What a way's graph is recorded under. What only constants go into is computed meanwhile, and taken for exact: by which
 * emitter, and cut how, decides about its last bits.
 */
function recordingOf(way: string): Partial<Tuning> {
  if (/inline|threaded/.test(way)) return finely;
  const [emitter] = way.split(" ");
  return emitter === "js" || emitter === "wasm" ? recordedBy[emitter] : recordedBy.either;
}

const recordedBy = { js: { emitter: "js" }, wasm: { emitter: "wasm" }, either: {} } as const;

function boundsOf(graphFunction: GraphFunction, inputs: readonly Tensor[]): readonly Bounded[] {
  const variables = new Map(graphFunction.variables.map((variable) => [variable, exactly(variable.snapshot())]));
  return boundGraph(graphFunction, inputs.map(exactly), (variable) => variables.get(variable)!).outputs;
}
