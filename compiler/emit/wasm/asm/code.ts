/**
 * Code: instructions with their operands, as trees. A tree that would leave the stack in disorder cannot be built: the
 * types of operands are checked by the compiler where names are known, and again when it is made.
 * @module
 */
import { type InstructionName, instructions, type ValueType, type WasmInstruction } from "./instructions.ts";

type Table = typeof instructions;

/** A value that some instructions leave on the stack; `undefined` for those that leave none. */
export interface Code<T extends ValueType | undefined = ValueType | undefined> {
  readonly type: T;
  readonly form: Form;
  readonly args: readonly Code<ValueType>[];
}

/** A vector: several numbers side by side. */
export type Vector = Code<"v128">;

/** A place in memory, in bytes. */
export type Address = Code<"i32">;

/** What an instruction is, beside its operands. */
export type Form =
  | { readonly kind: "plain"; readonly name: InstructionName; readonly instruction: WasmInstruction }
  | {
    readonly kind: "access";
    readonly name: InstructionName;
    readonly instruction: WasmInstruction;
    readonly offset: number;
    readonly lane: number | undefined;
  }
  | {
    readonly kind: "lane";
    readonly name: InstructionName;
    readonly instruction: WasmInstruction;
    readonly lane: number;
  }
  | { readonly kind: "shuffle"; readonly lanes: readonly number[] }
  | {
    readonly kind: "constant";
    readonly type: ValueType;
    readonly lanes: ConstantLanes;
    readonly words: readonly number[];
  }
  | { readonly kind: "get" | "set"; readonly local: Local }
  | { readonly kind: "call"; readonly target: Callable }
  | { readonly kind: "select" }
  | { readonly kind: "branch"; readonly label: Label; readonly conditional: boolean }
  | { readonly kind: "block" | "loop"; readonly label: Label; readonly body: readonly Code[] }
  | { readonly kind: "if"; readonly label: Label; readonly body: readonly Code[]; readonly otherwise: readonly Code[] };

/** What the words of a constant, of 32 bits each and the lowest first, are bits of. */
export type ConstantLanes = "i32" | "f64" | "f32x4" | "i32x4" | "f64x2";

/** A parameter or a variable of a function. */
export interface Local<T extends ValueType = ValueType> {
  readonly name: string;
  readonly type: T;
}

/** What a branch leads to: the beginning of a loop, or the end of a block. */
export interface Label {
  readonly name: string;
}

/** A function that code can call. */
export interface Callable {
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

type Operands<P extends readonly ValueType[]> = { readonly [I in keyof P]: Code<P[I]> };

function check(name: string, params: readonly ValueType[], args: readonly Code[]): void {
  if (args.length !== params.length) {
    throw new TypeError(`Cannot encode ${name}: it takes ${params.length} operands and was given ${args.length}`);
  }
  for (let index = 0; index < params.length; index++) { // every instruction of every kernel comes here: no closure
    const { type } = args[index]!;
    const param = params[index]!;
    if (type !== param) {
      throw new TypeError(
        `Cannot encode ${name}: operand ${index + 1} is ${type ?? "nothing"}, where it takes ${param}`,
      );
    }
  }
}

/** The forms of instructions that are nothing beside their operands; each once. */
const plainForms: Partial<Record<InstructionName, Form>> = {};

/** An instruction on values. */
export function op<N extends InstructionName>(
  name: N,
  ...args: Operands<Table[N]["params"]>
): Code<Table[N]["result"]> {
  const instruction: WasmInstruction = instructions[name];
  const operands = args as readonly Code<ValueType>[]; // that is what its type spells out
  check(name, instruction.params, operands);
  if (instruction.lanes !== undefined || instruction.width !== undefined) {
    throw new TypeError(`Cannot encode ${name}: it needs a lane or an offset`);
  }
  const form = plainForms[name] ??= { kind: "plain", name, instruction };
  return { type: instruction.result as Table[N]["result"], form, args: operands }; // from the same entry
}

/** A load or store at an address plus a constant number of bytes, of one lane where the instruction is for one. */
export function access<N extends InstructionName>(
  name: N,
  { offset = 0, lane }: { readonly offset?: number; readonly lane?: number },
  ...args: Operands<Table[N]["params"]>
): Code<Table[N]["result"]> {
  const instruction: WasmInstruction = instructions[name];
  const operands = args as readonly Code<ValueType>[]; // that is what its type spells out
  check(name, instruction.params, operands);
  if (instruction.width === undefined) throw new TypeError(`Cannot encode ${name}: it is no load or store`);
  checkLane(name, instruction, lane);
  if (!Number.isInteger(offset) || offset < 0) throw new RangeError(`Cannot encode ${name}: its offset is ${offset}`);
  return {
    type: instruction.result as Table[N]["result"], // from the same entry
    form: { kind: "access", name, instruction, offset, lane },
    args: operands,
  };
}

/** An instruction on one lane of a vector. */
export function onLane<N extends InstructionName>(
  name: N,
  lane: number,
  ...args: Operands<Table[N]["params"]>
): Code<Table[N]["result"]> {
  const instruction: WasmInstruction = instructions[name];
  const operands = args as readonly Code<ValueType>[]; // that is what its type spells out
  check(name, instruction.params, operands);
  checkLane(name, instruction, lane);
  return {
    type: instruction.result as Table[N]["result"],
    form: { kind: "lane", name, instruction, lane },
    args: operands,
  }; // from the same entry
}

function checkLane(name: string, { lanes }: WasmInstruction, lane: number | undefined): void {
  if (lanes === undefined ? lane !== undefined : lane === undefined || !(lane >= 0 && lane < lanes)) {
    throw new RangeError(`Cannot encode ${name}: it has ${lanes ?? "no"} lanes, and was given lane ${lane}`);
  }
}

/** Sixteen bytes of two vectors: numbers below 16 are of the first. */
export function shuffleBytes(lanes: readonly number[], x: Code<"v128">, y: Code<"v128">): Code<"v128"> {
  check("i8x16.shuffle", ["v128", "v128"], [x, y]);
  if (lanes.length !== 16 || lanes.some((lane) => !(lane >= 0 && lane < 32))) {
    throw new RangeError(`Cannot encode i8x16.shuffle: its lanes are ${lanes.join(" ")}`);
  }
  return { type: "v128", form: { kind: "shuffle", lanes }, args: [x, y] };
}

/** Four numbers of 32 bits of two vectors: those below 4 are of the first. */
export function shuffle32(lanes: readonly number[], x: Code<"v128">, y: Code<"v128">): Code<"v128"> {
  return shuffleBytes(lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)), x, y);
}

const noArgs: readonly Code<ValueType>[] = [];

function constant<T extends ValueType>(type: T, lanes: ConstantLanes, words: readonly number[]): Code<T> {
  return { type, form: { kind: "constant", type, lanes, words }, args: noArgs };
}

const single = new Float32Array(1);
const singleWord = new Int32Array(single.buffer);
const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

/** A whole number of 32 bits. */
export function i32(value: number): Code<"i32"> {
  return constant("i32", "i32", [value | 0]);
}

/** A double. */
export function f64(value: number): Code<"f64"> {
  double[0] = value;
  return constant("f64", "f64", [...doubleWords]);
}

/** The same number of 32 bits in every lane; as a float, a signed or an unsigned integer. */
export function splat32(kind: "f32x4" | "i32x4", value: number): Code<"v128"> {
  single[0] = value;
  const word = kind === "f32x4" ? singleWord[0]! : value | 0;
  return constant("v128", kind, [word, word, word, word]);
}

/** Four whole numbers. */
export function i32x4(lanes: readonly [number, number, number, number]): Code<"v128"> {
  return constant("v128", "i32x4", lanes.map((lane) => lane | 0));
}

/** The same double in both lanes. */
export function splat64(value: number): Code<"v128"> {
  double[0] = value;
  return constant("v128", "f64x2", [...doubleWords, ...doubleWords]);
}

/** The same whole number of 64 bits in both lanes. */
export function splatBits64(value: bigint): Code<"v128"> {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return i32x4([low, high, low, high]);
}

/** The value of a local. */
export function get<T extends ValueType>(local: Local<T>): Code<T> {
  return { type: local.type, form: { kind: "get", local }, args: noArgs };
}

/** `x` where the condition is not 0, otherwise `y`; both are computed. */
export function select<T extends ValueType>(condition: Code<"i32">, x: Code<T>, y: Code<T>): Code<T> {
  check("select", [x.type, x.type, "i32"], [x, y, condition]);
  return { type: x.type, form: { kind: "select" }, args: [x, y, condition] };
}

/** A call that leaves a value. */
export function call<T extends ValueType>(
  target: Callable & { readonly result: T },
  ...args: readonly Code<ValueType>[]
): Code<T> {
  check(`call ${target.name}`, target.params, args);
  return { type: target.result, form: { kind: "call", target }, args };
}
