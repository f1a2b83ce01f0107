/** What does a single eager operation cost, where the call dominates and where the numbers do? */
import { add, exp, random } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

random.seed(1);
const [few, fewMore] = [random.normal([16]), random.normal([16])];
const [many, manyMore] = [random.normal([1_000_000]), random.normal([1_000_000])];

const medians = await measure({
  "add, 16 floats": () => add(few, fewMore),
  "add, 1e6 floats": () => add(many, manyMore),
  "exp, 1e6 floats": () => exp(many),
});
report({
  "add, 16 floats": duration(medians["add, 16 floats"]),
  "add, 1e6 floats": `${(medians["add, 1e6 floats"] / 1e6).toFixed(2)} ns an element`,
  "exp, 1e6 floats": `${(medians["exp, 1e6 floats"] / 1e6).toFixed(2)} ns an element`,
});
