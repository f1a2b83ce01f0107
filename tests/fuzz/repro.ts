/**
 * Plans as programs that can be run by themselves.
 * @module
 */
import { literal } from "../../src/literal.ts";
import { isMultiOp, type Numbers, type Plan } from "./plan.ts";

function printTensor({ dtype, shape, data }: Numbers): string {
  return `tensor(Float64Array.of(${data.map(literal).join(", ")}), { dtype: "float64", shape: ${
    literal(shape)
  } }).astype("${dtype}")`;
}

/** The text of a program, to be saved in a file of its own under tests/, that runs a plan eagerly and compiled. */
export function printProgram({ steps, outputs }: Plan): string {
  const names = steps.map((step, place) =>
    `${step.kind === "argument" ? "x" : step.kind === "variable" ? "w" : step.kind === "constant" ? "c" : "v"}${place}`
  );
  const lists = { outer: [] as string[], inner: [] as string[], given: [] as string[], taken: [] as string[] };
  steps.forEach((step, place) => {
    const name = names[place]!;
    switch (step.kind) {
      case "argument":
        lists.taken.push(name);
        lists.given.push(`t${steps.indexOf(step)}`); // one tensor may be passed twice
        if (steps.indexOf(step) === place) lists.outer.push(`const t${place} = ${printTensor(step.numbers)};`);
        break;
      case "constant":
        lists.outer.push(`const ${name} = ${printTensor(step.numbers)};`);
        break;
      case "variable":
        lists.outer.push(`const ${name} = new Variable(${printTensor(step.numbers)});`);
        break;
      case "number":
        lists.outer.push(`const ${name} = ${literal(step.number)};`);
        break;
      case "operation":
        lists.inner.push(
          `const ${name} = ${
            isMultiOp(step.op) ? `applyMulti(multiOpTable.${step.op}` : `apply<Operand>(opTable.${step.op}`
          }, [${step.inputs.map((input) => names[input]).join(", ")}], ${literal(step.attributes)})${
            step.result === undefined ? "" : `[${step.result}]!`
          };`,
        );
        break;
      case "assign":
        names[place] = names[step.variable]!;
        lists.inner.push(`${names[step.variable]}.assign(${names[step.value]});`);
        break;
    }
  });
  return [
    `import { compile, type Operand, type Tensor, tensor, type Value, Variable } from "../mod.ts";`,
    `import { apply } from "../src/graph/apply.ts";`,
    `import { applyMulti } from "../src/ops/apply_multi.ts";`,
    `import { multiOpTable, opTable } from "../src/ops/table.ts";`,
    "",
    ...lists.outer,
    `const f = (${lists.taken.map((name) => `${name}: Value`).join(", ")}) => {`,
    ...lists.inner.map((line) => `  ${line}`),
    `  return [${outputs.map((output) => names[output]).join(", ")}];`,
    "};",
    `const inputs = [${lists.given.join(", ")}] as const;`,
    "console.log(f(...inputs).map(String));",
    "console.log(compile(f)(...inputs).map(String), compile(f, { exact: true })(...inputs).map(String));",
  ].join("\n");
}
