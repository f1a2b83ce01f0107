/**
 * The oracles of composites. One that has none has expected values in its own test.
 * @module
 */
import type { Shape } from "../../mod.ts";
import type { Attributes } from "../../src/ops/op.ts";
import type { CompositeName } from "../../src/ops/table.ts";
import { arrangementOracles } from "./arrangement.ts";
import { convolutionOracles } from "./convolution.ts";
import { creationOracles } from "./creation.ts";
import { matmulOracles } from "./matmul.ts";
import { neuralOracles } from "./neural.ts";
import type { Oracle, OracleOfSeveral } from "./oracle.ts";
import { poolingOracles } from "./pooling.ts";
import { reduceOracles } from "./reduce.ts";
import { sortOracles, topKOracle } from "./sort.ts";

/** By name. An oracle is only ever given the attributes of its own operation. */
export const oracles = {
  ...arrangementOracles,
  ...creationOracles,
  ...reduceOracles,
  ...matmulOracles,
  ...convolutionOracles,
  ...poolingOracles,
  ...sortOracles,
  ...neuralOracles,
} satisfies Partial<Record<CompositeName, Oracle<never>>> as unknown as Readonly<
  Partial<Record<CompositeName, Oracle>>
>;

/** Of operations with several results, and what they are tested with. */
export const oraclesOfSeveral: Readonly<
  Record<string, { readonly oracle: OracleOfSeveral; readonly attributes: (shape: Shape) => readonly Attributes[] }>
> = {
  topK: {
    oracle: topKOracle as OracleOfSeveral, // as above
    attributes: (shape) =>
      shape.flatMap((length, axis) => [
        { k: length, axis, largest: true },
        { k: Math.ceil(length / 2), axis: axis - shape.length, largest: false },
      ]),
  },
};
