/**
 * Tensors as NumPy prints them.
 * @module
 */
import { isFloating } from "./dtype.ts";
import { stridesOf } from "./shape.ts";
import { elementsOf, type Tensor } from "./tensor.ts";

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
  const { shape, dtype } = tensor;
  const data = elementsOf(tensor);
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
    ? floatFormatter(offsets.map((offset) => data[offset]!), dtype === "float64" ? "float64" : "float32")
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

/**
 * NumPy's rule: as many digits behind the point as the number that needs most, at most 8; scientific when numbers are
 * very large or small, or their range is wide.
 */
function floatFormatter(values: readonly number[], dtype: "float32" | "float64"): (value: number) => string {
  const shortest = dtype === "float32" ? shortestFloat32 : (value: number): number => value; // JavaScript's own is float64's
  const magnitudes = values.filter((value) => Number.isFinite(value) && value !== 0).map((value) =>
    Math.abs(shortest(value))
  );
  const largest = magnitudes.reduce((x, y) => Math.max(x, y), 0);
  const smallest = magnitudes.reduce((x, y) => Math.min(x, y), Infinity);
  const special = (value: number): string | undefined =>
    Number.isNaN(value) ? "nan" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : undefined;
  if (magnitudes.length > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000)) {
    const digits = Math.max(...magnitudes.map((value) => mantissaDigits(value)));
    return (value) => special(value) ?? formatScientific(shortest(value), Math.min(digits, 8));
  }
  const digits = Math.max(0, ...magnitudes.map((value) => fractionDigits(value)));
  return (value) => {
    const text = special(value);
    if (text !== undefined) return text;
    const sign = Object.is(value, -0) ? "-" : "";
    const fixed = sign + shortest(value).toFixed(digits);
    return digits === 0 ? `${fixed}.` : fixed.replace(/0+$/, (zeros) => " ".repeat(zeros.length));
  };
}

/** The number with the fewest digits that is the same float32. */
function shortestFloat32(value: number): number {
  if (value === 0) return value; // the text would lose the sign
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** Digits behind the point, trailing zeros left out, at most 8. */
function fractionDigits(value: number): number {
  const [, fraction = ""] = value.toFixed(8).split(".");
  return fraction.replace(/0+$/, "").length;
}

/** Digits behind the point of the mantissa. */
function mantissaDigits(value: number): number {
  const [mantissa = ""] = value.toExponential().split("e");
  return Math.max(0, mantissa.replace(".", "").length - 1);
}

function formatScientific(value: number, digits: number): string {
  const [mantissa = "0", exponent = "+0"] = value.toExponential(digits).split("e");
  const sign = Object.is(value, -0) ? "-" : "";
  return `${sign}${digits === 0 ? `${mantissa}.` : mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
