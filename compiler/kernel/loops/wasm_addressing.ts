/**
 * Where the elements of a loop kernel are: the sizes and strides that it is called with, and the cursor over the rows.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { sizeOf } from "../../../src/shape.ts";
import type { LoopKernel } from "./kernel.ts";
import { type LoopPartition, loopPartitionOf } from "./partition.ts";
import { type Address, type Code, get, i32, op } from "../../emit/wasm/asm/code.ts";
import { KernelWriter } from "../../emit/wasm/kernel_writer.ts";
import { laneCount } from "../../emit/wasm/vector/lanes.ts";
import { elementsOver, type LaneStride } from "../../emit/wasm/vector/memory.ts";
import {
  innerLength,
  innerStride,
  type LaunchParameter,
  outerLength,
  outerStride,
} from "../../emit/wasm/parameters.ts";

/** Where an access finds an element. */
export type Addressing = (access: number) => Address;

/** A cursor over the rows of a kernel. */
interface RowCursor {
  /** Where each access begins in the present row. */
  readonly address: Addressing;
  /** How many rows there are along the last outer axis, from this one to its end. */
  rowsLeft(): Code<"i32">;
  /** Goes to the next row, or so many rows on, no further than to the end of the last outer axis. */
  advance(rows?: Code<"i32">): void;
}

/** How many rows a kernel has. */
const rowsOfLoops: LaunchParameter<LoopKernel> = ({ outer }) => sizeOf(outer);

/** Knows where the elements of a {@linkcode LoopKernel} are. */
export abstract class LoopAddressing extends KernelWriter<LoopKernel> {
  protected readonly cut: LoopPartition = loopPartitionOf(this.kernel);
  /** Whether the lanes are rows. */
  protected readonly acrossRows: boolean = this.kernel.lanes === "outer" && this.cut === "rows";

  /** Sizes, strides and places of arrays, and the values that never change. */
  protected header(): void {
    const { kernel } = this;
    const { outer, inner, indexMaps } = kernel;
    this.bases();
    indexMaps.forEach(({ outer, inner }, index) => {
      outer.forEach((_, axis) => {
        if (this.#isRead(outer, axis, "outer")) {
          this.strideParameter(`s${index}_${axis}`, index, outerStride(index, axis));
        }
      });
      inner.forEach((_, axis) => {
        if (this.#isRead(inner, axis, "inner")) {
          this.strideParameter(`t${index}_${axis}`, index, innerStride(index, axis));
        }
      });
    });
    this.stepParameters();
    outer.forEach((_, axis) => this.parameter(`n${axis}`, outerLength(axis)));
    inner.forEach((_, axis) => this.parameter(`m${axis}`, innerLength(axis)));
    if (this.cut === "pieces") this.parameter("rows", rowsOfLoops);
    this.section(kernel.prologue, this.single((access) => this.number(`o${access}`)));
  }

  /** Whether a stride is a number that is read: not where it is none, or one that the key of the code says. */
  #isRead(strides: readonly number[], axis: number, of: "outer" | "inner"): boolean {
    return strides[axis] !== 0 && !this.#isKnown(strides, axis, of);
  }

  /** Whether lanes are one or two elements apart. */
  #isKnown(strides: readonly number[], axis: number, of: "outer" | "inner"): boolean {
    const isOfLanes = axis === strides.length - 1 && (of === "outer") === this.acrossRows;
    return isOfLanes && (strides[axis] === 1 || strides[axis] === 2);
  }

  /** How far it is along an axis, in bytes; undefined where it is nowhere. */
  protected step(access: number, axis: number, of: "outer" | "inner"): Code<"i32"> | undefined {
    const { dtype, [of]: strides } = this.kernel.indexMaps[access]!;
    if (strides[axis] === 0) return undefined;
    if (this.#isKnown(strides, axis, of)) return i32(strides[axis]! * dtypeInfo(dtype).bytes);
    return this.number(`${of === "outer" ? "s" : "t"}${access}_${axis}`);
  }

  /** How far it is from lane to lane. */
  protected laneStride(access: number): LaneStride {
    const of = this.acrossRows ? "outer" : "inner";
    const { [of]: strides, pattern } = this.kernel.indexMaps[access]!;
    if (pattern !== undefined) return pattern; // only maps have such, and their lanes are elements
    const axis = strides.length - 1;
    if (axis < 0) return "none";
    if (this.#isKnown(strides, axis, of)) return strides[axis] === 1 ? "next" : "second";
    return this.step(access, axis, of) ?? "none";
  }

  /** How far an access is moved, in bytes, when the elements of so many lanes have been computed. */
  protected bytesOver(access: number, axis: number, lanes: number): Code<"i32"> {
    const elements = elementsOver(this.laneStride(access), lanes / laneCount);
    return elements === undefined
      ? op("i32.mul", this.step(access, axis, "inner")!, i32(lanes)) // only what moves is asked for
      : i32(elements * dtypeInfo(this.kernel.indexMaps[access]!.dtype).bytes);
  }

  /** A cursor over the rows, from one of them on: where each access begins in it, and how to get to another. */
  protected cursorAt(row: Code<"i32">): RowCursor {
    const { f } = this;
    const { outer, indexMaps } = this.kernel;
    const last = outer.length - 1;
    const indices = outer.map((_, axis) => f.local(`i${axis}`, "i32"));
    const start = this.indicesOf(row, outer.map((_, axis) => `n${axis}`));
    indices.forEach((local, axis) => f.set(local, start[axis]!));
    const steps = indexMaps.map((_, index) => outer.map((_, axis) => this.step(index, axis, "outer")));
    const pointers = steps.map((ofAxes, index) =>
      ofAxes.some((step) => step !== undefined) ? f.local(`p${index}`, "i32") : undefined
    );
    /** Sets the pointers by the indices. */
    const point = (): void =>
      pointers.forEach((pointer, index) => {
        if (pointer === undefined) return;
        const place = steps[index]!.reduce<Address>(
          (sum, step, axis) => step === undefined ? sum : op("i32.add", sum, op("i32.mul", get(indices[axis]!), step)),
          this.number(`o${index}`),
        );
        f.set(pointer, place);
      });
    point();
    /** Counts an axis up, and those around it where it is at its end. */
    const carry = (axis: number): void => {
      f.if(op("i32.ge_u", get(indices[axis]!), this.number(`n${axis}`)), () => {
        f.set(indices[axis]!, i32(0));
        f.set(indices[axis - 1]!, op("i32.add", get(indices[axis - 1]!), i32(1)));
        if (axis > 1) carry(axis - 1);
        if (axis === last) point();
      });
    };
    return {
      address: (access) => {
        const pointer = pointers[access];
        return pointer === undefined ? this.number(`o${access}`) : get(pointer);
      },
      rowsLeft: () => op("i32.sub", this.number(`n${last}`), get(indices[last]!)),
      advance: (rows) => {
        if (last < 0) return;
        f.set(indices[last]!, op("i32.add", get(indices[last]!), rows ?? i32(1)));
        pointers.forEach((pointer, index) => {
          const step = steps[index]![last];
          if (pointer === undefined || step === undefined) return;
          f.set(pointer, op("i32.add", get(pointer), rows === undefined ? step : op("i32.mul", rows, step)));
        });
        if (last > 0) carry(last);
      },
    };
  }
}
