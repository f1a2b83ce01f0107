/**
 * Tensors as NumPy prints them.
 * @module
 */
import { isFloating } from "./dtype.ts";
import { stridesOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Longer tensors show only the first and last {@linkcode edge} elements of each axis. */
const summarizeAbove = 1000;
const edge = 3;

/** `tensor([[1. , 2.5],\n        [3. , 4. ]])`, with the dtype where it is not the one such numbers take by default. */
export function formatTensor(tensor: Tensor): string {
  const { shape, dtype, size } = tensor;
  const body = size === 0 ? "[]" : formatElements(tensor, "tensor(".length);
  const notes = [
    ...(size === 0 && shape.length !== 1 ? [`shape=[${shape.join(", ")}]`] : []),
    ...(dtype === "float32" || dtype === "bool" && size > 0 ? [] : [`dtype=${dtype}`]),
  ];
  return `tensor(${[body, ...notes].join(", ")})`;
}

function formatElements(tensor: Tensor, indent: number): string {
  const { shape, data, dtype } = tensor;
  const strides = stridesOf(shape);
  const summarize = tensor.size > summarizeAbove;

  /** Indices along an axis that are shown; −1 stands for the gap. */
  const shown = shape.map((length) =>
    summarize && length > 2 * edge
      ? [...Array(edge).keys(), -1, ...Array.from({ length: edge }, (_, index) => length - edge + index)]
      : [...Array(length).keys()]
  );
  const offsets: number[] = [];
  const collect = (axis: number, offset: number): void => {
    if (axis === shape.length) offsets.push(offset);
    else for (const index of shown[axis]!) if (index >= 0) collect(axis + 1, offset + index * strides[axis]!);
  };
  collect(0, 0);
  const formatNumber = dtype === "bool"
    ? (value: number): string => value ? "true" : "false"
    : isFloating(dtype)
    ? floatFormatter(offsets.map((offset) => data[offset]!), dtype === "float32" ? 8 : 17)
    : String;
  const texts = new Map(offsets.map((offset) => [offset, formatNumber(data[offset]!)]));
  const width = Math.max(...[...texts.values()].map((text) => text.length));

  const write = (axis: number, offset: number): string => {
    if (axis === shape.length) return (texts.get(offset) ?? "").padStart(shape.length === 0 ? 0 : width);
    const last = axis === shape.length - 1;
    const separator = last ? ", " : `,${"\n".repeat(shape.length - 1 - axis)}${" ".repeat(indent + axis + 1)}`;
    const parts = shown[axis]!.map((index) => index < 0 ? "..." : write(axis + 1, offset + index * strides[axis]!));
    return `[${parts.join(separator)}]`;
  };
  return write(0, 0);
}

/** NumPy's rule: at most 8 digits behind the point, as many as the number that needs most; scientific when the range is wide. */
function floatFormatter(values: readonly number[], precision: number): (value: number) => string {
  const magnitudes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const largest = Math.max(0, ...magnitudes);
  const smallest = Math.min(Infinity, ...magnitudes);
  const special = (value: number): string | undefined =>
    Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : undefined;
  const shortest = (value: number): number => Number(value.toPrecision(precision));
  if (largest >= 1e8 || magnitudes.length > 0 && (smallest < 1e-4 || largest / smallest > 1000 && largest >= 1e5)) {
    return (value) => special(value) ?? trimScientific(value, precision);
  }
  let digits = 0;
  for (const value of magnitudes) {
    const [, fraction = ""] = shortest(value).toFixed(8).split(".");
    digits = Math.max(digits, fraction.replace(/0+$/, "").length);
  }
  return (value) => {
    const text = special(value);
    if (text !== undefined) return text;
    const fixed = value.toFixed(digits);
    return digits === 0 ? `${fixed}.` : fixed.replace(/0+$/, (zeros) => " ".repeat(zeros.length));
  };
}

function trimScientific(value: number, precision: number): string {
  const [mantissa = "0", exponent = "+0"] = value.toExponential(Math.min(precision, 9) - 1).split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/0+$/, "") : `${mantissa}.`;
  return `${trimmed}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
