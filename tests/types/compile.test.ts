// What the type checker makes of compiled functions: what it infers, and what it refuses.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  add,
  compile,
  type CompiledFunction,
  type CompileOptions,
  grad,
  type HasNumberPosition,
  type NumberPositions,
  relu,
  type Tensor,
  tensor,
  type Value,
  Variable,
} from "../../mod.ts";

/** True only where the types are the same. */
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
/** Whether a function with these parameters is refused. */
type Refused<A extends readonly unknown[], Static extends readonly number[] = []> = HasNumberPosition<A, Static>;

interface Recursive {
  readonly w: Value;
  readonly children: readonly Recursive[];
}

describe("compile, for the type checker", () => {
  it("refuses parameters that hold numbers, unless they are static, and no others", () => {
    const refused: [
      Refused<[x: Value, n: number]>,
      Refused<[n: 1 | 2]>,
      Refused<[n?: number]>,
      Refused<[x: Value, ...n: number[]]>,
      Refused<[x: Value, options: { rate: number }]>,
      Refused<[{ deep: readonly [{ axis?: number }] }]>,
      Refused<[x: Value, n: number, m: number], [1]>,
    ] = [true, true, true, true, true, true, true];
    const taken: [
      Refused<[]>,
      Refused<[x: Value, n: Value, v: Variable, t: Tensor]>,
      Refused<[x: Value, n: number], [1]>,
      Refused<[x: Value, n: number], readonly number[]>,
      Refused<[x: Value, options: { axis: number }], readonly [0, 1]>,
      Refused<[x: Value | number, y: unknown, flag: boolean, mode: "a" | "b", nothing: null | undefined]>,
      Refused<[tree: Recursive, list: readonly Value[], pair: [Value, { b?: Value }]]>,
    ] = [false, false, false, false, false, false, false];
    const positions: Same<NumberPositions<[Value, number, { n: number }], []>, "1" | "2" | false> = true;
    assertEquals([refused.every(Boolean), taken.some(Boolean), positions], [true, false, true]);
  });

  it("takes a parameter without a type for a Value", () => {
    const f = compile((x) => x.mul(2));
    const known: Same<typeof f, CompiledFunction<[x: Value], Value>> = true;
    const several = compile((x, y) => [x.mul(y), x] as const, { emitter: "js" });
    assertEquals([known, f(3).item(), several(2, tensor([3]))[0].toArray()], [true, 6, [6]]);
    assertEquals(grad((x) => x.mul(x))(3).item(), 6);
  });

  it("takes numbers where the function takes a Value, in trees too", () => {
    const f = compile((p: { w: Value; rest: readonly Value[]; b?: Value }, [n]: readonly [Value]) =>
      p.w.mul(p.rest[0]!).add(p.b ?? 0).mul(n)
    );
    assertEquals(f({ w: tensor([2]), rest: [3], b: 0.5 }, [2]).toArray(), [13]);
  });

  it("takes functions of the library, generic ones, and functions that are made from others", () => {
    const wrap = <A extends readonly unknown[]>(fn: (...args: A) => Value) => compile(fn);
    assertEquals(compile(relu)(-1).item(), 0);
    assertEquals(compile(add)(1, tensor([2])).toArray(), [3]);
    assertEquals(compile(<V extends Value>(v: V) => v.mul(2))(4).item(), 8);
    assertEquals(wrap((x: Value, y: Value) => x.sub(y))(4, 1).item(), 3);
    const options: CompileOptions = { static: [1] };
    assertEquals(compile((x: Value, n: number) => x.mul(n + 1), options)(tensor([2]), 2).toArray(), [6]);
    assertEquals(compile((w: Variable, on: boolean = true) => on ? w.mul(2) : w)(new Variable([1])).toArray(), [2]);
  });
});

const project = fileURLToPath(new URL("../..", import.meta.url));
const isDeno = process.versions["bun"] === undefined;

/** What the type checker says about a program: Deno's own there, `tsc` elsewhere. */
function check(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), "types-"));
  try {
    writeFileSync(
      join(folder, "program.ts"),
      `import { compile, type Value } from ${JSON.stringify(join(project, "mod.ts"))};\n${program}`,
    );
    const options = { extends: join(project, "tsconfig.json"), files: ["program.ts"], include: [] };
    const compilerOptions = { typeRoots: [join(project, "node_modules")] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...options, compilerOptions }));
    const imports = `--import-map=${join(project, "tests/std_assert/offline.json")}`;
    const [tool, args] = isDeno
      ? [process.execPath, ["check", `--config=${join(project, "deno.json")}`, imports, join(folder, "program.ts")]]
      : ["tsc", ["--noEmit", "--pretty", "false", "--project", folder]];
    const { stdout, stderr } = spawnSync(tool, args, {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
      shell: process.platform === "win32",
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Why nothing can be checked here, or undefined. */
function reasonToSkip(): string | undefined {
  if (isDeno) return undefined;
  try {
    execFileSync("tsc", ["--version"], { stdio: "ignore", shell: process.platform === "win32" });
    return undefined;
  } catch {
    return "tsc is not on PATH";
  }
}

const skipped = reasonToSkip();

describe(`an error of the type checker${skipped === undefined ? "" : ` (skipped: ${skipped})`}`, () => {
  it("says why a number is refused, and what to write", { skip: skipped !== undefined }, () => {
    const printed = check(`
      compile((x: Value, n: number) => n === 4 ? x.mul(2) : x);
      compile((p: { w: Value; rate: number }) => p.w.mul(p.rate));
      compile((x: Value, n: number, m: number) => x.mul(n + m), { static: [1] });
      compile((x: Value, n: number, options: { axis: number }) => x.mul(n).sum(options.axis), { static: [1, 2] });
      compile((x) => x.mul(2))(1, 2);
    `);
    for (const position of [1, 0, 2]) {
      assertStringIncludes(
        printed,
        `"argument ${position} is a Value while it is traced, not a number: type it Value, or write compile(fn, { static: [${position}] })"`,
      );
    }
    assertStringIncludes(printed, "Expected 1 arguments, but got 2");
    assertEquals(printed.match(/TS\d+/g)?.length, 4, printed);
  });
});
