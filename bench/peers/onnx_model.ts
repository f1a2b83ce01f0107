/**
 * Models for ONNX Runtime: a graph of operators as the bytes of ONNX's protocol buffers. Field numbers are those of
 * [onnx.proto](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

/** An attribute of an operator. */
export type Attribute = number | { readonly float: number };

/** An operator: what it is called, what it reads, and the name of its result. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A graph of float32 arrays. */
export interface Model {
  readonly nodes: readonly Node[];
  /** The shapes of what it is fed, by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Numbers that it holds, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** The names of its results. */
  readonly outputs: readonly string[];
}

const operatorSet = 20;
const irVersion = 9;
const float32 = 1;
const intAttribute = 2;
const floatAttribute = 1;

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value & 127 | 128);
  return [...bytes, value];
}

const integer = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const message = (field: number, bytes: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);
const bytesOf = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)]; // little-endian machines

function attribute(name: string, value: Attribute): number[] {
  const typed = typeof value === "number"
    // A negative one has the bits of a 64-bit integer.
    ? [...value < 0 ? negative(3, value) : integer(3, value), ...integer(20, intAttribute)]
    : [...varint(2 * 8 + 5), ...bytesOf(value.float), ...integer(20, floatAttribute)];
  return [...text(1, name), ...typed];
}

function negative(field: number, value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...varint(field * 8), ...bytes, Number(rest)];
}

function node({ operator, inputs, output, attributes = {} }: Node): number[] {
  return [
    ...inputs.flatMap((input) => text(1, input)),
    ...text(2, output),
    ...text(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, attribute(name, value))),
  ];
}

/** A float32 array's name, and its shape where that is known. */
function valueInfo(name: string, shape?: readonly number[]): number[] {
  const dimensions = shape?.flatMap((length) => message(1, integer(1, length)));
  const type = [...integer(1, float32), ...dimensions === undefined ? [] : message(2, dimensions)];
  return [...text(1, name), ...message(2, message(1, type))];
}

function constant(name: string, value: number): number[] {
  return [...integer(2, float32), ...text(8, name), ...message(9, bytesOf(value))]; // a scalar: no dimensions
}

/** The bytes of a model. */
export function encode({ nodes, inputs, constants = {}, outputs }: Model): Uint8Array {
  const graph = [
    ...nodes.flatMap((each) => message(1, node(each))),
    ...text(2, "graph"),
    ...Object.entries(constants).flatMap(([name, value]) => message(5, constant(name, value))),
    ...Object.entries(inputs).flatMap(([name, shape]) => message(11, valueInfo(name, shape))),
    ...outputs.flatMap((name) => message(12, valueInfo(name))),
  ];
  const operators = [...text(1, ""), ...integer(2, operatorSet)];
  return Uint8Array.from([...integer(1, irVersion), ...message(7, graph), ...message(8, operators)]);
}
