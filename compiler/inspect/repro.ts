/**
 * A graph function as a program that stands by itself: it rebuilds the graph, runs it compiled and by the reference, and
 * compares. So what is wrong with a kernel can be looked at without the program that met it.
 * @module
 */
import { isFloating } from "../../src/dtype.ts";
import { type Constant, VariableRead } from "../../src/graph/leaf.ts";
import { Assign, MultiOperation, Operation, TableOperation } from "../../src/graph/operation.ts";
import { shownOrder } from "../../src/graph/print.ts";
import { postorder } from "../../src/graph/traverse.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { literal } from "../../src/literal.ts";
import { addressInPackage } from "../../src/own_code.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import type { ArgumentBindings, ExecutorOptions } from "../../src/executor.ts";
import { readable } from "../../src/readable.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import type { Value } from "../../src/value.ts";

/** Arrays up to this length are written out. */
const writtenElements = 1024;

/** The module that a program imports, by its name where the library is a part of someone's bundle. */
function kitAddress(): string {
  const path = "compiler/inspect/repro_kit.ts";
  return addressInPackage(path) ?? `@tensorloom/tensorloom/${path}`;
}

/** The text of the program. Its numbers are those of `fed`; without, arguments are drawn, and Variables are as they are now. */
export function printRepro(source: GraphFunction, options: ExecutorOptions, fed: ArgumentBindings | undefined): string {
  return new ReproWriter(source, fed).program(options);
}

class ReproWriter {
  readonly #source: GraphFunction;
  readonly #fed: ArgumentBindings | undefined;
  /** Nodes are called by their numbers in the printed graph, those of the functions that operations own by theirs in these. */
  readonly #names: ReadonlyMap<Value, string>;
  readonly #variableNames: ReadonlyMap<Variable, string>;
  /** What is drawn, each with the number of its line here for a seed. */
  readonly #drawn: string[] = [];

  constructor(source: GraphFunction, fed: ArgumentBindings | undefined) {
    this.#source = source;
    this.#fed = fed;
    this.#names = namesOf(shownOrder(source.graph));
    this.#variableNames = new Map(source.variables.map((variable, index) => [variable, `w${index}`]));
  }

  program(options: ExecutorOptions): string {
    const { name, inputs, variables } = this.#source;
    const needed = neededBy(this.#source);
    const own = needed.filter((node) => node instanceof Operation && isUserOperation(node)) as Operation[]; // by the filter
    const float32 = needed.some(({ type }) => type?.dtype === "float32");
    const tolerance = float32 ? 1e-4 : 1e-9;
    const body = [
      "// The arguments.",
      "const inputs = [",
      ...inputs.map((input, index) =>
        `  ${this.#argument(input.name, input.type!, index)}, // ${readable(input.name)}`
      ),
      "];",
      "",
      "// The Variables, and what they hold before the run.",
      ...variables.map((variable, index) => this.#variable(variable, index)),
      "",
      "// The graph. Each node has the number that it has in graph.txt.",
      ...this.#graph(this.#source),
      "",
      "const graphFunction: GraphFunction = {",
      ...this.#members(this.#source),
      "};",
      `compareWithReference(graphFunction, inputs, ${literal(options)}, ${literal(tolerance)});`,
      "",
    ];
    return [...this.#head(tolerance, float32), ...unprintable(name, own, this.#names), ...body].join("\n");
  }

  /** Comes first and is written last: it tells what was drawn. */
  #head(tolerance: number, float32: boolean): string[] {
    const drawn = this.#drawn.length === 0 ? [] : [
      "//",
      "// These numbers are drawn, and not those that the program has:",
      ...this.#drawn.map((each) => `//   ${each}`),
    ];
    return [
      `// Rebuilds the graph of ${
        readable(this.#source.name)
      }, runs it compiled and by the reference implementations, and prints`,
      "// for every output and every Variable it assigns the largest relative difference.",
      "//",
      `// It ends with status 1 where that is more than ${tolerance}, which leaves ${
        float32 ? "float32" : "float64"
      } some digits for rounding,`,
      "// or where whole numbers differ. A number that is a small difference of large ones can differ by more, and nothing is wrong.",
      "//",
      "// Run it with `deno run repro.ts` or `bun repro.ts`. It imports the library from where that was when this was written;",
      "// for another copy, change the address after `from`.",
      ...drawn,
      "import {",
      "  Assign, compareWithReference, drawn, Graph, type GraphFunction, held, multiOpTable, opTable, Placeholder, recordMulti,",
      "  recordOperation, TensorType, Variable,",
      `} from ${literal(kitAddress())};`,
      "",
    ];
  }

  /** The statements that build the graph of a function. */
  #graph({ graph, inputs, outputs, assigns }: GraphFunction): string[] {
    const needed = new Set(postorder([...outputs, ...assigns]));
    return [
      "const graph = new Graph();",
      ...inputs.map((input) =>
        `const ${this.#nameOf(input)} = new Placeholder(graph, { name: ${literal(input.name)} }, ${
          typeText(input.type!)
        });`
      ),
      ...graph.leaves.filter((node) => needed.has(node)).map((node) =>
        `const ${this.#nameOf(node)} = ${this.#leaf(node)};`
      ),
      ...graph.operations.filter((node) => needed.has(node)).flatMap((node) => this.#node(node)),
    ];
  }

  /** The members of a function whose graph has been built. */
  #members({ name, inputs, outputs, assigns, variables }: GraphFunction): string[] {
    return [
      `  name: ${literal(name)},`,
      "  graph,",
      ...Object.entries({ inputs, outputs, assigns }).map(([key, list]) => `  ${key}: ${this.#list(list)},`),
      `  variables: [${variables.map((variable) => this.#variableNames.get(variable)).join(", ")}],`,
      "  captures: [],",
      "  assumptions: [],",
    ];
  }

  /** The statements that make a function which an operation owns. */
  #body(name: string, body: GraphFunction): string[] {
    return [
      `const ${name} = ((): GraphFunction => {`,
      ...this.#graph(body).map((line) => `  ${line}`),
      "  return {",
      ...this.#members(body).map((line) => `  ${line}`),
      "  };",
      "})();",
    ];
  }

  #nameOf(node: Value): string {
    return this.#names.get(node)!; // the printed graph has every node
  }

  #list(nodes: readonly Value[]): string {
    return `[${nodes.map((node) => this.#nameOf(node)).join(", ")}]`;
  }

  #argument(name: string, type: TensorType, index: number): string {
    const given = this.#fed?.inputs[index];
    return given === undefined
      ? this.#draw(`the argument ${name}`, type, "was not given", ...rangeOf(type))
      : this.#numbers(`the argument ${name}`, given);
  }

  #variable(variable: Variable, index: number): string {
    const actual = this.#fed?.variables[index] ?? variable.abstract?.original ?? variable;
    const numbers = this.#numbers(`the Variable ${actual.name}`, actual.snapshot());
    return `const w${index} = new Variable(${numbers}, { name: ${literal(actual.name)} });`;
  }

  /** A tensor as an expression. A large one keeps its range, so that indices stay in range and squares positive. */
  #numbers(what: string, { type, data }: Tensor): string {
    if (type.size <= writtenElements) return `held(${typeText(type)}, ${literal(data)})`;
    let [low, high] = [Infinity, -Infinity];
    for (const value of data) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) low = high = 0;
    return this.#draw(what, type, `has more than ${writtenElements} elements`, low, high);
  }

  #draw(what: string, type: TensorType, reason: string, low: number, high: number): string {
    this.#drawn.push(`${readable(what)} (${type}), which ${reason}`);
    return `drawn(${typeText(type)}, ${this.#drawn.length}, ${literal(low)}, ${literal(high)})`;
  }

  #leaf(node: VariableRead | Constant): string {
    if (node instanceof VariableRead) return `graph.read(${this.#variableNames.get(node.variable)})`;
    return `graph.capture(${this.#numbers(`the constant ${this.#nameOf(node)}`, node.tensor)})`;
  }

  /** The statements that make a node. */
  #node(node: Operation): string[] {
    const name = this.#nameOf(node);
    const bodies = node instanceof MultiOperation ? node.bodies : [];
    const bodyNames = bodies.map((_, index) => `${name}body${index}`);
    return [
      ...bodies.flatMap((body, index) => this.#body(bodyNames[index]!, body)),
      `const ${name} = ${this.#expression(node, bodyNames)};`,
    ];
  }

  #expression(node: Operation, bodies: readonly string[]): string {
    if (node instanceof Assign) {
      return `new Assign(graph, ${this.#variableNames.get(node.variable)}, ${this.#nameOf(node.inputNodes[0]!)})`;
    }
    const operands = this.#list(node.inputNodes);
    if (isUserOperation(node)) return `new ${className(node)}(${operands})`;
    const attributes = literal(node.attributes);
    if (node instanceof MultiOperation) {
      const owned = bodies.length === 0 ? "" : `, [${bodies.join(", ")}]`;
      return `recordMulti(graph, multiOpTable.${node.name}!, ${operands}, ${attributes}${owned})`;
    }
    return `recordOperation(graph, opTable.${node.name}, ${operands}, ${attributes})`;
  }
}

/** What nodes are called, by their numbers, and with them those of the functions that they own. */
function namesOf(nodes: readonly Value[]): Map<Value, string> {
  const names = new Map(nodes.map((node, index) => [node, `n${index}`]));
  for (const node of nodes) {
    if (!(node instanceof MultiOperation)) continue;
    node.outputs.forEach((output, index) => names.set(output, `${names.get(node)}[${index}]!`));
    for (const { graph, inputs } of node.bodies) {
      for (const [inner, name] of namesOf(shownOrder(graph, inputs))) names.set(inner, name);
    }
  }
  return names;
}

/** All that a function computes, and those that its operations own. */
function neededBy({ outputs, assigns }: GraphFunction): Value[] {
  const nodes = postorder([...outputs, ...assigns]);
  return nodes.flatMap((node) => node instanceof MultiOperation ? [node, ...node.bodies.flatMap(neededBy)] : [node]);
}

/** Whether an operation is the user's own, of which no program can be printed. */
function isUserOperation(node: Operation): boolean {
  return !(node instanceof TableOperation || node instanceof MultiOperation || node instanceof Assign);
}

function className(node: Operation): string {
  const { name } = node.constructor;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : "UnnamedOperation";
}

/** What stops a program that cannot be complete, and how to complete it. */
function unprintable(name: string, own: readonly Operation[], names: ReadonlyMap<Value, string>): string[] {
  if (own.length === 0) return [];
  const list = own.map((node) => `${node.name} (${names.get(node)})`).join(", ");
  const message = `Cannot rebuild ${name}: these operations are not the library's own: ${list}`;
  return [
    "// Operations of your own cannot be printed. Import their classes, see to it that they are made as in your program (look for",
    `// \`new ${className(own[0]!)}(\` below), and remove this line.`,
    `throw new Error(${literal(message)});`,
    "",
  ];
}

function typeText({ dtype, shape, weak }: TensorType): string {
  return `new TensorType(${literal(dtype)}, ${literal(shape)}${weak === undefined ? "" : `, ${literal(weak)}`})`;
}

/** Where numbers are drawn that nothing is known of: whole ones may be indices, and a number may be a divisor. */
function rangeOf({ dtype, weak }: TensorType): [low: number, high: number] {
  if (weak !== undefined) return weak === "scalar" ? [1, 3] : [0.25, 1];
  return isFloating(dtype) ? [-1, 1] : [0, 1];
}
