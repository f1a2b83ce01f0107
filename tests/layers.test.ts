// The layers of the project: what may import what when it runs. Imports of types alone do not count.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const project = fileURLToPath(new URL("..", import.meta.url));

/** The modules of a folder, from the project's root. */
function modulesOf(folder: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

/** What a module imports, or exports from elsewhere, when it runs. */
function importsOf(module: string): string[] {
  const text = readFileSync(join(project, module), "utf8");
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\b)([^;"'`]*?)from\s+"(\.[^"]+)";|^import\s+"(\.[^"]+)";/gm,
  );
  return [...statements].flatMap(([, names = "", from, alone]) => {
    const list = /\{([^}]*)\}/.exec(names)?.[1];
    const isTypes = list !== undefined && !/^\s*\w/.test(names) &&
      list.split(",").map((name) => name.trim()).filter((name) => name !== "").every((name) =>
        name.startsWith("type ")
      );
    return isTypes ? [] : [relative(project, join(project, dirname(module), (from ?? alone)!))];
  });
}

/** The groups of modules that need each other in a circle (Tarjan, 1972). */
function circles(modules: readonly string[]): string[][] {
  const edges = new Map(modules.map((module) => [module, importsOf(module)]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (module: string): void => {
    order.set(module, order.size);
    lowest.set(module, order.get(module)!);
    open.push(module);
    for (const next of edges.get(module)!) {
      if (!edges.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (open.includes(next)) lowest.set(module, Math.min(lowest.get(module)!, lowest.get(next)!));
    }
    if (lowest.get(module) !== order.get(module)) return;
    const circle = open.splice(open.indexOf(module));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const module of modules) if (!order.has(module)) visit(module);
  return found;
}

describe("layers", () => {
  it("have no circle in the compiler", () => assertEquals(circles(modulesOf("compiler")), []));

  it("have none in the language but the core of graphs, and tensors that print themselves", () => {
    const [printing, core, ...others] = circles(modulesOf("src")).sort((a, b) => a.length - b.length);
    assertEquals(others, []);
    assertEquals(printing, ["src/format.ts", "src/tensor.ts"].map((name) => join(name)));
    assert(core!.every((module) => dirname(module) === join("src", "graph") || module === join("src", "executor.ts")));
    assert(core!.length <= 19, `${core!.length} modules are in the circle of the core`);
  });

  it("have the language name nothing of the compiler, not even a type", () => {
    const namesCompiler = (module: string): boolean =>
      /["'`](?:\.\.?\/)+compiler\//.test(readFileSync(join(project, module), "utf8"));
    assertEquals(modulesOf("src").filter(namesCompiler), []);
  });
});
