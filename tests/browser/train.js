/**
 * What is trained in pages, in their workers, and in Deno, which says what is right: a tiny net, and one that is wide
 * enough for threads. Each trains by synchronous calls, to a loss, and then in a loop of awaits, beside which the frames of
 * the page have to keep coming.
 */

/** For so many milliseconds frames are waited for that do not come. */
const patience = 20_000;

/** Trains with the library; with `wide`, the wide net, too. `frames` are waited for beside each. */
export async function train(library, { wide, frames }) {
  const threads = await library.workers.start(2);
  const tiny = await trained(...tinyNet(library), frames);
  const found = { threads, tiny, wide: wide ? await trained(...wideNet(library), frames) : undefined };
  library.workers.close();
  return found;
}

/** A net of 2-16-2: its step, a batch, and how many steps it is trained. */
function tinyNet({ compile, crossEntropy, tensor, train, Variable }) {
  const wave = (shape, scale) =>
    tensor(Array.from({ length: shape[0] * shape[1] }, (_, index) => scale * Math.sin(index))).reshape(shape);
  const [w1, w2] = [new Variable(wave([2, 16], 1)), new Variable(wave([16, 2], 0.25))];
  const optimizer = new train.Adam({ learningRate: 0.02 });
  const step = compile((x, y) => optimizer.minimize(() => crossEntropy(x.matmul(w1).tanh().matmul(w2), y)));
  return [step, [tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), tensor([0, 1, 1, 0], { dtype: "int32" })], 100];
}

/** One of 784-256-128-10. */
function wideNet({ compile, crossEntropy, random, tensor, train, Variable, zeros }) {
  const normal = (shape, key, std) => tensor(random.normal(shape, { key: random.key(key), std }));
  const weights = [[784, 256], [256, 128], [128, 10]].map((shape, key) => new Variable(normal(shape, key, 0.05)));
  const biases = [256, 128, 10].map((length) => new Variable(zeros([length])));
  const layer = (x, index) => x.matmul(weights[index]).add(biases[index]);
  const optimizer = new train.SGD({ learningRate: 0.05 });
  const step = compile((x, y) =>
    optimizer.minimize(() => crossEntropy(layer(layer(layer(x, 0).relu(), 1).relu(), 2), y))
  );
  const classes = Array.from({ length: 64 }, (_, row) => row % 10);
  return [step, [normal([64, 784], 3, 1), tensor(classes, { dtype: "int32" })], 20];
}

/** The losses before and after so many steps, the frames beside awaited ones, and the longest time without one. */
async function trained(step, batch, steps, frames) {
  const first = step(...batch).item();
  for (let index = 1; index < steps; index++) step(...batch);
  const last = (await step.async(...batch)).item();
  return { first, last, explained: step.explain().split("\n")[0], ...await beside(() => step.async(...batch), frames) };
}

/** Counts the frames, up to those wanted, that come while `call` is awaited again and again; in a worker, timers stand for them. */
async function beside(call, wanted) {
  const schedule = typeof document === "undefined" ? (turn) => setTimeout(turn, 4) : requestAnimationFrame;
  let [frames, calls, longest] = [0, 0, 0];
  const start = performance.now();
  let last = start;
  schedule(function turn() {
    const now = performance.now();
    frames++;
    longest = Math.max(longest, now - last);
    last = now;
    if (frames < wanted) schedule(turn);
  });
  while (frames < wanted && performance.now() - start < patience) {
    await call();
    calls++;
  }
  return { frames, calls, longest };
}
