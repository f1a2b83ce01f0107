/**
 * What the JavaScript emitters of both kinds of kernel share: lines, parameters, and straight pieces of code.
 * @module
 */
import type { Scalar } from "../../src/ops/elementwise.ts";
import type { Kernel, Section, Step } from "../kernel.ts";
import { convertExpression, elementwiseExpression } from "./js_expressions.ts";

/** A kernel as text, with the numbers that this use of it is called with. */
export interface EmittedKernel {
  readonly name: string;
  readonly source: string;
  /** For each number of `args`: a value, or the program's buffer that is array `array` of the kernel. */
  readonly args: readonly ({ readonly array: number } | number)[];
  /** How many units of the outermost loop there are; a call computes those from `begin` to `end`. */
  readonly extent: number;
  /** Functions that the text calls by these names. */
  readonly helpers: ReadonlyMap<string, Scalar>;
}

/** Text in lines, with indentation, and the parameters it asks for. */
export class Writer {
  readonly args: ({ readonly array: number } | number)[] = [];
  readonly helpers = new Map<string, Scalar>();
  readonly #lines: string[] = [];
  #depth = 1;

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

  finish(name: string, extent: number): EmittedKernel {
    const source = `function ${name}(b, a, begin, end) {\n${this.#lines.join("\n")}\n}`;
    return { name, source, args: this.args, extent, helpers: this.helpers };
  }
}

/** Writes one kernel. */
export abstract class Emitter<K extends Kernel> {
  protected readonly writer = new Writer();
  protected readonly kernel: K;
  protected readonly exact: boolean;

  constructor(kernel: K, exact: boolean) {
    this.kernel = kernel;
    this.exact = exact;
  }

  /** One value computed. */
  protected step(step: Step, index: (access: number) => string): void {
    const { writer } = this;
    switch (step.kind) {
      case "load": {
        const { array } = this.kernel.accesses[step.access]!;
        writer.line(`const v${step.id} = x${array}[${index(step.access)}];`);
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
      this.writer.line(`x${this.kernel.accesses[access]!.array}[${index(access)}] = v${arg};`);
    }
  }

  /** The name of a kernel's function: letters, digits and underscores. */
  protected functionName(prefix: string): string {
    return `${prefix}_${this.kernel.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
  }
}
