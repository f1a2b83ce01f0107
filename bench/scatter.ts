/** What does adding by index cost: the gradient of an embedding, a step that trains one, and a histogram? */
import { compile, grad, random, scatterAdd, take, type Value, Variable, workers } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

const [words, features, batch] = [10_000, 64, 4_096] as const;
const [samples, bins] = [1_000_000, 1_000] as const;

random.seed(1);
await workers.start();
const ids = random.randint([batch], { low: 0, high: words });
const updates = random.normal([batch, features]);
const table = new Variable(random.normal([words, features]));
const places = random.randint([samples], { low: 0, high: bins });
const weights = random.normal([samples]);

const gradient = compile((ids: Value, updates: Value) =>
  grad((table: Value) => take(table, ids).mul(updates).sum())(table)
);
const step = compile((ids: Value, updates: Value) => {
  table.assign(table.sub(grad((table: Value) => take(table, ids).mul(updates).sum())(table).mul(1e-6)));
});
const histogram = compile((places: Value, weights: Value) => scatterAdd(places, weights, { length: bins }));

const medians = await measure({
  [`gradient of an embedding, ${words} × ${features}, ${batch} words`]: () => gradient(ids, updates),
  "the same with the update of its table": () => step(ids, updates),
  [`${samples} numbers into ${bins} bins`]: () => histogram(places, weights),
});
workers.close();
report(Object.fromEntries(Object.entries(medians).map(([name, median]) => [name, duration(median)])));
