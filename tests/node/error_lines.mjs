// Wrong calls of every kind, and where the stacks of their errors begin. Plain JavaScript, so that Node runs it, too. What
// is called is no tail call: JavaScriptCore keeps no line for one.
import {
  add,
  compile,
  computeGradients,
  conv2d,
  grad,
  gradients,
  Graph,
  gunzip,
  ones,
  Operation,
  placeholder,
  random,
  readIdx,
  RegisterGradient,
  Session,
  softmax,
  stack,
  sum,
  Tensor,
  tensor,
  TensorType,
  train,
  valueAndGrad,
  Variable,
  workers,
  zeros,
} from "@tensorloom/tensorloom";

const x = ones([2, 3]);
const own = new Error("the user's own");
const ownStack = own.stack;

class Failing extends Operation {
  compute(a) {
    a.matmul(ones([4, 5])); // compute
    return a;
  }
}
class Throwing extends Operation {
  compute() {
    throw own;
  }
}
class Written extends Operation {
  constructor(inputs) {
    super(inputs, undefined); // constructor
  }
}
class Doubled extends Operation {
  compute(a) {
    return a.mul(2);
  }
}
RegisterGradient(Doubled)((_operation, gradient) => {
  gradient.reshape([7]); // rule
  return gradient;
});

const nested = compile(function inner(a) {
  a.matmul(a); // nested
  return a;
});
const picking = compile((a, index) => a.take(index, 0));
const optimizer = new train.SGD({ learningRate: 0.1 });
const w = new Variable([1, 2, 3]);

/** What is called, and what its line ends with where that is not the line of the call. */
// deno-fmt-ignore
const calls = [
  ["a function", () => void add(x, ones([4]))],
  ["a function of a list", () => void stack([x, ones([2])])],
  ["a function with options", () => void sum(x, 0, { keepdims: true })],
  ["a function with an extra argument", () => void zeros(2, 3)],
  ["a function that calls others", () => void softmax(x, 5)],
  ["a convolution", () => void conv2d(x, x)],
  ["a method", () => void x.matmul(x)],
  ["a method without its argument", () => void x.add()],
  ["a chain of methods", () => void x.exp().sum(0).reshape([7]).log()],
  ["numbers", () => void tensor([[1, 2], [3]])],
  ["item()", () => void x.item()],
  ["new Variable", () => void new Variable("a")],
  ["new Tensor", () => void new Tensor(new Float32Array(2), x.type)],
  ["new TensorType", () => void new TensorType("float32", [0.5])],
  ["new Session", () => void new Session({ mode: "fast" })],
  ["new train.Adam", () => void new train.Adam({ lr: 0.1 })],
  ["new train.SGD", () => void new train.SGD({ learningRate: 1, nesterov: true })],
  ["new train.GradientDescentOptimizer", () => void new train.GradientDescentOptimizer("fast")],
  ["new Graph", () => void new Graph(3)],
  ["variable.assign", () => void w.assign([1, 2])],
  ["a setter", () => void (optimizer.learningRate = -1)],
  ["placeholder", () => void placeholder({ shape: 2 })],
  ["random.normal", () => void random.normal([2], { std: -1 })],
  ["random.key", () => void random.key(0.5)],
  ["workers.start", () => void workers.start(0)],
  ["readIdx", () => void readIdx(new Uint8Array(2))],
  ["gradients", () => void gradients(x, x)],
  ["computeGradients", () => void computeGradients(x)],
  ["RegisterGradient", () => void RegisterGradient(3)],
  ["compile", () => void compile(3)],
  ["grad", () => void grad(3)],
  ["a compiled function with a date", () => void picking(x, new Date(0))],
  ["a compiled function whose program fails", () => void picking(x, tensor([7], { dtype: "int32" }))],
  ["explain", () => void compile((a) => a).explain()],
  ["a differentiated function", () => void grad((a) => a)(x)],
  ["a differentiated function of integers", () => void valueAndGrad((a) => a.sum())(tensor([1], { dtype: "int32" }))],
  ["minimize", () => void optimizer.minimize(() => x)],
  ["minimize of nothing", () => void optimizer.minimize(() => x.sum())],
  ["the callback of compile", () => void compile((a) => void a.matmul(a))(x)],
  ["the callback of grad", () => void grad((a) => void a.matmul(a))(x)],
  ["the callback of minimize", () => void optimizer.minimize(() => void x.matmul(x))],
  ["the callback of minimize within compile", () => void compile(() => optimizer.minimize(() => void x.matmul(x)))()],
  ["a number looked at in compile", () => void compile((a) => void a.item())(x)],
  ["an operator in compile", () => void compile((a) => void (a > 1))(x)],
  ["a compiled function within another", () => void compile((a) => nested(a))(x), "// nested"],
  ["a session without feeds", () => inGraph((node) => void new Session().run(node, 3))],
  ["a session that is not fed", () => inGraph((node) => void new Session().run(node))],
  ["a session fed wrongly", () => inGraph((node) => void new Session().run(node, [[node, 1]]))],
  ["an unknown shape", () => inGraph((node) => void node.shape)],
  ["the callback of asDefault", () => void new Graph().asDefault(() => void x.matmul(x))],
  ["an operation of the user's", () => void Failing.apply(x), "// compute"],
  ["an operation of the user's in compile", () => void compile((a) => Failing.apply(a))(x), "// compute"],
  ["an operation of the user's in a session", () => inGraph((node, fed) => void new Session().run(Failing.apply(node), [[fed, x]])), "// compute"],
  ["an operation that is made of no list", () => void new Graph().asDefault(() => void new Doubled(3))],
  ["an operation with a constructor", () => void new Graph().asDefault(() => new Written(3)), "// constructor"],
  ["apply of what is no tensor", () => void Doubled.apply("a")],
  ["a gradient rule", () => void grad((a) => Doubled.apply(a).sum())(x), "// rule"],
  ["an asynchronous call", async () => void await picking.async(x, new Date(0))],
  ["an asynchronous call whose program fails", async () => void await picking.async(x, tensor([8], { dtype: "int32" }))],
  ["gunzip", async () => void await gunzip(new Uint8Array(3))],
];

const thrower = () => {
  throw own;
};
/** Where an error of the user's own passes through the library. */
const passages = [
  ["compile", () => compile(thrower)()],
  ["a nested compiled function", () => compile(() => compile(thrower)())()],
  ["grad", () => grad(thrower)(x)],
  ["minimize", () => optimizer.minimize(thrower)],
  ["asDefault", () => new Graph().asDefault(thrower)],
  ["compute", () => Throwing.apply(x)],
  ["compute in a compiled function", () => compile((a) => Throwing.apply(a))(x)],
  ["an option's getter", () => sum(x, 0, Object.defineProperty({}, "keepDims", { get: thrower, enumerable: true }))],
  ["an asynchronous call", () => compile(thrower).async()],
];

function inGraph(body) {
  return new Graph().asDefault(() => {
    const fed = placeholder();
    return body(fed.mul(2), fed);
  });
}

/** The first call of a stack: everything after "at". */
function firstCall(stack) {
  return /\n\s+at (.*)/.exec(stack)?.[1] ?? "";
}

/** For each wrong call, the line that its error's stack begins at, and the text that the line has to have. */
async function findLines() {
  const lines = [];
  for (const [name, call, mark] of calls) {
    const error = await caught(call);
    Graph.clearDefault();
    const line = Number(/error_lines\.mjs:(\d+)/.exec(firstCall(error.stack))?.[1]);
    lines.push({ name, message: error.message, line, text: mark ?? `["${name}"`, stack: error.stack });
  }
  return lines;
}

/** For each passage, whether the user's own error came out as it went in. */
async function findPassages() {
  const found = [];
  for (const [name, call] of passages) {
    found.push({ name, same: await caught(call) === own, untouched: own.stack === ownStack });
  }
  return found;
}

async function caught(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return new Error("nothing was thrown");
}

console.log(JSON.stringify({ lines: await findLines(), passages: await findPassages() }));
workers.close();
