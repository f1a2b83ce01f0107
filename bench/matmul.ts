/**
 * How fast is a product of float32 matrices: one that fills the tiles, one whose sizes are odd, and one that is only
 * ten columns wide, as the last layer of a classifier is?
 */
import { random, type Tensor } from "../mod.ts";
import { measure, report } from "./_report.ts";

random.seed(1);
const sizes = { "256³": [256, 256, 256], "255³": [255, 255, 255], "256×256×10": [256, 256, 10] } as const;

const cases: Record<string, () => Tensor> = {};
for (const [name, [rows, depth, columns]] of Object.entries(sizes)) {
  const [x, y] = [random.normal([rows, depth]), random.normal([depth, columns])];
  cases[name] = () => x.matmul(y).concrete("measure");
}
const medians = await measure(cases);
report(Object.fromEntries(
  Object.entries(sizes).map(([name, [rows, depth, columns]]) => {
    // A multiplication and an addition each; operations per nanosecond are billions per second.
    return [name, `${(2 * rows * depth * columns / medians[name]!).toFixed(2)} GFLOP/s`];
  }),
));
