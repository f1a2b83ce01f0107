/**
 * A user's program that is bundled: it trains a net and prints what that comes to, and which line an error names. Its
 * argument is a folder, into which it dumps. It has nothing that one kind of bundle lacks: no await at its top level, no
 * import of a runtime's own.
 */
import { add, compile, crossEntropy, eye, tensor, train, Variable, workers } from "@tensorloom/tensorloom";

const wave = (shape, scale) =>
  tensor(Array.from({ length: shape[0] * shape[1] }, (_, index) => scale * Math.sin(index))).reshape(shape);

const [w1, w2] = [new Variable(wave([2, 16], 1)), new Variable(wave([16, 2], 0.25))];
const optimizer = new train.Adam({ learningRate: 0.02 });
const step = compile((x, y) => optimizer.minimize(() => crossEntropy(x.matmul(w1).tanh().matmul(w2), y)));
const [x, y] = [tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), tensor([0, 1, 1, 0], { dtype: "int32" })];

async function findings() {
  const losses = [];
  for (let index = 0; index < 100; index++) losses.push(step(x, y).item());
  losses.push((await step.async(x, y)).item());
  // WebAssembly.
  const product = compile((a) => a.matmul(a).sum(), { emitter: "wasm" })(add(eye(64), wave([64, 64], 1))).item();
  let message = "";
  try {
    compile((x) => x.sum().item())(x);
  } catch (error) {
    message = error.message;
  }
  const folder = globalThis.process.argv[2];
  if (folder !== undefined) step.dump(folder);
  workers.close();
  return { losses, product, place: /recorded at (.*)$/.exec(message)?.[1] };
}

findings().then((found) => console.log(JSON.stringify(found)));
