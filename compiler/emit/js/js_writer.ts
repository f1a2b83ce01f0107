/**
 * What the JavaScript emitters of all kinds of kernel share: lines, parameters, and straight pieces of code.
 * @module
 */
import { type Kernel, type KernelStep, type Section, stepsOf } from "../../kernel/kernel.ts";
import type { Argument } from "../emitted.ts";
import { convertExpression, elementwiseExpression } from "./js_expressions.ts";

/** Text in lines, with indentation, and the parameters it asks for. */
export class Writer {
  readonly args: Argument[] = [];
  readonly helpers: Set<string>;
  readonly #lines: string[] = [];
  #depth = 1;

  constructor(helpers = new Set<string>()) {
    this.helpers = helpers;
  }

  line(text: string): void {
    this.#lines.push("  ".repeat(this.#depth) + text);
  }

  block(head: string, body: () => void): void {
    this.line(head === "" ? "{" : `${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line("}");
  }

  /** Declares a constant that is read from `args`. */
  parameter(name: string, value: number): void {
    this.line(`const ${name} = a[${this.args.length}];`);
    this.args.push(value);
  }

  arrays(count: number): void {
    for (let array = 0; array < count; array++) {
      this.line(`const x${array} = b[a[${this.args.length}]];`);
      this.args.push({ array });
    }
  }

  /** All lines as one function. */
  function(name: string, parameters: string): string {
    return `function ${name}(${parameters}) {\n${this.#lines.join("\n")}\n}`;
  }
}

/** Writes one kernel. */
export abstract class Emitter<K extends Kernel> {
  protected writer = new Writer();
  protected readonly kernel: K;
  protected readonly exact: boolean;

  constructor(kernel: K, exact: boolean) {
    this.kernel = kernel;
    this.exact = exact;
  }

  /** Declares the numbers of steps that are not those of their accesses. */
  protected stepParameters(): void {
    for (const step of stepsOf(this.kernel)) {
      if (step.kind !== "gather" && step.kind !== "check") continue;
      this.writer.parameter(`l${step.id}`, step.length);
      if (step.kind === "gather") this.writer.parameter(`d${step.id}`, step.stride);
    }
  }

  /** One value computed. */
  protected step(step: KernelStep, index: (access: number) => string): void {
    const { writer } = this;
    switch (step.kind) {
      case "load": {
        const { array } = this.kernel.indexMaps[step.access]!;
        writer.line(`const v${step.id} = x${array}[${index(step.access)}];`);
        return;
      }
      case "gather": {
        const { id } = step;
        const { array } = this.kernel.indexMaps[step.access]!;
        writer.helpers.add("outOfRange");
        writer.line(`const y${id} = v${step.index} < 0 ? v${step.index} + l${id} : v${step.index};`);
        const place = `y${id} >= 0 && y${id} < l${id} ? y${id} : outOfRange(${step.check}, v${step.index})`;
        writer.line(`const v${id} = x${array}[${index(step.access)} + (${place}) * d${id}];`);
        return;
      }
      case "check": {
        const arg = `v${step.arg}`;
        writer.helpers.add("outOfRange");
        // The shift makes another number of what is negative or has a fraction.
        const holds = `${arg} >>> 0 === ${arg} && ${arg} < l${step.id}`;
        writer.line(`const v${step.id} = ${holds} ? ${arg} : outOfRange(${step.check}, ${arg});`);
        return;
      }
      case "cast":
        writer.line(`const v${step.id} = ${convertExpression(`v${step.arg}`, step.from, step.to)};`);
        return;
      case "apply": {
        const text = elementwiseExpression(step.op, step.args.map((arg) => `v${arg}`), step.dtype, writer.helpers);
        const rounds = this.exact && step.result === "float32";
        writer.line(`const v${step.id} = ${rounds ? `Math.fround(${text})` : text};`);
        return;
      }
      default:
        step satisfies never;
    }
  }

  protected section(section: Section, index: (access: number) => string): void {
    for (const step of section.steps) this.step(step, index);
    for (const { access, arg } of section.stores) {
      this.writer.line(`x${this.kernel.indexMaps[access]!.array}[${index(access)}] = v${arg};`);
    }
  }

  /** From a number that counts through the outer axes: the index on each, and where every index map begins there. */
  protected findStarts(number: string): void {
    const { kernel: { outer, indexMaps }, writer } = this;
    let rest = number;
    for (let axis = outer.length - 1; axis > 0; axis--) {
      writer.line(`const g${axis} = (${rest} / n${axis}) | 0;`);
      writer.line(`const h${axis} = ${rest} - g${axis} * n${axis};`);
      rest = `g${axis}`;
    }
    if (outer.length > 0) writer.line(`const h0 = ${rest};`);
    indexMaps.forEach((_, index) => {
      const terms = [`o${index}`, ...outer.map((_, axis) => `h${axis} * s${index}_${axis}`)];
      writer.line(`const q${index} = ${terms.join(" + ")};`);
    });
  }

  /** The name of a kernel's function: letters, digits and underscores. */
  protected functionName(prefix: string): string {
    return `${prefix}_${this.kernel.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
  }
}
