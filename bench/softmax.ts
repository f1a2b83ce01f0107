/** How long does the softmax of 512 rows of 1024 numbers take, compiled and eager? Both are one kernel. */
import { compile, random, type Value } from "../mod.ts";
import { measure, report } from "./_report.ts";

random.seed(1);
const x = random.normal([512, 1024]);
const compiled = compile((values: Value) => values.softmax());
compiled(x);

const medians = await measure({
  "softmax, compiled": () => compiled(x),
  "softmax, eager": () => x.softmax(),
});
report(Object.fromEntries(
  Object.entries(medians).map(([name, median]) => [name, `${(median / x.size).toFixed(2)} ns an element`]),
));
