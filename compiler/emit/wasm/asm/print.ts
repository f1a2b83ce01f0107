/**
 * Functions in the text format of WebAssembly, for people to read: folded where an instruction has operands.
 * @module
 */
import type { Code, Form } from "./code.ts";
import type { WasmFunction } from "./function_builder.ts";

const lineLength = 120;

/** The text of a function. */
export function printFunction({ name, parameters, locals, result, body }: WasmFunction): string {
  const lines = [`(func $${name}${parameters.map((each) => ` (param $${each.name} ${each.type})`).join("")}`];
  if (result !== undefined) lines[0] += ` (result ${result})`;
  for (const { name, type } of locals) lines.push(`  (local $${name} ${type})`);
  for (const code of body) lines.push(...printCode(code, 1));
  return `${lines.join("\n")})`;
}

function head({ form }: Code): string {
  switch (form.kind) {
    case "plain":
      return form.name;
    case "access":
      return [form.name, ...(form.offset > 0 ? [`offset=${form.offset}`] : []), ...(form.lane ?? "").toString()].join(
        " ",
      );
    case "lane":
      return `${form.name} ${form.lane}`;
    case "shuffle":
      return `i8x16.shuffle ${form.lanes.join(" ")}`;
    case "constant":
      return `${form.type}.const ${constantText(form)}`;
    case "get":
    case "set":
      return `local.${form.kind} $${form.local.name}`;
    case "call":
      return `call $${form.target.name}`;
    case "select":
      return "select";
    case "branch":
      return `${form.conditional ? "br_if" : "br"} $${form.label.name}`;
    case "block":
    case "loop":
      return `${form.kind} $${form.label.name}`;
    case "if":
      return "if";
    default:
      return form satisfies never;
  }
}

function constantText({ type, lanes, words }: Form & { kind: "constant" }): string {
  const { buffer } = Int32Array.from(words);
  const numbers = lanes.startsWith("i32")
    ? words
    : lanes === "f32x4"
    ? [...new Float32Array(buffer)]
    : [...new Float64Array(buffer)];
  const text = numbers.map(numberText).join(" ");
  return type === "v128" ? `${lanes} ${text}` : text;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? (Object.is(value, -0) ? "-0" : String(value)) : value > 0 ? "inf" : "-inf";
}

function printCode(code: Code, depth: number): string[] {
  const { form, args } = code;
  const indent = "  ".repeat(depth);
  if (form.kind === "block" || form.kind === "loop") {
    const body = form.body.flatMap((each) => printCode(each, depth + 1));
    return [`${indent}(${head(code)}`, ...body, `${indent})`];
  }
  if (form.kind === "if") {
    const part = (name: string, codes: readonly Code[]): string[] =>
      codes.length === 0
        ? []
        : [`${indent}  (${name}`, ...codes.flatMap((each) => printCode(each, depth + 2)), `${indent}  )`];
    const condition = args.flatMap((arg) => printCode(arg, depth + 1));
    return [`${indent}(if`, ...condition, ...part("then", form.body), ...part("else", form.otherwise), `${indent})`];
  }
  const line = `${indent}${printInline(code)}`;
  if (line.length <= lineLength) return [line];
  const inner = args.flatMap((arg) => printCode(arg, depth + 1));
  inner[inner.length - 1] += ")";
  return [`${indent}(${head(code)}`, ...inner];
}

function printInline(code: Code): string {
  return `(${[head(code), ...code.args.map(printInline)].join(" ")})`;
}
