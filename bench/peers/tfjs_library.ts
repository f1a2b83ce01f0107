/** What is used of TensorFlow.js. */

/** An array that it holds until it is disposed of. */
export interface Tensor {
  readonly shape: number[];
  dispose(): void;
  data(): Promise<Float32Array | Int32Array | Uint8Array>;
}

type Operand = Tensor | number;
type Loss = () => Tensor;

/** The part of the library that takes numbers to numbers, and the part that manages it. */
export interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  env(): { set(flag: string, value: boolean): void };
  tidy<T>(compute: () => T): T;
  keep<T extends Tensor>(tensor: T): T;
  tensor(data: Float32Array | Int32Array, shape?: readonly number[], dtype?: "float32" | "int32"): Tensor;
  variable(initial: Tensor): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  add(a: Tensor, b: Operand): Tensor;
  sub(a: Tensor, b: Operand): Tensor;
  mul(a: Tensor, b: Operand): Tensor;
  exp(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  erf(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  sum(x: Tensor): Tensor;
  mean(x: Tensor, axis?: number, keepDims?: boolean): Tensor;
  softmax(x: Tensor): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  transpose(x: Tensor, axes: readonly number[]): Tensor;
  split(x: Tensor, parts: number, axis: number): Tensor[];
  conv2d(x: Tensor, filter: Tensor, stride: number, padding: "same"): Tensor;
  maxPool(x: Tensor, size: number, stride: number, padding: "same"): Tensor;
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  valueAndGrads(f: (...xs: Tensor[]) => Tensor): (xs: Tensor[], dy?: Tensor) => { value: Tensor; grads: Tensor[] };
  readonly train: {
    sgd(learningRate: number): { minimize(loss: Loss, returnCost: true, variables: Tensor[]): Tensor };
  };
}
