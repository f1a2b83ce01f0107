// Names may hold anything. Whatever shows one keeps it on one line, and a program that is printed has it unchanged.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  compile,
  Graph,
  Operation,
  placeholder,
  Session,
  type Tensor,
  tensor,
  type Value,
  Variable,
} from "../../mod.ts";

const name = 'a\nb\r\u2028\u0007*/`${x}"\\';
const shown = 'a\\nb\\r\\u2028\\u0007*/`${x}"\\';

class Doubled extends Operation {
  override compute(x: Tensor): Tensor {
    return x.mul(2);
  }
}
Object.defineProperty(Doubled, "name", { value: name });

const w = new Variable([1, 2], { name });
const step = (x: Value): Value => {
  w.assign(w.add(1));
  return Doubled.apply(x.mul(w).exp()).add(1);
};
Object.defineProperty(step, "name", { value: name });
const compiled = compile(step);
compiled(tensor([1, 2]));

/** Whether a text has one of the name's control characters as it is, but for line feeds, which texts are made of. */
const hasControl = (text: string): boolean => ["\r", "\u2028", "\u0007"].some((each) => text.includes(each));

/** Asserts what is shown, with `name` in the place of the name. */
function assertShown(text: string, plain: string): void {
  assertEquals(text.replaceAll(shown, "name"), plain);
  assertEquals(hasControl(text), false);
}

describe("a name with newlines and control characters", () => {
  it("is on one line of a printed graph", () => {
    const lines = String(compiled.graph).split("\n");
    assertEquals(lines.length, 10);
    assertEquals(lines[1], `%1: float32[2] = variable ${shown}`);
    assertEquals(lines[4], `%4: float32[2] = assign ${shown} %3`);
    assertEquals(lines[7], `%7: float32[2] = ${shown} %6`);
    const graph = new Graph();
    const x = graph.asDefault(() => placeholder({ name, shape: [2], dtype: "float32" }));
    assertShown(`${graph}`, "%0: float32[2] = placeholder name");
    assertShown(`${x}`, "name (float32[2])");
    assertShown(`${new Variable(1, { name })}`, "name = tensor(1.)");
    assertEquals([x.name, w.name], [name, name]);
  });

  it("is on one line of what is said of a program", () => {
    assertEquals(compiled.name, shown);
    assertEquals(compiled.kernels(), ["k0_add_mul_exp", `host_${shown}`, "k2_add"]);
    const first = (text: string): string | undefined => text.split("\n", 1)[0];
    assertStringIncludes(first(compiled.explain())!, `${shown}: 3 kernels`);
    assertStringIncludes(compiled.explain(), `\n  host_${shown}: `);
    assertStringIncludes(first(String(compiled.profile(tensor([1, 2]))))!, `${shown}: `);
    assertEquals(hasControl(compiled.explain() + compiled.source()), false);
  });

  it("is on one line of an error", () => {
    assertThrows(() => w.assign([1]), RangeError, `Cannot assign float32[1] to ${shown} (float32[2]): the shapes`);
    const x = new Graph().asDefault(() => placeholder({ name }));
    assertThrows(
      () => new Session().run(x, []),
      TypeError,
      `Cannot run the graph: the placeholder ${shown} is not fed`,
    );
    const looks = (y: Value): number => y.item();
    Object.defineProperty(looks, "name", { value: name });
    const error = assertThrows(
      () => compile(looks)(tensor(1)),
      TypeError,
      `the compiled function ${shown} only records`,
    );
    assertEquals(error.message.includes("\n"), false);
  });

  it("is what it was in a program that is printed, whose comments stay comments", () => {
    const scaled = (x: Value): Value => x.mul(w);
    Object.defineProperty(scaled, "name", { value: name });
    const folder = mkdtempSync(join(tmpdir(), "tensorloom-names-"));
    try {
      const paths = compile(scaled).dump(folder, tensor([1, 2]));
      const program = readFileSync(paths.find((path) => path.endsWith("repro.ts"))!, "utf8");
      assertStringIncludes(program, `// Rebuilds the graph of ${shown}, runs`);
      const [, text] = /\{ name: (".*") \}\);$/m.exec(program) ?? [];
      assertEquals(JSON.parse(text!), name);
      assertEquals(hasControl(program), false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
