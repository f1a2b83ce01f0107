/**
 * Why a compiled function is traced again, in words.
 * @module
 */
import type { TensorType } from "../tensor_type.ts";
import type { Structure } from "../tree.ts";
import type { LeafOutline, Outline } from "./signature.ts";

/** A sentence, and how many differences it tells of. */
interface Difference {
  readonly text: string;
  readonly count: number;
}

/** A node of the arguments' structure. */
type ArgumentLocation =
  | { readonly kind: "leaf"; readonly leaf: LeafOutline }
  | { readonly kind: "array"; readonly length: number }
  | { readonly kind: "object"; readonly keys: readonly string[] };

/** A tensor or a Variable that both signatures have at a place. */
interface ArgumentPair {
  readonly path: string;
  readonly now: LeafOutline & { readonly kind: "tensor" | "variable" };
  readonly before: LeafOutline & { readonly kind: "tensor" | "variable" };
}

/** Longer strings are cut off. */
const shownLength = 40;

/**
 * How a signature differs from the nearest of those before it, a sentence per difference. The nearest is the one with
 * the fewest differences (each axis, dtype, value and place counts), and of several the last.
 */
export function differencesFromNearest(now: Outline, before: Iterable<Outline>): readonly string[] {
  let nearest: readonly Difference[] = [];
  let fewest = Infinity;
  for (const each of before) {
    const differences = differencesOf(now, each);
    const count = differences.reduce((sum, difference) => sum + difference.count, 0);
    if (count <= fewest) [nearest, fewest] = [differences, count];
  }
  return nearest.map(({ text }) => text);
}

function differencesOf(now: Outline, before: Outline): readonly Difference[] {
  const earlier = argumentLocationsOf(before);
  const structural: Difference[] = [];
  const leaves: Difference[] = [];
  const pairs: ArgumentPair[] = [];
  for (const [path, place] of argumentLocationsOf(now)) {
    const other = earlier.get(path);
    if (other === undefined) continue; // what holds it was reported
    if (place.kind !== "leaf" || other.kind !== "leaf") {
      structural.push(...compareStructures(path, place, other));
      continue;
    }
    leaves.push(...compareLeaves(path, place.leaf, other.leaf));
    if (isShareable(place.leaf) && isShareable(other.leaf)) pairs.push({ path, now: place.leaf, before: other.leaf });
  }
  return [
    ...(structural.length === 0 ? [] : [{
      text: `the structure of the arguments changed: ${structural.map(({ text }) => text).join(", ")}`,
      count: structural.reduce((sum, { count }) => sum + count, 0),
    }]),
    ...leaves,
    ...compareSharing(pairs),
  ];
}

/** Every node of the structure under its path: `argument0.layers[1]`. */
function argumentLocationsOf({ structure, leaves }: Outline): Map<string, ArgumentLocation> {
  const places = new Map<string, ArgumentLocation>();
  let next = 0;
  const visit = (node: Structure, path: string): void => {
    switch (node.kind) {
      case "leaf":
        places.set(path, { kind: "leaf", leaf: leaves[next++]! });
        break;
      case "array":
        places.set(path, { kind: "array", length: node.children.length });
        node.children.forEach((child, index) => visit(child, path === "" ? `argument${index}` : `${path}[${index}]`));
        break;
      case "object":
        places.set(path, { kind: "object", keys: node.keys });
        node.children.forEach((child, index) => visit(child, memberPath(path, node.keys[index]!)));
        break;
      default:
        node satisfies never;
    }
  };
  visit(structure, "");
  return places;
}

/** The path of a property, as a program would write it, so that no two places have the same. */
function memberPath(path: string, key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function compareStructures(path: string, now: ArgumentLocation, before: ArgumentLocation): readonly Difference[] {
  if (now.kind === "array" && before.kind === "array") {
    if (now.length === before.length) return [];
    const lengths = path === ""
      ? `${counted(now.length, "argument")} instead of ${before.length}`
      : `${path} has ${counted(now.length, "element")} instead of ${before.length}`;
    return [{ text: lengths, count: Math.abs(now.length - before.length) }];
  }
  if (now.kind === "object" && before.kind === "object") {
    const [keys, earlier] = [new Set(now.keys), new Set(before.keys)];
    const changes = [
      ...now.keys.filter((key) => !earlier.has(key)).map((key) => `${memberPath(path, key)} is new`),
      ...before.keys.filter((key) => !keys.has(key)).map((key) => `${memberPath(path, key)} is missing`),
    ];
    if (changes.length === 0 && now.keys.some((key, index) => key !== before.keys[index])) {
      changes.push(`${path} has its properties in another order`);
    }
    return changes.map((text) => ({ text, count: 1 }));
  }
  return [{ text: `${path} is ${describePlace(now)} instead of ${describePlace(before)}`, count: 1 }];
}

function describePlace(place: ArgumentLocation): string {
  switch (place.kind) {
    case "leaf":
      return describeLeaf(place.leaf);
    case "array":
      return `an array of ${counted(place.length, "element")}`;
    case "object":
      return "an object";
    default:
      return place satisfies never;
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function compareLeaves(path: string, now: LeafOutline, before: LeafOutline): readonly Difference[] {
  if (now.kind === "variable" && before.kind === "variable") {
    return [...compareTypes(path, now.type, before.type), ...compareVariables(path, now, before)];
  }
  if (now.kind === "tensor" && before.kind === "tensor") return compareTypes(path, now.type, before.type);
  if (now.kind === "number" && before.kind === "number") {
    if (now.isStatic && !Object.is(now.value, before.value)) {
      return [{ text: `${path}: ${describeLeaf(now)} instead of ${describeLeaf(before)} (static)`, count: 1 }];
    }
    if (now.isFraction === before.isFraction) return [];
    const text = now.isFraction
      ? `${path} is ${now.value}: a number that is not whole meets an integer tensor`
      : `${path} is ${now.value}: a number that may meet an integer tensor, instead of one that is not whole`;
    return [{ text, count: 1 }];
  }
  if (now.kind === "constant" && before.kind === "constant") {
    if (now.value === before.value) return [];
    return [{ text: `${path}: ${compareConstants(now.value, before.value)}`, count: 1 }];
  }
  // Another kind of thing is as much of a change as a tensor none of whose axes agree.
  const count = 1 + Math.max(...[now, before].map((leaf) => isShareable(leaf) ? leaf.type.shape.length : 0));
  return [{ text: `${path}: ${describeLeaf(now)} instead of ${describeLeaf(before)}`, count }];
}

function compareTypes(path: string, now: TensorType, before: TensorType): readonly Difference[] {
  if (now.key === before.key) return [];
  const [rank, earlier] = [now.shape.length, before.shape.length];
  const details = now.dtype === before.dtype ? [] : ["dtype"];
  if (rank !== earlier) details.push(`rank ${rank} instead of ${earlier}`);
  else {
    now.shape.forEach((length, axis) => {
      if (length !== before.shape[axis]) details.push(`axis ${axis}: ${length} instead of ${before.shape[axis]}`);
    });
  }
  return [{
    text: `${path}: ${now} instead of ${before} (${details.join(", ")})`,
    count: details.length + (rank === earlier ? 0 : Math.max(rank, earlier) - 1),
  }];
}

type VariableOutline = LeafOutline & { readonly kind: "variable" };

function compareVariables(path: string, now: VariableOutline, before: VariableOutline): readonly Difference[] {
  const texts: string[] = [];
  if (now.trainable !== before.trainable) {
    texts.push(
      now.trainable
        ? `${path}: a trainable Variable instead of one that is not`
        : `${path}: a Variable that is not trainable instead of one that is`,
    );
  }
  if (now.exact !== undefined && before.exact !== undefined) {
    if (now.exact.identity !== before.exact.identity) {
      texts.push(
        now.exact.own
          ? `${path} is the Variable ${now.name}, which the function also uses itself, instead of ${before.name}`
          : `${path} is the Variable ${now.name} instead of ${before.name}`,
      );
    }
  } else if (now.exact?.own) {
    texts.push(`${path} is the Variable ${now.name}, which the function also uses itself`);
  } else if (before.exact?.own) {
    texts.push(`${path} is any Variable instead of ${before.name}, which the function also uses itself`);
  }
  return texts.map((text) => ({ text, count: 1 }));
}

type FrozenValue = (LeafOutline & { readonly kind: "constant" })["value"];

function compareConstants(now: FrozenValue, before: FrozenValue): string {
  const [shown, earlier] = [describeConstant(now), describeConstant(before)];
  if (shown !== earlier || typeof now !== "string" || typeof before !== "string") {
    return `${shown} instead of ${earlier}`;
  }
  let same = 0;
  while (now[same] === before[same]) same++; // they differ somewhere
  return `${shown} with another character ${same}`;
}

function describeConstant(value: FrozenValue): string {
  if (typeof value !== "string") return String(value);
  return value.length <= shownLength ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, shownLength))}…`;
}

function describeLeaf(leaf: LeafOutline): string {
  switch (leaf.kind) {
    case "tensor":
      return `a tensor of ${leaf.type}`;
    case "variable":
      return `a Variable of ${leaf.type}`;
    case "number":
      return !leaf.isStatic ? "a number" : Object.is(leaf.value, -0) ? "-0" : String(leaf.value);
    case "constant":
      return describeConstant(leaf.value);
    default:
      return leaf satisfies never;
  }
}

function isShareable(leaf: LeafOutline): leaf is ArgumentPair["now"] {
  return leaf.kind === "tensor" || leaf.kind === "variable";
}

/** Which places hold the same object that did not before, and the other way round. */
function compareSharing(pairs: readonly ArgumentPair[]): readonly Difference[] {
  const now = ({ now: { first } }: ArgumentPair): number => first;
  const before = ({ before: { first } }: ArgumentPair): number => first;
  const tell = (end: string) => (members: readonly ArgumentPair[]): Difference => {
    const paths = members.map(({ path }) => path);
    const what = members[0]!.now.kind === "variable" ? "Variable" : "tensor";
    return { text: `${paths.slice(0, -1).join(", ")} and ${paths.at(-1)} are ${end.replace("*", what)}`, count: 1 };
  };
  return [
    ...brokenUp(pairs, now, before).map(tell("the same * now")),
    ...brokenUp(pairs, before, now).map(tell("not the same * any more")),
  ];
}

/** The groups that `by` makes and `other` does not: the first member of each, and those that `other` parts from it. */
function brokenUp(
  pairs: readonly ArgumentPair[],
  by: (pair: ArgumentPair) => number,
  other: (pair: ArgumentPair) => number,
): readonly (readonly ArgumentPair[])[] {
  const groups = new Map<number, ArgumentPair[]>();
  for (const pair of pairs) {
    const group = groups.get(by(pair));
    if (group === undefined) groups.set(by(pair), [pair]);
    else if (other(pair) !== other(group[0]!)) group.push(pair);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
