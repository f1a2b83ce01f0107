/**
 * What the WebAssembly emitters of all kinds of kernel share: the numbers that a kernel is called with, and straight
 * pieces of code.
 *
 * A kernel is called as `kernel(table, args, begin, end, partials, scratch)`: the address of the run's binding table,
 * which says in units of 64 bytes where each of the program's arrays is; the address of the numbers of this use of it;
 * the part of its work that this call computes; where it leaves partial results; and memory of the calling thread.
 * @module
 */
import { type DType, dtypeInfo } from "../../../src/dtype.ts";
import { type Id, type Kernel, type KernelStep, type Section, stepsOf } from "../../kernel/kernel.ts";
import type { Argument } from "../emitted.ts";
import {
  access,
  type Address,
  call,
  type Callable,
  type Code,
  get,
  i32,
  type Local,
  onLane,
  op,
  select,
  splat32,
  type Vector,
} from "./asm/code.ts";
import { elementwiseLanes, type OperationContext } from "./vector/elementwise.ts";
import { wasmFeatures } from "./asm/features.ts";
import { FunctionBuilder } from "./asm/function_builder.ts";
import { type ImportName, outOfRangeImport, scalarImport } from "./imports.ts";
import {
  type ConversionContext,
  convertLanes,
  extractLane,
  isUnsigned,
  laneCount,
  type Lanes,
  vectorBytes,
} from "./vector/lanes.ts";
import { type Count, laneDistance, type LaneStride, loadEach, loadLanes, storeLanes } from "./vector/memory.ts";
import { arrayOf, type LaunchParameter, lengthOfStep, offsetOf, scaled, strideOfStep } from "./parameters.ts";
import { type VectorFunction, type VectorFunctionName, vectorFunctions } from "./vector/vector_functions.ts";

/** What the functions of a module import; each once. */
export class Imports {
  readonly #functions = new Map<string, Callable>();

  /** A function of so many doubles. */
  scalar(name: ImportName, operands: number): Callable & { readonly result: "f64" } {
    const made = scalarImport(name, operands);
    const known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, made);
    return (known ?? made) as typeof made; // of this name there is this one
  }

  /** The function that fails an index. */
  outOfRange(): Callable & { readonly result: undefined } {
    this.#functions.set(outOfRangeImport.name, outOfRangeImport);
    return outOfRangeImport;
  }

  /** All that were asked for. */
  get list(): Callable[] {
    return [...this.#functions.values()];
  }
}

/** Where a section runs: for how many elements at a time, and where each access finds the first of them. */
export interface Position {
  readonly address: (access: number) => Address;
  readonly stride: (access: number) => LaneStride;
  /** Bytes to add to an address. */
  readonly offset?: (access: number) => number;
  readonly count: Count;
  /** The lanes that there are, where those are not all. */
  readonly mask?: Vector;
}

/** Writes one function of a kernel. */
export abstract class KernelWriter<K extends Kernel> implements OperationContext, ConversionContext {
  readonly f: FunctionBuilder;
  readonly kernel: K;
  readonly imports: Imports;
  /** The numbers that the function reads, in order, of any kernel that is the same code. */
  readonly args: ((kernel: Kernel) => Argument)[] = [];
  protected readonly values = new Map<Id, Lanes>();
  protected readonly table: Local<"i32">;
  protected readonly argsAddress: Local<"i32">;
  protected readonly begin: Local<"i32">;
  protected readonly end: Local<"i32">;
  protected readonly partials: Local<"i32">;
  protected readonly scratch: Local<"i32">;
  /** Whether multiplications and additions within one operation may be rounded as one. */
  readonly fused: boolean = wasmFeatures().relaxed;
  readonly #numbers = new Map<string, Code<"i32">>();
  #functions: ReturnType<typeof vectorFunctions> | undefined;
  #kept = 0;

  constructor(name: string, kernel: K, imports: Imports) {
    this.f = new FunctionBuilder(name);
    this.kernel = kernel;
    this.imports = imports;
    this.table = this.f.parameter("table", "i32");
    this.argsAddress = this.f.parameter("args", "i32");
    this.begin = this.f.parameter("begin", "i32");
    this.end = this.f.parameter("end", "i32");
    this.partials = this.f.parameter("partials", "i32");
    this.scratch = this.f.parameter("scratch", "i32");
  }

  readonly keep = (value: Vector): Vector =>
    value.form.kind === "get" && value.form.local.name.startsWith("v") ? value : this.f.let(`v${this.#kept++}`, value);

  constant(value: Vector): Vector {
    return this.f.constant(value);
  }

  readonly call = (name: ImportName, ...args: readonly Code<"f64">[]): Code<"f64"> =>
    call(this.imports.scalar(name, args.length), ...args);

  vectorFunction(name: VectorFunctionName): VectorFunction {
    return (this.#functions ??= vectorFunctions(this))[name];
  }

  /** Reads a number that the kernel is called with into a local of this name; it is one of parameters.ts. */
  protected parameter(name: string, value: LaunchParameter<K>): void {
    this.#numbers.set(name, this.f.let(name, this.#next(value)));
  }

  #next(argument: (kernel: K) => Argument): Code<"i32"> {
    const offset = this.args.length * Int32Array.BYTES_PER_ELEMENT;
    this.args.push(argument as (kernel: Kernel) => Argument); // a kernel of the same key is of the same kind
    return access("i32.load", { offset }, get(this.argsAddress));
  }

  /** A number that was read. */
  protected number(name: string): Code<"i32"> {
    const known = this.#numbers.get(name);
    if (known === undefined) throw new Error(`Cannot write ${this.kernel.name}: it has read no number ${name}`);
    return known;
  }

  /** For each access, reads where its array begins and the access in it. */
  protected bases(): void {
    const starts = Array.from({ length: this.kernel.arrays }, (_, array) => {
      const number = op("i32.shl", this.#next(arrayOf(array)), i32(2));
      const units = access("i32.load", {}, op("i32.add", get(this.table), number));
      return this.f.let(`x${array}`, op("i32.shl", units, i32(6)));
    });
    this.kernel.indexMaps.forEach(({ array }, index) => {
      const bytes = this.#next(offsetOf(index));
      this.#numbers.set(`o${index}`, this.f.let(`o${index}`, op("i32.add", starts[array]!, bytes)));
    });
  }

  /** Reads a stride of an access, in bytes. */
  protected strideParameter(name: string, access: number, stride: LaunchParameter<K>): void {
    const { bytes } = dtypeInfo(this.kernel.indexMaps[access]!.dtype);
    this.parameter(name, scaled(stride, bytes));
  }

  /** Reads the numbers of steps that are not those of their accesses. */
  protected stepParameters(): void {
    stepsOf(this.kernel).forEach((step, index) => {
      if (step.kind !== "gather" && step.kind !== "check") return;
      this.parameter(`l${step.id}`, lengthOfStep(index));
      if (step.kind === "gather") this.strideParameter(`d${step.id}`, step.access, strideOfStep(index));
    });
  }

  /** The position of what is computed once, for all lanes alike. */
  protected single(address: (access: number) => Address): Position {
    return { address, stride: () => "none", count: "all" };
  }

  protected value(id: Id): Lanes {
    const lanes = this.values.get(id);
    if (lanes === undefined) throw new Error(`Cannot write ${this.kernel.name}: value ${id} is not there yet`);
    return lanes;
  }

  protected section(section: Section, position: Position): void {
    for (const step of section.steps) this.#step(step, position);
    for (const store of section.stores) {
      const { dtype } = this.kernel.indexMaps[store.access]!;
      storeLanes(
        this.f,
        dtype,
        position.address(store.access),
        position.stride(store.access),
        position.count,
        this.value(store.arg).vectors,
        position.offset?.(store.access) ?? 0,
      );
    }
  }

  #step(step: KernelStep, position: Position): void {
    switch (step.kind) {
      case "load": {
        const { dtype } = this.kernel.indexMaps[step.access]!;
        const stride = position.stride(step.access);
        const offset = position.offset?.(step.access) ?? 0;
        const loaded = loadLanes(dtype, position.address(step.access), stride, position.count, offset);
        this.#set(step.id, dtype, loaded, stride === "none");
        return;
      }
      case "gather":
        this.#gather(step, position);
        return;
      case "check":
        this.values.set(step.id, this.#checked(step, position));
        return;
      case "cast":
        this.values.set(step.id, convertLanes(this, this.value(step.arg), step.to));
        return;
      case "apply": {
        const args = step.args.map((arg) => this.value(arg));
        const vectors = args.map((arg) => arg.vectors);
        const result = elementwiseLanes(this, step.op.name, step, vectors);
        this.#set(step.id, step.result, result, args.every(({ uniform }) => uniform));
        return;
      }
      default:
        step satisfies never;
    }
  }

  #set(id: Id, dtype: DType, vectors: readonly Vector[], uniform: boolean): void {
    this.values.set(id, { dtype, uniform, vectors: vectors.map((each) => this.keep(each)) });
  }

  /** Fails the first lane that does not hold. */
  #demand(holds: Vector, { mask }: Position, check: number, index: Lanes): void {
    const { f } = this;
    const passed = this.keep(mask === undefined ? holds : op("v128.or", holds, op("v128.not", mask)));
    f.if(op("i32.eqz", op("i32x4.all_true", passed)), () => {
      for (let lane = 0; lane < laneCount; lane++) {
        f.if(op("i32.eqz", onLane("i32x4.extract_lane", lane, passed)), () => {
          const value = extractLane(index.dtype, index.vectors, lane);
          f.call(this.imports.outOfRange(), i32(check), value);
        });
      }
    });
  }

  #checked({ id, arg, check }: KernelStep & { kind: "check" }, position: Position): Lanes {
    const lanes = this.value(arg);
    // Whole numbers below 2³¹ are what they are as integers; anything else is another number when it comes back.
    const whole = convertLanes(this, lanes, lanes.dtype === "uint32" ? "uint32" : "int32");
    const back = convertLanes(this, whole, lanes.dtype);
    const [x] = whole.vectors as readonly [Vector];
    const below = op("i32x4.lt_u", x, op("i32x4.splat", this.number(`l${id}`)));
    const [same] = elementwiseLanes(this, "equal", { dtype: lanes.dtype, result: "bool" }, [
      lanes.vectors,
      back.vectors,
    ]);
    this.#demand(op("v128.and", below, same!), position, check, lanes);
    return lanes;
  }

  #gather({ id, access: index, index: indexId, check }: KernelStep & { kind: "gather" }, position: Position): void {
    const { f } = this;
    const { dtype } = this.kernel.indexMaps[index]!;
    const lanes = this.value(indexId);
    const [given] = lanes.vectors as readonly [Vector]; // indices are integers
    const length = this.keep(op("i32x4.splat", this.number(`l${id}`)));
    // A negative index counts from the end.
    const behind = op("v128.and", op("i32x4.lt_s", given, this.constant(splat32("i32x4", 0))), length);
    let places = isUnsigned(lanes.dtype) ? given : this.keep(op("i32x4.add", given, behind));
    this.#demand(op("i32x4.lt_u", places, length), position, check, lanes);
    if (position.mask !== undefined) places = this.keep(op("v128.and", places, position.mask));
    const stride = this.number(`d${id}`);
    const base = position.address(index);
    const laneStride = position.stride(index);
    const offset = position.offset?.(index) ?? 0;
    const at = (lane: number): Address =>
      op("i32.add", base, op("i32.mul", onLane("i32x4.extract_lane", lane, places), stride));
    if (lanes.uniform) {
      const start = f.let("g", at(0));
      this.#set(id, dtype, loadLanes(dtype, start, laneStride, position.count, offset), laneStride === "none");
      return;
    }
    const single = Array.from({ length: laneCount }, (_, lane): Address => {
      const step = laneStride === "none" ? undefined : laneDistance(dtype, laneStride, lane);
      // Lanes that are not there stay where the first one is.
      const moved = step === undefined || lane === 0
        ? undefined
        : position.mask === undefined
        ? step
        : op("i32.and", step, onLane("i32x4.extract_lane", lane, position.mask));
      return f.let(`g${lane}`, moved === undefined ? at(lane) : op("i32.add", at(lane), moved));
    });
    this.#set(id, dtype, loadEach(dtype, single, offset), false);
  }

  /** Stores doubles as partial results, from slot `first` on. */
  protected storePartials(values: readonly Code<"f64">[], first: number): void {
    values.forEach((value, index) =>
      this.f.do(
        access("f64.store", { offset: (first + index) * Float64Array.BYTES_PER_ELEMENT }, get(this.partials), value),
      )
    );
  }

  /** Adds what calls have left, each so many bytes, to what the first has, in their order; `end` is how many there were. */
  protected sumPartials(lanes: "f32x4" | "f64x2" | "i32x4", bytes: Address): void {
    const { f } = this;
    const left = f.local("left", "i32");
    const into = f.local("into", "i32");
    const first = f.let("first", op("i32.add", get(this.partials), bytes));
    const behind = f.let("behind", op("i32.add", get(this.partials), op("i32.mul", bytes, get(this.end))));
    f.set(left, first);
    f.while(() => op("i32.lt_u", get(left), behind), () => {
      f.set(into, get(this.partials));
      f.while(() => op("i32.lt_u", get(into), first), () => {
        const sum = op(`${lanes}.add`, access("v128.load", {}, get(into)), access("v128.load", {}, get(left)));
        f.do(access("v128.store", {}, get(into), sum));
        f.set(into, op("i32.add", get(into), i32(vectorBytes)));
        f.set(left, op("i32.add", get(left), i32(vectorBytes)));
      });
    });
  }

  /** A place in row-major order as an index along each axis; `sizes` are the names of the numbers that say how long those are. */
  protected indicesOf(place: Address, sizes: readonly string[]): Address[] {
    const indices: Address[] = [];
    let rest = place;
    for (let axis = sizes.length - 1; axis > 0; axis--) {
      const size = this.number(sizes[axis]!);
      const quotient = this.f.let(`quotient${axis}`, op("i32.div_u", rest, size));
      indices[axis] = this.f.let(`index${axis}`, op("i32.sub", rest, op("i32.mul", quotient, size)));
      rest = quotient;
    }
    if (sizes.length > 0) indices[0] = rest;
    return indices;
  }

  /** A loop over whole numbers, which are read more than once. */
  protected count(name: string, first: Address, last: Address, step: number, body: (index: Address) => void): void {
    const { f } = this;
    const index = f.local(name, "i32");
    f.set(index, first);
    f.while(() => op("i32.lt_s", get(index), last), () => {
      body(get(index));
      f.set(index, op("i32.add", get(index), i32(step)));
    });
  }

  /** The smaller of two whole numbers, which are read more than once. */
  protected minimum(x: Code<"i32">, y: Code<"i32">): Code<"i32"> {
    return select(op("i32.lt_s", x, y), x, y);
  }
}
