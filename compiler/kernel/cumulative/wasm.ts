/**
 * Cumulative kernels in WebAssembly: four lines at a time where they are neighbours, each in a lane, or sixteen where they
 * share cache lines. A line that is left is walked by itself. Each is accumulated element after element all the same.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { type Address, type Code, get, i32, type Local, op, type Vector } from "../../emit/wasm/asm/code.ts";
import { elementwiseLanes } from "../../emit/wasm/vector/elementwise.ts";
import type { WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import { KernelWriter } from "../../emit/wasm/kernel_writer.ts";
import type { KindWriter } from "../../emit/wasm/kind_writer.ts";
import { constantLanes, convertLanes, laneCount } from "../../emit/wasm/vector/lanes.ts";
import { elementsOver, type LaneStride, loadLanes, storeLanes } from "../../emit/wasm/vector/memory.ts";
import { innerStride, type LaunchParameter, outerLength, outerStride } from "../../emit/wasm/parameters.ts";
import { cumulativeWork, linesTogether } from "./partition.ts";
import type { CumulativeKernel } from "./kernel.ts";

/** Numbers that a kernel is called with. */
const sizes = {
  length: ({ length }) => length,
  block: ({ block }) => block,
} satisfies Record<string, LaunchParameter<CumulativeKernel>>;

/** Vectors of lines that are walked beside each other: of floats, those of a cache line. */
const jamFactor = linesTogether / laneCount;

/** Lines that are walked at once, and where each access begins in the first of them. */
interface Lines {
  readonly vectors: number;
  readonly starts: readonly Address[];
  readonly stride: (access: number) => LaneStride;
  /** Which block of its lines this is. */
  readonly block: Address;
}

/** Writes a {@linkcode CumulativeKernel}. */
class CumulativeWriter extends KernelWriter<CumulativeKernel> {
  /** The function that computes units. */
  main(): WasmFunction {
    const { f } = this;
    this.#header();
    const unit = f.local("unit", "i32");
    f.set(unit, get(this.begin));
    f.while(() => op("i32.lt_s", get(unit), get(this.end)), () => {
      const { outer } = this.kernel;
      const indices = this.indicesOf(get(unit), outer.map((_, axis) => `n${axis}`)).map((index, axis) =>
        f.let(`at${axis}`, index)
      );
      const starts = this.kernel.indexMaps.map((_, access) => f.let(`q${access}`, this.#startOf(access, indices)));
      const block = indices[0] ?? i32(0);
      const walk = (vectors: number): void => {
        this.#lines({ vectors, starts, stride: (access) => this.#laneStride(access), block });
        f.set(unit, op("i32.add", get(unit), i32(laneCount * vectors)));
      };
      const single = (): void => {
        this.#lines({ vectors: 1, starts, stride: () => "none", block });
        f.set(unit, op("i32.add", get(unit), i32(1)));
      };
      const last = outer.length - 1;
      // Of the first axis of lines that are cut, neighbours are blocks of one line.
      if (last < (this.kernel.stage === "whole" ? 0 : 1)) return single();
      const left = f.let("left", op("i32.sub", get(this.end), get(unit)));
      const along = f.let("along", op("i32.sub", this.number(`n${last}`), indices[last]!));
      const count = f.let("count", this.minimum(left, along));
      const areMany = (vectors: number): Code<"i32"> => op("i32.ge_s", count, i32(laneCount * vectors));
      const few = (): void => f.if(areMany(1), () => walk(1), single);
      if (this.#areBeside()) f.if(areMany(jamFactor), () => walk(jamFactor), few);
      else few();
    });
    return f.end({ exported: true });
  }

  #header(): void {
    const { kernel } = this;
    this.bases();
    kernel.indexMaps.forEach((_, access) => {
      kernel.outer.forEach((_, axis) => this.strideParameter(`s${access}_${axis}`, access, outerStride(access, axis)));
      this.strideParameter(`t${access}`, access, innerStride(access, 0));
    });
    kernel.outer.forEach((_, axis) => this.parameter(`n${axis}`, outerLength(axis)));
    this.parameter("length", sizes.length);
    if (kernel.stage !== "whole") this.parameter("block", sizes.block);
  }

  #startOf(access: number, indices: readonly Address[]): Address {
    return indices.reduce<Address>(
      (sum, index, axis) => op("i32.add", sum, op("i32.mul", index, this.number(`s${access}_${axis}`))),
      this.number(`o${access}`),
    );
  }

  /** How far it is from line to line. */
  #laneStride(access: number): LaneStride {
    const { outer } = this.kernel.indexMaps[access]!;
    const stride = outer.at(-1);
    if (stride === 0) return "none";
    return stride === 1 ? "next" : stride === 2 ? "second" : this.number(`s${access}_${outer.length - 1}`);
  }

  /** Whether lines lie next to each other everywhere, so that several vectors of them are walked at once. */
  #areBeside(): boolean {
    return this.kernel.indexMaps.every(({ outer }) => outer.at(-1) === 1);
  }

  #load(access: number, address: Address, stride: LaneStride, vector: number): readonly Vector[] {
    const { dtype } = this.kernel.indexMaps[access]!;
    const loaded = loadLanes(dtype, address, stride, "all", this.#bytesTo(access, stride, vector));
    const vectors = loaded.map((each) => this.keep(each));
    return convertLanes(this, { dtype, uniform: stride === "none", vectors }, this.kernel.dtype).vectors;
  }

  #store(access: number, address: Address, stride: LaneStride, vector: number, vectors: readonly Vector[]): void {
    const { indexMaps, dtype: from } = this.kernel;
    const { dtype } = indexMaps[access]!;
    const kept = vectors.map((each) => this.keep(each));
    const converted = convertLanes(this, { dtype: from, uniform: false, vectors: kept }, dtype).vectors;
    storeLanes(this.f, dtype, address, stride, "all", converted, this.#bytesTo(access, stride, vector));
  }

  /** How many bytes on an access has the elements that so many vectors are before. */
  #bytesTo(access: number, stride: LaneStride, vector: number): number {
    // Several are walked only where that is known.
    return (elementsOver(stride, vector) ?? 0) * dtypeInfo(this.kernel.indexMaps[access]!.dtype).bytes;
  }

  #combine(x: readonly Vector[], y: readonly Vector[]): readonly Vector[] {
    const { dtype, combines } = this.kernel;
    return elementwiseLanes(this, combines === "sum" ? "add" : "mul", { dtype, result: dtype }, [x, y]);
  }

  /** What nothing has been combined to, in variables, for each vector. */
  #started(name: string, vectors: number): readonly Local<"v128">[][] {
    const { dtype, combines } = this.kernel;
    return Array.from(
      { length: vectors },
      (_, vector) =>
        constantLanes(dtype, combines === "sum" ? 0 : 1).map((start, part) => {
          const local = this.f.local(`${name}${vector}_${part}`, "v128");
          this.f.set(local, this.constant(start));
          return local;
        }),
    );
  }

  #take(into: readonly Local<"v128">[], value: readonly Vector[]): void {
    this.#combine(into.map(get), value).forEach((each, part) => this.f.set(into[part]!, each));
  }

  /** Walks lines, or a block of each. */
  #lines({ vectors, starts, stride, block }: Lines): void {
    const { f } = this;
    const { stage, operand, result, totals, includesInitial } = this.kernel;
    const within = this.#started("within", vectors);
    const at = (access: number): Address => starts[access]!;
    const length = this.number("length");
    const isWhole = stage === "whole";
    const rest = isWhole ? length : op("i32.sub", length, op("i32.mul", block, this.number("block")));
    const steps = isWhole ? length : this.minimum(f.let("rest", rest), this.number("block"));
    const last = f.let("steps", steps);
    if (includesInitial) {
      const before = f.let("initial", op("i32.sub", at(result), this.number(`t${result}`)));
      const store = (): void =>
        within.forEach((each, vector) => this.#store(result, before, stride(result), vector, each.map(get)));
      if (isWhole) store();
      else f.if(op("i32.eqz", block), store);
    }
    const before = totals === undefined ? undefined : this.#started("before", vectors);
    if (totals !== undefined) {
      this.#each(
        block,
        [at(totals)],
        [totals],
        ([address]) =>
          before!.forEach((each, vector) => this.#take(each, this.#load(totals, address!, stride(totals), vector))),
      );
    }
    this.#each(last, [at(operand), at(result)], [operand, result], ([from, to]) =>
      within.forEach((each, vector) => {
        this.#take(each, this.#load(operand, from!, stride(operand), vector));
        if (stage === "totals") return;
        const own = each.map(get);
        const combined = before === undefined ? own : this.#combine(before[vector]!.map(get), own);
        this.#store(result, to!, stride(result), vector, combined);
      }));
    if (stage === "totals") {
      within.forEach((each, vector) => this.#store(result, at(result), stride(result), vector, each.map(get)));
    }
  }

  /** A loop of so many steps, in each of which accesses go on along their line. */
  #each(
    steps: Address,
    starts: readonly Address[],
    accesses: readonly number[],
    body: (addresses: readonly Address[]) => void,
  ): void {
    const { f } = this;
    const pointers = starts.map((start, index) => {
      const pointer = f.local(`p${accesses[index]!}`, "i32");
      f.set(pointer, start);
      return pointer;
    });
    this.count("k", i32(0), steps, 1, () => {
      body(pointers.map(get));
      pointers.forEach((pointer, index) =>
        f.set(pointer, op("i32.add", get(pointer), this.number(`t${accesses[index]!}`)))
      );
    });
  }
}

/** Running sums and products in WebAssembly. */
export const cumulativeWriter: KindWriter<CumulativeKernel> = {
  key: () => "",
  prefix: () => "cumulative",
  write(kernel, name, { imports }) {
    const writer = new CumulativeWriter(name, kernel, imports);
    return { main: writer.main(), finalize: undefined, args: writer.args };
  },
  needs: (kernel) => ({ partition: cumulativeWork(kernel), scratchBytes: 0 }),
};
