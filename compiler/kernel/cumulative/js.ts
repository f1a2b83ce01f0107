/**
 * Cumulative kernels in JavaScript: line after line, and element after element.
 * @module
 */
import type { EmittedKernel } from "../../emit/emitted.ts";
import { convertExpression, reductionStart, reductionStep } from "../../emit/js/js_expressions.ts";
import { Emitter } from "../../emit/js/js_writer.ts";
import type { JsText } from "../../emit/js/load_js.ts";
import { cumulativeWork } from "./partition.ts";
import type { CumulativeKernel } from "./kernel.ts";

/** What the running results of a line, of what comes before a block, and of both are called. */
const ids = { within: 0, before: 1, both: 2 } as const;

/** Writes a {@linkcode CumulativeKernel}. */
export class CumulativeEmitter extends Emitter<CumulativeKernel> {
  /** The kernel as text. */
  emit(): EmittedKernel<JsText> {
    const { kernel, writer } = this;
    const { stage, result, includesInitial, combines, dtype } = kernel;
    const name = this.functionName("cumulative");
    this.#header();
    const start = reductionStart(combines, dtype);
    const y = `x${kernel.indexMaps[result]!.array}`;
    writer.block("for (let unit = begin; unit < end; unit++)", () => {
      this.findStarts("unit");
      writer.line(`let v${ids.within} = ${start};`);
      if (stage === "whole") {
        if (includesInitial) writer.line(`${y}[q${result} - t${result}] = ${start};`);
        this.#walk("length", () => writer.line(`${y}[f] = v${ids.within};`));
        return;
      }
      writer.line("const steps = Math.min(block, length - h0 * block);");
      if (stage === "totals") {
        this.#walk("steps", () => {});
        writer.line(`${y}[q${result}] = v${ids.within};`);
        return;
      }
      if (includesInitial) writer.line(`if (h0 === 0) ${y}[q${result} - t${result}] = ${start};`);
      this.#combineBefore(start);
      this.#walk("steps", () => {
        writer.line(`let v${ids.both} = v${ids.before};`);
        this.#combine(ids.both, `v${ids.within}`);
        writer.line(`${y}[f] = v${ids.both};`);
      });
    });
    return {
      args: writer.args,
      scratchBytes: 0,
      partition: cumulativeWork(kernel),
      text: {
        target: "js",
        name,
        source: writer.function(name, "b, a, begin, end"),
        finalize: undefined,
        helpers: [...writer.helpers],
      },
    };
  }

  #header(): void {
    const { kernel, writer } = this;
    writer.arrays(kernel.arrays);
    kernel.indexMaps.forEach(({ offset, outer, inner }, index) => {
      writer.parameter(`o${index}`, offset);
      outer.forEach((stride, axis) => writer.parameter(`s${index}_${axis}`, stride));
      writer.parameter(`t${index}`, inner[0]!);
    });
    kernel.outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    writer.parameter("length", kernel.length);
    if (kernel.stage !== "whole") writer.parameter("block", kernel.block);
  }

  /** Takes so many elements into the running result; `store` stores that, of which `f` is the place. */
  #walk(steps: string, store: () => void): void {
    const { kernel: { operand, result, indexMaps, dtype }, writer } = this;
    const { array, dtype: from } = indexMaps[operand]!;
    const head = `let k = 0, e = q${operand}, f = q${result}; k < ${steps}; k++, e += t${operand}, f += t${result}`;
    writer.block(`for (${head})`, () => {
      const element = `x${array}[e]`;
      const value = convertExpression(element, from, dtype);
      this.#combine(ids.within, value === element ? element : `(${value})`);
      store();
    });
  }

  /** The totals of the blocks before this one, in their order. */
  #combineBefore(start: string): void {
    const { kernel: { totals, indexMaps }, writer } = this;
    writer.line(`let v${ids.before} = ${start};`);
    writer.block(`for (let c = 0, e = q${totals}; c < h0; c++, e += t${totals})`, () => {
      this.#combine(ids.before, `x${indexMaps[totals!]!.array}[e]`); // it is asked for where there are totals
    });
  }

  #combine(id: number, value: string): void {
    const { combines, dtype } = this.kernel;
    for (const text of reductionStep(combines, dtype, id, value, undefined)) this.writer.line(text);
  }
}
