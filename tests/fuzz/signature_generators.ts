/**
 * The generator of an operation whose attributes are called what the arguments and options of its public function are: it
 * follows from the function's signature.
 * @module
 */
import { tensor } from "../../mod.ts";
import * as kinds from "../../src/public/kinds.ts";
import type { Kind, Signature } from "../../src/public/signature.ts";
import {
  type Application,
  broadcasting,
  type Generator,
  ranked,
  someAxes,
  type Source,
  unary,
} from "./generator_kinds.ts";

type Draw = (source: Source, rank: number) => unknown;

/** What is drawn for an argument that is no operand, by its kind. */
const draws: readonly (readonly [Kind, Draw])[] = [
  [kinds.axis, (source, rank) => source.next(2 * rank) - rank],
  [kinds.axes, (source, rank) => someAxes(source, rank) ?? [...Array(rank).keys()]],
  [kinds.count, (source) => source.next(4)],
  [kinds.whole, (source) => source.next(5) - 2],
  [kinds.number, (source) => source.next(9) / 4 - 1],
  [kinds.finite, (source) => source.next(9) / 4 - 1],
  [kinds.boolean, (source) => source.next(2) === 1],
];

/** An optional kind is another object than the kind; what it accepts is the same. */
function drawOf(kind: Kind): Draw | undefined {
  return draws.find(([{ is, fits }]) => is === kind.is && fits === kind.fits)?.[1];
}

const isOperand = (kind: Kind): boolean => kind.words === kinds.operand.words;

/** A generator that follows from a signature. Throws for arguments of which nothing says how they are drawn. */
export function generatorOf({ name, positional, options = {} }: Signature): Generator {
  const operands = Object.values(positional).filter(isOperand);
  const drawn = [...Object.entries(positional), ...Object.entries(options)].filter(([, kind]) => !isOperand(kind));
  const attributes = drawn.map(([argument, kind]) => {
    const draw = drawOf(kind);
    if (operands.length === 0 || draw === undefined) {
      throw new Error(`Cannot draw ${argument} of ${name}: it is ${kind.words}; give ${name} a generator of its own`);
    }
    return [argument, draw] as const;
  });
  const needsAxis = drawn.some(([, { is }]) => is === kinds.axis.is || is === kinds.axes.is);
  const fits = needsAxis ? ranked : undefined;
  const pick = operands.length === 1 ? unary(fits) : broadcasting(operands.length, fits);
  return (source): Application => {
    const applied = pick(source);
    if (applied === undefined) return undefined;
    const rank = Math.max(...applied.inputs.map((input) => source.typeOf(input).shape.length));
    return {
      ...applied,
      attributes: Object.fromEntries(attributes.map(([argument, draw]) => [argument, draw(source, rank)])),
    };
  };
}

/** The simplest application that a generator finds to operands of this shape; undefined if it finds none. */
export function simplestOf(generator: Generator, shape: readonly number[]): Application {
  const { type } = tensor(new Float64Array(shape.reduce((product, length) => product * length, 1)), {
    shape,
    dtype: "float64",
  });
  return generator({
    next: (count) => Math.min(1, count - 1),
    pick: () => 0,
    typeOf: () => type,
    leaf: () => 0,
    number: () => 0,
  });
}
