/** What is used of jax-js. */

/**
 * An array, which whoever is given it owns: a function uses up its arguments, and `ref` is the array once more.
 */
export interface Arr {
  readonly ref: Arr;
  readonly shape: number[];
  readonly size: number;
  dispose(): void;
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  reshape(shape: number | readonly number[]): Arr;
  transpose(axes?: readonly number[]): Arr;
  sum(): Arr;
}

/** Arrays by name. */
export type Arrays = Readonly<Record<string, Arr>>;

/** The part of the library that computes, and the part that manages it. */
export interface Jax {
  init(device: "wasm"): Promise<string[]>;
  defaultDevice(device: "wasm"): string;
  blockUntilReady(arrays: Arrays): Promise<unknown>;
  jit(compute: (operands: Arrays) => Arrays): ((operands: Arrays) => Arrays) & { dispose(): void };
  valueAndGrad(compute: (differentiated: Arrays, rest: Arrays) => Arr): (
    differentiated: Arrays,
    rest: Arrays,
  ) => [Arr, Arrays];
  readonly tree: { ref(arrays: Arrays): Record<string, Arr>; dispose(arrays: Arrays): void };
  readonly numpy: {
    array(data: Float32Array | Int32Array, options: { readonly shape: readonly number[] }): Arr;
    matmul(a: Arr, b: Arr): Arr;
    exp(x: Arr): Arr;
    tanh(x: Arr): Arr;
    sqrt(x: Arr): Arr;
    square(x: Arr): Arr;
    reciprocal(x: Arr): Arr;
    max(x: Arr): Arr;
    mean(x: Arr, axis?: number, options?: { readonly keepdims: boolean }): Arr;
    split(x: Arr, parts: number, axis: number): Arr[];
  };
  readonly nn: {
    relu(x: Arr): Arr;
    softmax(x: Arr): Arr;
    logSoftmax(x: Arr): Arr;
    oneHot(classes: Arr, count: number): Arr;
    gelu(x: Arr, options: { readonly approximate: boolean }): Arr;
    dotProductAttention(q: Arr, k: Arr, v: Arr): Arr;
  };
  readonly lax: {
    conv(x: Arr, w: Arr, strides: readonly number[], padding: "SAME"): Arr;
    reduceWindow(x: Arr, compute: (window: Arr) => Arr, window: readonly number[], strides: readonly number[]): Arr;
  };
}
