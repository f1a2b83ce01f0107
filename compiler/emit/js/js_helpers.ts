/**
 * What the text of a kernel may call by name. A kernel is also loaded where there is no op table, so this file imports
 * only modules that import nothing.
 * @module
 */
import { erf } from "../../../src/ops/numerics/erf.ts";
import {
  floorQuotient,
  floorRemainder,
  integerPower,
  integerQuotient,
  integerRemainder,
  logistic,
  power,
  roundHalfToEven,
} from "../../../src/ops/numerics/scalars.ts";
import { outOfRange } from "../index_fault.ts";
import { offsetTable, panel } from "./panel.ts";

/** Functions of numbers, the op table's own, that kernels call by name whatever they are written in. */
export const scalarHelpers = {
  erf,
  floorQuotient,
  floorRemainder,
  integerPower,
  integerQuotient,
  integerRemainder,
  logistic,
  power,
  roundHalfToEven,
};

const helpers = { ...scalarHelpers, offsetTable, outOfRange, panel };

/** A name that the text of a kernel may call. */
export type HelperName = keyof typeof helpers;

/** The functions, by name: the op table's own, so that kernels compute what it does. */
export const jsHelpers: Readonly<Record<string, (...args: never[]) => unknown>> = helpers;
