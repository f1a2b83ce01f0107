/**
 * Host calls: an operation's own `compute`, on the calling thread, in the middle of a program.
 * @module
 */
import type { TypedArray } from "../../src/dtype.ts";
import { computeNode } from "../../src/graph/interpret.ts";
import { type Operation, TableOperation } from "../../src/graph/operation.ts";
import { equalShapes } from "../../src/shape.ts";
import { tensorOver } from "../../src/tensor.ts";
import type { TensorType } from "../../src/tensor_type.ts";

/** What is called, with which of the program's buffers. */
export interface HostCall {
  readonly node: Operation;
  readonly inputs: readonly { readonly buffer: number; readonly type: TensorType }[];
  readonly output: number;
}

/** Makes a host call. A user's operation gets copies, which it may keep; the library's own read what is there. */
export function callHost({ node, inputs, output }: HostCall, arrays: readonly TypedArray[]): void {
  const own = node instanceof TableOperation;
  const tensors = inputs.map(({ buffer, type }) => tensorOver(own ? arrays[buffer]! : arrays[buffer]!.slice(), type));
  const result = computeNode(node, tensors);
  const expected = node.type!; // every type of a program is known
  if (!equalShapes(result.type.shape, expected.shape)) {
    throw new RangeError(
      `Cannot run ${node.name}: its compute returned ${result.type} where ${expected} was expected`,
    );
  }
  arrays[output]!.set(result.data);
}
