/**
 * Trees: values in arrays and plain objects, as functions take and return them.
 * @module
 */
import { Value } from "./value.ts";

/** A leaf, or an array or plain object of trees. */
export type Tree = unknown;

/** What a tree looks like without its leaves. */
export type Structure =
  | { readonly kind: "leaf" }
  | { readonly kind: "array"; readonly children: readonly Structure[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly children: readonly Structure[] };

const leafStructure: Structure = { kind: "leaf" };

/** The leaves of a tree, from left to right, their paths (`[0].weights`), and its structure. */
export function flatten(tree: Tree): { leaves: unknown[]; paths: string[]; structure: Structure } {
  const leaves: unknown[] = [];
  const paths: string[] = [];
  const visit = (node: unknown, path: string): Structure => {
    if (Array.isArray(node)) {
      const children: Structure[] = [];
      // A hole is undefined, as reading it gives: map would leave it out, and with it an element of the key.
      for (let index = 0; index < node.length; index++) children.push(visit(node[index], `${path}[${index}]`));
      return { kind: "array", children };
    }
    if (isRecord(node)) {
      const keys = Object.keys(node);
      return { kind: "object", keys, children: keys.map((key) => visit(node[key], `${path}.${key}`)) };
    }
    leaves.push(node);
    paths.push(path);
    return leafStructure;
  };
  return { leaves, paths, structure: visit(tree, "") };
}

/** The tree of this structure with these leaves. */
export function unflatten(structure: Structure, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (node: Structure): unknown => {
    switch (node.kind) {
      case "leaf":
        return leaves[next++];
      case "array":
        return node.children.map(build);
      case "object":
        return Object.fromEntries(node.children.map((child, index) => [node.keys[index]!, build(child)]));
      default:
        return node satisfies never;
    }
  };
  return build(structure);
}

/** A structure as a string; equal strings are equal structures. */
export function structureKey(structure: Structure): string {
  switch (structure.kind) {
    case "leaf":
      return "*";
    case "array":
      return `[${structure.children.map(structureKey).join()}]`;
    case "object":
      return `{${
        structure.children.map((child, index) => `${JSON.stringify(structure.keys[index])}:${structureKey(child)}`)
          .join()
      }}`;
    default:
      return structure satisfies never;
  }
}

function isRecord(node: unknown): node is Record<string, unknown> {
  if (typeof node !== "object" || node === null || node instanceof Value) return false;
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}
