/**
 * What does fusion save? Eight element-wise operations on a million floats: compiled into one loop, and as eight
 * programs of one operation each, where every operation reads its operands from memory and writes a fresh array.
 */
import { compile, random, type Value } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

random.seed(1);
const x = random.normal([1_000_000]);
const y = random.normal([1_000_000]);

/** Cheap operations, so that memory counts and not the arithmetic. */
const operations: readonly ((value: Value) => Value)[] = [
  (value) => value.mul(y),
  (value) => value.add(1),
  (value) => value.abs(),
  (value) => value.sub(y),
  (value) => value.mul(0.5),
  (value) => value.maximum(-1),
  (value) => value.square(),
  (value) => value.add(y),
];
const chain = (value: Value): Value => operations.reduce((result, operation) => operation(result), value);
const fused = compile(chain);
const single = operations.map((operation) => compile((value: Value) => operation(value)));
fused(x);

const medians = await measure({
  "one fused kernel": () => fused(x),
  "eight programs": () => single.reduce((value, program) => program(value), x),
  "eight eager operations": () => chain(x),
});
const times = (name: keyof typeof medians): string =>
  `${duration(medians[name])}, ${(medians[name] / medians["one fused kernel"]).toFixed(1)} times the fused kernel`;
report({
  "one fused kernel": `${duration(medians["one fused kernel"])}, ${fused.kernels().length} kernel`,
  "eight programs": times("eight programs"),
  "eight eager operations": times("eight eager operations"),
});
