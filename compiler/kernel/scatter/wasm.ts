/**
 * Scatters of short rows in WebAssembly: added up in memory, of the calling thread, or in the place of what a call leaves
 * that has some of the updates. Numbers are added as doubles, in the order of the indices, and rounded once.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { access, type Address, type Code, f64, get, i32, op, select, splat64 } from "../../emit/wasm/asm/code.ts";
import type { WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import { isUnsigned, laneCount, vectorBytes } from "../../emit/wasm/vector/lanes.ts";
import type { KindWriter } from "../../emit/wasm/kind_writer.ts";
import { scatterScratch, wasmScatterCut, wasmScatterWork } from "./wasm_blocks.ts";
import type { ScatterKernel } from "./kernel.ts";
import { ScatterListsWriter } from "./wasm_lists.ts";
import { ofScatter } from "./wasm_parameters.ts";
import { ScatterAddressing } from "./wasm_addressing.ts";

const doubleBytes = Float64Array.BYTES_PER_ELEMENT;

/** Writes a scatter whose rows are short. */
export class ScatterWriter extends ScatterAddressing {
  readonly #isRow = this.kernel.inner.length > 0;
  readonly #cutsUpdates = wasmScatterCut(this.kernel) === "updates";

  /** Whether calls leave sums. */
  get splitsUpdates(): boolean {
    return this.#cutsUpdates;
  }

  /** The function that computes units. */
  main(): WasmFunction {
    this.#header();
    if (this.#cutsUpdates) this.#updates();
    else this.#rows();
    return this.f.end({ exported: true });
  }

  /** The function that makes the result of what `end` calls have left. */
  finalize(): WasmFunction {
    const { f } = this;
    this.#header();
    this.sumPartials("f64x2", f.let("bytes", op("i32.mul", this.number("slots"), i32(doubleBytes))));
    this.#store(get(this.partials), this.number("rows"), this.number(`o${this.kernel.result}`));
    return f.end({ exported: true });
  }

  #header(): void {
    this.header();
    if (this.#isRow) this.parameter("rowBytes", ofScatter.rowBytes);
    if (this.#cutsUpdates) {
      this.parameter("slots", ofScatter.slots);
      this.parameter("outer", ofScatter.outer);
      this.parameter("rows", ofScatter.rows);
    } else {
      this.parameter("updates", ofScatter.updates);
      this.parameter("blockRows", ofScatter.blockRows);
      this.parameter("blocks", ofScatter.rowBlocks);
    }
  }

  /** So many rows of sums, in bytes. */
  #sums(rows: Address): Address {
    return op("i32.mul", rows, this.#isRow ? this.number("rowBytes") : i32(doubleBytes));
  }

  /** Blocks of rows, each added up from all updates that it has. */
  #rows(): void {
    const { f } = this;
    this.count("unit", get(this.begin), get(this.end), 1, (unit) => {
      const place = f.let("place", op("i32.div_u", unit, this.number("blocks")));
      const block = op("i32.sub", unit, op("i32.mul", place, this.number("blocks")));
      const first = f.let("first", op("i32.mul", block, this.number("blockRows")));
      const left = f.let("rowsLeft", op("i32.sub", this.number("length"), first));
      const rows = f.let("rows", this.minimum(left, this.number("blockRows")));
      this.#clear(get(this.scratch), this.#sums(rows));
      this.walk(i32(0), this.number("updates"), this.addedAt(place), ({ row, address, failIf }) => {
        const within = f.let("within", op("i32.sub", row, first));
        if (!this.#isRow) {
          // Adding one number costs less than a branch that no one foresees: those of other rows go into one behind all.
          failIf(op("i32.ge_u", row, this.number("length")));
          const own = select(op("i32.ge_u", within, rows), rows, within);
          this.#add(op("i32.add", get(this.scratch), this.#sums(own)), address);
          return;
        }
        f.if(
          op("i32.ge_u", within, rows),
          () => failIf(op("i32.ge_u", row, this.number("length"))),
          () => this.#add(op("i32.add", get(this.scratch), this.#sums(within)), address),
        );
      });
      const start = op("i32.add", op("i32.mul", place, this.number("length")), first);
      this.#store(get(this.scratch), rows, op("i32.add", this.number(`o${this.kernel.result}`), this.#results(start)));
    });
  }

  /** All rows, added up from some of the updates. */
  #updates(): void {
    const { f } = this;
    this.#clear(get(this.partials), op("i32.mul", this.number("slots"), i32(doubleBytes)));
    const sums = f.local("sums", "i32");
    f.set(sums, get(this.partials));
    this.count("place", i32(0), this.number("outer"), 1, (place) => {
      this.walk(get(this.begin), get(this.end), this.addedAt(place), ({ row, address, failIf }) => {
        failIf(op("i32.ge_u", row, this.number("length")));
        this.#add(op("i32.add", get(sums), this.#sums(row)), address);
      });
      this.advance(sums, this.#sums(this.number("length")));
    });
  }

  /** So many rows of the result, in bytes. */
  #results(rows: Address): Address {
    const bytes = op("i32.mul", rows, i32(dtypeInfo(this.result).bytes));
    return this.#isRow ? op("i32.mul", bytes, this.number("inner")) : bytes;
  }

  /** Zeros in `bytes` of memory, and up to 16 more. */
  #clear(start: Address, bytes: Address): void {
    const { f } = this;
    const pointer = f.local("pointer", "i32");
    f.set(pointer, start);
    const behind = f.let("behind", op("i32.add", start, bytes));
    f.while(() => op("i32.lt_u", get(pointer), behind), () => {
      f.do(access("v128.store", {}, get(pointer), this.constant(splat64(0))));
      this.advance(pointer, i32(vectorBytes));
    });
  }

  /** Adds a row to its sums. */
  #add(sums: Address, address: Address): void {
    const { f } = this;
    if (!this.#isRow) {
      const place = f.let("sum", sums);
      f.do(access("f64.store", {}, place, op("f64.add", access("f64.load", {}, place), this.#number(address))));
      return;
    }
    const [to, from] = [f.local("to", "i32"), f.local("row", "i32")];
    const rest = f.local("rest", "i32");
    f.set(to, sums);
    f.set(from, address);
    f.set(rest, this.number("inner"));
    const add = (count: "all" | Address): void =>
      this.addedLanes(get(from), count).forEach((each, index) => {
        const offset = index * vectorBytes;
        const sum = op("f64x2.add", access("v128.load", { offset }, get(to)), each);
        f.do(access("v128.store", { offset }, get(to), sum));
      });
    f.while(() => op("i32.ge_s", get(rest), i32(laneCount)), () => {
      add("all");
      this.advance(to, i32(laneCount * doubleBytes));
      this.advance(from, this.columnsAdded(i32(laneCount)));
      f.set(rest, op("i32.sub", get(rest), i32(laneCount)));
    });
    // What lies behind the row goes into sums that are no one's.
    f.if(op("i32.gt_s", get(rest), i32(0)), () => add(get(rest)));
  }

  /** One number that is added, as a double. */
  #number(address: Address): Code<"f64"> {
    const dtype = this.added;
    switch (dtype) {
      case "float64":
        return access("f64.load", {}, address);
      case "float32":
        return op("f64.promote_f32", access("f32.load", {}, address));
      case "bool":
        return f64(0); // bools are not added
      default: {
        const unsigned = isUnsigned(dtype);
        const load = dtypeInfo(dtype).bytes === 4 ? "i32.load" : unsigned ? "i32.load8_u" : "i32.load8_s";
        return op(unsigned ? "f64.convert_i32_u" : "f64.convert_i32_s", access(load, {}, address));
      }
    }
  }

  /** Stores the sums of rows as the result. */
  #store(sums: Address, rows: Address, result: Address): void {
    const { f } = this;
    const [from, to] = [f.local("sums", "i32"), f.local("result", "i32")];
    f.set(from, sums);
    f.set(to, result);
    if (!this.#isRow) {
      this.#storeNumbers(get(from), get(to), rows);
      return;
    }
    this.count("stored", i32(0), rows, 1, () => {
      this.#storeNumbers(get(from), get(to), this.number("inner"));
      this.advance(from, this.number("rowBytes"));
      this.advance(to, this.#results(i32(1)));
    });
  }

  #storeNumbers(sums: Address, result: Address, numbers: Address): void {
    const { f } = this;
    const [from, to, rest] = [f.local("from", "i32"), f.local("to", "i32"), f.local("rest", "i32")];
    f.set(from, sums);
    f.set(to, result);
    f.set(rest, numbers);
    const store = (count: "all" | Address): void => {
      const vectors = [0, vectorBytes].map((offset) => this.keep(access("v128.load", { offset }, get(from))));
      this.storeSums(get(to), vectors, count);
    };
    f.while(() => op("i32.ge_s", get(rest), i32(laneCount)), () => {
      store("all");
      this.advance(from, i32(laneCount * doubleBytes));
      this.advance(to, i32(laneCount * dtypeInfo(this.result).bytes));
      f.set(rest, op("i32.sub", get(rest), i32(laneCount)));
    });
    f.if(op("i32.gt_s", get(rest), i32(0)), () => store(get(rest)));
  }
}

/** Scatters in WebAssembly. */
export const scatterWriter: KindWriter<ScatterKernel> = {
  key: wasmScatterCut,
  prefix: () => "scatter",
  write(kernel, name, { imports }) {
    if (wasmScatterCut(kernel) === "lists") {
      const writer = new ScatterListsWriter(name, kernel, imports);
      return { main: writer.main(), finalize: undefined, args: writer.args };
    }
    const writer = new ScatterWriter(name, kernel, imports);
    const main = writer.main();
    const finalize = writer.splitsUpdates
      ? new ScatterWriter(`${name}_finalize`, kernel, imports).finalize()
      : undefined;
    return { main, finalize: finalize, args: writer.args };
  },
  needs: (kernel) => ({ partition: wasmScatterWork(kernel), scratchBytes: scatterScratch(kernel).bytes }),
};
