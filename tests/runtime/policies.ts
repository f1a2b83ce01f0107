/**
 * Does all that a page does, under the policy that its argument names; see policies.test.ts.
 *
 *     … policies.ts "neither"
 *
 * A policy is imitated: what it forbids throws here what it throws in a page, from before the library is loaded. That a
 * module is valid is never forbidden. Prints what each part of the library came to.
 * @module
 */
import process from "node:process";
import { timeLimit } from "../time_limit.ts";

/** What throws when it is called or constructed. */
function forbid(target: object, name: string, error: () => Error): void {
  const original = (target as Record<string, unknown>)[name] as () => void; // each is a function
  const refuse = (): never => {
    throw error();
  };
  Object.defineProperty(target, name, { value: new Proxy(original, { apply: refuse, construct: refuse }) });
}

const forbidJavaScript = (): void =>
  forbid(globalThis, "Function", () => new EvalError("Refused to evaluate a string as JavaScript"));
const forbidModules = (): void =>
  forbid(WebAssembly, "Module", () => new WebAssembly.CompileError("violates the Content Security Policy"));

const policies: Readonly<Record<string, () => void>> = {
  "everything": () => {},
  "WebAssembly alone": forbidJavaScript,
  "JavaScript alone": forbidModules,
  "neither": () => {
    forbidJavaScript();
    forbidModules();
  },
};
policies[process.argv[2]!]!();

const { compile, full, grad, Graph, matmul, placeholder, Session, take, tensor, train, Variable, workers } =
  await import(
    "../../mod.ts"
  );
type Value = import("../../mod.ts").Value;

const w = full([64, 64], 0.01);
const variable = new Variable(1);
const optimizer = new train.Adam({ learningRate: 0.5 });
const step = compile(() => optimizer.minimize(() => variable.mul(variable)));
const sum = compile((x: Value) => matmul(x, w).sum());
const next = compile((x: Value) => x.add(1));

const count = new Variable(0);
const increment = compile(() => {
  count.assign(count.add(1));
  return count.add(0);
});

/** Whether a timer has its turns while calls are awaited one after the other. */
async function turnsComeBeside(call: () => Promise<unknown>): Promise<boolean> {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const end = performance.now() + timeLimit; // nothing else would end it where they have none
  while (turns < 3 && performance.now() < end) await call();
  clearInterval(timer);
  return turns >= 3;
}

/** What reading a Variable gives when two calls that change it have been made and not awaited. */
function joined(): number {
  void increment.async();
  void increment.async();
  return count.item();
}

/** The message of what a call throws. */
function messageOf(body: () => unknown): string {
  try {
    return `no error, but ${body()}`;
  } catch (error) {
    return String(error);
  }
}

const findings = {
  eager: tensor([1, 2]).add(1).toArray(),
  product: matmul(w, w).sum().item(),
  auto: sum(w).item(),
  js: compile((x: Value) => matmul(x, w).sum(), { emitter: "js" })(w).item(),
  wasm: compile((x: Value) => matmul(x, w).sum(), { emitter: "wasm" })(w).item(),
  threads: compile((x: Value) => matmul(x, w).sum(), { threads: 2 })(w).item(),
  async: (await next.async(tensor([1]))).toArray(),
  asyncStep: (await step.async()).item(),
  turns: await turnsComeBeside(() => next.async(tensor([1]))),
  joined: joined(),
  gradient: grad((x: Value) => x.mul(x).sum())(tensor([3])).toArray(),
  session: new Graph().asDefault(() => {
    const x = placeholder();
    return new Session().run(x.mul(2), [[x, [1, 2]]]).toArray();
  }),
  trained: variable.item(),
  index: messageOf(() => compile((x: Value, i: Value) => take(x, i))(full([3], 1), tensor([7], { dtype: "int32" }))),
  explained: sum.explain().split("\n")[0],
  profiled: /^\w+: \d+\.\d+ ms/.test(String(sum.profile(w))),
  kernels: sum.kernels().length,
  ready: await workers.start(1),
};
console.log(JSON.stringify(findings));
