/**
 * What the examples draw with: a live progress line, a map of a classifier's decisions, and images. Colours and
 * cursor movement are used only when the output is a terminal; a file or a pipe gets plain characters.
 */
import process from "node:process";
import { type Tensor, tensor, type Value } from "../mod.ts";

const interactive = process.stdout.isTTY === true;

/** Replaces the progress line, on a terminal. An empty text removes it. */
export function progress(text: string): void {
  if (interactive) process.stdout.write(`\r\x1b[2K${text}`);
}

/** Prints a line for good, above the progress line. */
export function print(line: string): void {
  progress("");
  console.log(line);
}

/** A bar that is filled to a fraction between 0 and 1. */
export function bar(fraction: number, width = 24): string {
  const filled = Math.round(fraction * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** A colour of the terminal's 6×6×6 cube, each channel from 0 to 1. */
function cube(red: number, green: number, blue: number): number {
  const level = (channel: number): number => Math.round(5 * Math.min(1, Math.max(0, channel)));
  return 16 + 36 * level(red) + 6 * level(green) + level(blue);
}

/** Rows of colours as text: a character shows two of them, one above the other. */
function pixels(rows: readonly (readonly number[])[]): string[] {
  const lines: string[] = [];
  for (let row = 0; row + 1 < rows.length; row += 2) {
    const cells = rows[row]!.map((top, column) => `\x1b[38;5;${top};48;5;${rows[row + 1]![column]}m▀`);
    lines.push(`${cells.join("")}\x1b[0m`);
  }
  return lines;
}

/** What a decision map shows. */
export interface DecisionMap {
  /** The probability of class 1 at each of `float32[n,2]` points: `float32[n]`. */
  readonly classify: (points: Tensor) => Value;
  /** The points the classifier was trained on, and their classes. */
  readonly points: Tensor;
  readonly classes: Tensor;
  /** Smallest and largest coordinate, on both axes. */
  readonly range: readonly [number, number];
}

/**
 * A picture of a classifier of two classes in the plane: red where it says class 0, blue where it says class 1 (`.` and
 * `+` without colours), with the training points in it (`0` and `1`).
 */
export function decisionMap({ classify, points, classes, range: [low, high] }: DecisionMap): string {
  const [width, height] = [56, 40];
  const coordinate = (index: number, count: number): number => low + (high - low) * (index + 0.5) / count;
  const grid = Array.from({ length: height * width }, (_, cell) => [
    coordinate(cell % width, width),
    coordinate(height - 1 - Math.floor(cell / width), height),
  ]);
  const probability = classify(tensor(grid)).data;
  const pointAt = new Map<number, number>();
  classes.data.forEach((label, index) => {
    const column = Math.floor((points.data[2 * index]! - low) / (high - low) * width);
    const row = height - 1 - Math.floor((points.data[2 * index + 1]! - low) / (high - low) * height);
    if (column >= 0 && column < width && row >= 0 && row < height) pointAt.set(row * width + column, label);
  });
  const rows = Array.from(
    { length: height },
    (_, row) => Array.from({ length: width }, (_, column) => row * width + column),
  );
  if (interactive) {
    return pixels(rows.map((row) =>
      row.map((cell) => {
        const point = pointAt.get(cell);
        if (point !== undefined) return point === 0 ? cube(1, 0.8, 0.6) : cube(0.6, 1, 1);
        const p = probability[cell]!;
        return cube(0.8 * (1 - p), 0, 0.8 * p);
      })
    )).join("\n");
  }
  return rows.filter((_, row) => row % 2 === 0).map((row) =>
    row.map((cell) => {
      const point = pointAt.get(cell) ?? pointAt.get(cell + width); // a character stands for two rows
      return point !== undefined ? String(point) : probability[cell]! < 0.5 ? "." : "+";
    }).join("")
  ).join("\n");
}

/** Grey images of one size, numbers from 0 to 1, side by side, with a line of text below each. */
export function drawImages(images: readonly Tensor[], captions: readonly string[]): string {
  const lines = images.map((image) => {
    const width = image.shape[1]!;
    const rows = Array.from(
      { length: image.shape[0]! },
      (_, row) => [...image.data.subarray(row * width, (row + 1) * width)],
    );
    if (interactive) return pixels(rows.map((row) => row.map((grey) => 232 + Math.round(23 * grey))));
    return rows.filter((_, row) => row % 2 === 0).map((row) =>
      row.map((grey) => " .:-=+*#%@"[Math.round(9 * grey)]).join("")
    );
  });
  const below = captions.map((caption, index) => caption.padEnd(images[index]!.shape[1]!)).join("  ");
  return [...lines[0]!.map((_, row) => lines.map((image) => image[row]).join("  ")), below].join("\n");
}
