/**
 * Where a scatter finds indices and what it adds: the numbers that it is called with, and the way through its updates.
 * @module
 */
import { type DType, dtypeInfo } from "../../../src/dtype.ts";
import type { ScatterKernel } from "./kernel.ts";
import {
  access,
  type Address,
  type Code,
  get,
  i32,
  type Label,
  type Local,
  op,
  select,
  type Vector,
} from "../../emit/wasm/asm/code.ts";
import { KernelWriter } from "../../emit/wasm/kernel_writer.ts";
import { convertLanes, isUnsigned, type Lanes } from "../../emit/wasm/vector/lanes.ts";
import { type Count, type LaneStride, loadLanes, storeLanes } from "../../emit/wasm/vector/memory.ts";
import { innerLength, innerStride, outerLength, outerStride } from "../../emit/wasm/parameters.ts";
import { ofScatter, updatesLength } from "./wasm_parameters.ts";

/** One of the updates. */
export interface Update {
  /** The row that its index names, which has been compared with nothing. */
  readonly row: Address;
  /** Where it lies. */
  readonly address: Address;
  /** Fails the index where the condition is not 0. */
  failIf(condition: Code<"i32">): void;
}

/** Knows where the updates of a {@linkcode ScatterKernel} are. */
export abstract class ScatterAddressing extends KernelWriter<ScatterKernel> {
  /** The dtypes of what is added and of the result. */
  protected readonly added: DType = this.kernel.indexMaps[this.kernel.added]!.dtype;
  protected readonly result: DType = this.kernel.indexMaps[this.kernel.result]!.dtype;
  /** How far it is from one number of a row to the next. */
  protected readonly rowStride: "none" | "next" | "read" = strideOf(this.kernel);

  /** Sizes, strides and places of arrays. */
  protected header(): void {
    const { kernel } = this;
    const { outer, updates, inner, indices, added } = kernel;
    this.bases();
    this.parameter("length", ofScatter.length);
    if (inner.length > 0) this.parameter("inner", innerLength(0));
    outer.forEach((_, axis) => {
      this.parameter(`n${axis}`, outerLength(axis));
      this.strideParameter(`s${axis}`, added, outerStride(added, axis));
    });
    updates.forEach((_, axis) => {
      this.parameter(`m${axis}`, updatesLength(axis));
      for (const index of [indices, added]) {
        this.strideParameter(`t${index}_${axis}`, index, innerStride(index, axis));
      }
    });
    if (this.rowStride === "read") {
      this.strideParameter("step", added, innerStride(added, -1));
    }
  }

  /** How far it is from lane to lane in what is added. */
  protected get laneStride(): LaneStride {
    return this.rowStride === "read" ? this.number("step") : this.rowStride;
  }

  /** So many numbers of a row of what is added, in bytes. */
  protected columnsAdded(columns: Address): Address {
    if (this.rowStride === "none") return i32(0);
    return op("i32.mul", columns, this.rowStride === "next" ? i32(dtypeInfo(this.added).bytes) : this.number("step"));
  }

  /** Where what is added begins for a place of the outer axes. */
  protected addedAt(place: Address): Address {
    const { outer, added } = this.kernel;
    const indices = this.indicesOf(place, outer.map((_, axis) => `n${axis}`));
    return this.f.let("from", this.#moved(this.number(`o${added}`), indices, (axis) => `s${axis}`));
  }

  #moved(start: Address, indices: readonly Address[], stride: (axis: number) => string): Address {
    return indices.reduce(
      (sum, index, axis) => op("i32.add", sum, op("i32.mul", index, this.number(stride(axis)))),
      start,
    );
  }

  /** All updates from `first` to before `last` in their order; `start` is where what is added begins. */
  protected walk(first: Address, last: Address, start: Address, body: (update: Update) => void): void {
    const { f } = this;
    const { updates, indices, added } = this.kernel;
    const at = f.local("at", "i32");
    const [index, address] = [f.local("index", "i32"), f.local("address", "i32")];
    const given = f.local("given", "i32");
    const lastAxis = updates.length - 1;
    f.set(at, first);
    const loops = (failed: Label): void =>
      f.while(() => op("i32.lt_s", get(at), last), () => {
        const places = this.indicesOf(get(at), updates.map((_, axis) => `m${axis}`));
        f.set(index, this.#moved(this.number(`o${indices}`), places, (axis) => `t${indices}_${axis}`));
        f.set(address, this.#moved(start, places, (axis) => `t${added}_${axis}`));
        // As far as the last axis goes, it is only a step from one to the next.
        const left = f.let("left", op("i32.sub", last, get(at)));
        const along = lastAxis < 0
          ? i32(1)
          : f.let("along", op("i32.sub", this.number(`m${lastAxis}`), places[lastAxis]!));
        const run = f.let("run", this.minimum(left, along));
        this.count("step", i32(0), run, 1, () => {
          body(this.#update(get(index), get(address), given, failed));
          if (lastAxis < 0) return;
          f.set(index, op("i32.add", get(index), this.number(`t${indices}_${lastAxis}`)));
          f.set(address, op("i32.add", get(address), this.number(`t${added}_${lastAxis}`)));
        });
        f.set(at, op("i32.add", get(at), run));
      });
    // The call is outside of the loops: within, engines would keep nothing in registers for it.
    f.block((done) => {
      f.block((failed) => {
        loops(failed);
        f.branch(done);
      });
      const unsigned = isUnsigned(this.kernel.indexMaps[indices]!.dtype);
      f.call(this.imports.outOfRange(), i32(0), op(unsigned ? "f64.convert_i32_u" : "f64.convert_i32_s", get(given)));
    });
  }

  #update(index: Address, address: Address, given: Local<"i32">, failed: Label): Update {
    const { f } = this;
    const { dtype } = this.kernel.indexMaps[this.kernel.indices]!;
    const unsigned = isUnsigned(dtype);
    const load = dtypeInfo(dtype).bytes === 4 ? "i32.load" : unsigned ? "i32.load8_u" : "i32.load8_s";
    f.set(given, access(load, {}, index));
    const behind = op("i32.add", get(given), this.number("length"));
    // A negative index counts from the end.
    const row = unsigned ? get(given) : f.let("row", select(op("i32.lt_s", get(given), i32(0)), behind, get(given)));
    return { row, address, failIf: (condition) => f.branchIf(condition, failed) };
  }

  /** Numbers that are added, four of a row, as doubles. */
  protected addedLanes(address: Address, count: Count, offset = 0): readonly Vector[] {
    const vectors = loadLanes(this.added, address, this.laneStride, count, offset).map((each) => this.keep(each));
    return convertLanes(this, { dtype: this.added, uniform: false, vectors }, "float64").vectors;
  }

  /** Stores four sums, or the first of them, as the dtype of the result. */
  protected storeSums(address: Address, sums: readonly Vector[], count: Count, offset = 0): void {
    const lanes: Lanes = { dtype: "float64", uniform: false, vectors: sums };
    storeLanes(this.f, this.result, address, "next", count, convertLanes(this, lanes, this.result).vectors, offset);
  }

  /** Moves a pointer on. */
  protected advance(pointer: Local<"i32">, bytes: Address): void {
    this.f.set(pointer, op("i32.add", get(pointer), bytes));
  }
}

function strideOf({ indexMaps, added, inner }: ScatterKernel): "none" | "next" | "read" {
  const stride = indexMaps[added]!.inner.at(-1);
  if (inner.length === 0 || stride === 0) return "none";
  return stride === 1 ? "next" : "read";
}
