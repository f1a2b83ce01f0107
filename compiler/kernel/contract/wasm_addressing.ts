/**
 * Where the elements of a contraction are: the numbers that it is called with, the ways along groups of axes, and what lies
 * where in the calling thread's own memory.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import type { ContractKernel } from "./kernel.ts";
import { accessOf, type DimensionGroups, dimensionsOf, groupsOf, type Role } from "./axes.ts";
import { indexMapsOf } from "../kernel.ts";
import { access, type Address, get, i32, op } from "../../emit/wasm/asm/code.ts";
import { type ScratchName, scratchNames, type SumType, sumTypeOf } from "./wasm_blocks.ts";
import { KernelWriter } from "../../emit/wasm/kernel_writer.ts";
import { outerLength, outerStride, scaled } from "../../emit/wasm/parameters.ts";
import { blockSize, forgetsPanels, groupLength, groupStride, scratchPlace } from "./wasm_parameters.ts";

type GroupAddressing = keyof DimensionGroups;

/** The sizes of blocks that code reads, and how many blocks there are. */
const sizes = [
  "rows",
  "columns",
  "depth",
  "blockRows",
  "blockColumns",
  "blockDepth",
  "rowBlocks",
  "columnBlocks",
] as const;

/** Knows where the elements of a {@linkcode ContractKernel} are. */
export abstract class ContractAddressing extends KernelWriter<ContractKernel> {
  protected readonly axes: DimensionGroups = dimensionsOf(this.kernel);
  /** What sums are accumulated in. */
  protected readonly sumType: SumType = sumTypeOf(this.kernel);
  protected readonly sumBytes: number = dtypeInfo(this.sumType).bytes;

  protected header(): void {
    const { kernel } = this;
    this.bases();
    kernel.indexMaps.forEach(({ outer }, index) =>
      outer.forEach((_, axis) => this.strideParameter(`s${index}_${axis}`, index, outerStride(index, axis)))
    );
    for (const role of ["left", "right", ...this.used()] as const) {
      for (const group of groupsOf(role)) {
        this.axes[group].forEach((_, axis) =>
          this.strideParameter(
            `${group}_${role}_${axis}`,
            accessOf(kernel, role),
            groupStride(role, group, axis),
          )
        );
      }
    }
    this.stepParameters();
    kernel.outer.forEach((_, axis) => this.parameter(`n${axis}`, outerLength(axis)));
    for (const group of ["rows", "columns", "depth"] as const) {
      this.axes[group].forEach((_, axis) => this.parameter(`${group}_${axis}`, groupLength(group, axis)));
    }
    for (const name of sizes) this.parameter(name, blockSize(name));
    this.parameter("forgets", forgetsPanels);
    for (const name of scratchNames) this.parameter(`at_${name}`, scratchPlace(name));
    this.parameter("rowBytes", scaled(blockSize("blockColumns"), this.sumBytes));
    this.section(kernel.prologue, this.single((index) => this.number(`o${index}`)));
  }

  /** The accesses of what follows the sums. */
  protected used(): number[] {
    return indexMapsOf(this.kernel.epilogue);
  }

  protected scratchAt(name: ScratchName): Address {
    return op("i32.add", get(this.scratch), this.number(`at_${name}`));
  }

  /** The address of an entry in a table. */
  protected entry(name: ScratchName, index: Address): Address {
    return this.f.let("entry", op("i32.add", this.scratchAt(name), op("i32.shl", index, i32(2))));
  }

  /** Where each access begins in one of the stacked matrices. */
  protected placesOfStack(stack: Address): (index: number) => Address {
    const { f } = this;
    const { outer, indexMaps } = this.kernel;
    const indices = this.indicesOf(stack, outer.map((_, axis) => `n${axis}`));
    const starts = indexMaps.map((_, index) =>
      f.let(
        `q${index}`,
        outer.reduce<Address>(
          (place, _, axis) => op("i32.add", place, op("i32.mul", indices[axis]!, this.number(`s${index}_${axis}`))),
          this.number(`o${index}`),
        ),
      )
    );
    return (index) => starts[index]!;
  }

  /** The smaller of a block's length and of what is left from `first` on. */
  protected lengthFrom(name: string, first: Address, total: Address, most: Address): Address {
    const rest = this.f.let(`${name}Rest`, op("i32.sub", total, first));
    return this.f.let(name, this.minimum(rest, most));
  }

  /** Whether an operand is another matrix in each of the stack. */
  protected isStacked(index: number): boolean {
    return this.kernel.indexMaps[index]!.outer.some((stride) => stride !== 0);
  }

  /** Goes along axes from the index `first` on, in runs along the last of them: an address in each access, and how many. */
  protected runs(
    group: GroupAddressing,
    first: Address,
    count: Address,
    body: (place: (role: Role, start: Address) => Address, length: Address, done: Address) => void,
  ): void {
    const { f } = this;
    const axes = this.axes[group];
    const strides = (role: Role, axis: number): Address => this.number(`${group}_${role}_${axis}`);
    if (axes.length <= 1) {
      const place = (role: Role, start: Address): Address =>
        axes.length === 0 ? start : op("i32.add", start, op("i32.mul", first, strides(role, 0)));
      body(place, count, i32(0));
      return;
    }
    const done = f.local("done", "i32");
    f.set(done, i32(0));
    const last = axes.length - 1;
    f.while(() => op("i32.lt_s", get(done), count), () => {
      const position = f.let("position", op("i32.add", first, get(done)));
      const indices = this.indicesOf(position, axes.map((_, axis) => `${group}_${axis}`));
      const along = f.let("along", op("i32.sub", this.number(`${group}_${last}`), indices[last]!));
      const left = f.let("leftOver", op("i32.sub", count, get(done)));
      const length = f.let("length", this.minimum(along, left));
      const place = (role: Role, start: Address): Address =>
        indices.reduce((sum, each, axis) => op("i32.add", sum, op("i32.mul", each, strides(role, axis))), start);
      body(place, length, get(done));
      f.set(done, op("i32.add", get(done), length));
    });
  }

  /** Lists where an operand's lines or depths lie, from the first of a block on. */
  protected list(table: ScratchName, role: Role, group: GroupAddressing, first: Address, count: Address): void {
    const { f } = this;
    const to = f.local("to", "i32");
    f.set(to, this.scratchAt(table));
    const last = this.axes[group].length - 1;
    this.runs(group, first, count, (place, length) => {
      const offset = f.local("offset", "i32");
      f.set(offset, place(role, i32(0)));
      this.count("entry", i32(0), length, 1, () => {
        f.do(access("i32.store", {}, get(to), get(offset)));
        f.set(to, op("i32.add", get(to), i32(4)));
        if (last >= 0) f.set(offset, op("i32.add", get(offset), this.number(`${group}_${role}_${last}`)));
      });
    });
  }
}
