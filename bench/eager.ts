/**
 * What does a single eager operation cost, where the call dominates and where the numbers do? And how much more than in
 * a compiled program, whose operands and results are Variables: a product of 512 × 512 matrices should cost 2 ms more at
 * most, and `gelu` of a million numbers 1.5 ms, though a result is an array of its own. An operand that was used before
 * has been copied to where programs compute; the last result has not.
 */
import { add, compile, exp, gelu, random, type Value, Variable, workers } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

random.seed(1);
await workers.start();
const [few, fewMore] = [random.normal([16]), random.normal([16])];
const [many, manyMore] = [random.normal([1_000_000]), random.normal([1_000_000])];
// A product with the right one has numbers as large as the left one.
const [left, right] = [random.normal([512, 512]), random.normal([512, 512], { std: 512 ** -0.5 })];

/** The operation on Variables, compiled, whose result is assigned to another. */
function resident(operation: (...operands: Value[]) => Value, ...operands: Value[]): () => void {
  const [target, ...variables] = [operands[0]!, ...operands].map((value) => new Variable(value));
  return compile(() => void target!.assign(operation(...variables)));
}

/** The operation on its last result. Every now and then it starts anew, before numbers are too large or too small. */
function chained(operation: (x: Value) => Value, start: Value): () => void {
  let [x, calls]: [Value, number] = [start, 0];
  return () => {
    x = operation(calls++ % 16 === 0 ? start : x);
  };
}

const matmul = (x: Value, y: Value): Value => x.matmul(y);
const medians = await measure({
  "add, 16 floats": () => add(few, fewMore),
  "add, 1e6 floats": () => add(many, manyMore),
  "exp, 1e6 floats": () => exp(many),
  "matmul 512³, compiled": resident((x, y) => matmul(x!, y!), left, right),
  "matmul 512³, eager": () => matmul(left, right),
  "matmul 512³, eager, of the last result": chained((x) => matmul(x, right), left),
  "gelu, 1e6 floats, compiled": resident((x) => gelu(x!), many),
  "gelu, 1e6 floats, eager": () => gelu(many),
  "gelu, 1e6 floats, eager, of the last result": chained(gelu, many),
});
const more = (name: string): string => {
  const [compiled, eager, last] = ["compiled", "eager", "eager, of the last result"].map((way) =>
    medians[`${name}, ${way}` as keyof typeof medians]
  ) as [number, number, number]; // all were measured
  return `${duration(compiled)} compiled, ${duration(eager - compiled)} more, ${
    duration(last - compiled)
  } more of the last result`;
};
report({
  "add, 16 floats": duration(medians["add, 16 floats"]),
  "add, 1e6 floats": `${(medians["add, 1e6 floats"] / 1e6).toFixed(2)} ns an element`,
  "exp, 1e6 floats": `${(medians["exp, 1e6 floats"] / 1e6).toFixed(2)} ns an element`,
  "matmul 512³": more("matmul 512³"),
  "gelu, 1e6 floats": more("gelu, 1e6 floats"),
});
workers.close();
