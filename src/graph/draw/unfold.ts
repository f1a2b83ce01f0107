/**
 * The functions that operations own, as drawings show them: what is computed in one lies between the operation's inputs and
 * the operation.
 * @module
 */
import type { ShownNode } from "../print.ts";

/** What is drawn of nodes, inputs before consumers, those of the functions that they own among them. */
export function unfold(nodes: readonly ShownNode[]): ShownNode[] {
  const drawn: ShownNode[] = [];
  addNodes(nodes, [], undefined, drawn);
  return drawn;
}

/** Adds the nodes of a graph; the first of them are those at `given`. Returns where each is. */
function addNodes(
  nodes: readonly ShownNode[],
  given: readonly number[],
  owner: string | undefined,
  drawn: ShownNode[],
): number[] {
  const places = [...given];
  for (const node of nodes.slice(given.length)) {
    const inputs = node.inputs.map((input) => places[input]!); // inputs come first
    const results = node.bodies.flatMap(({ nodes, results }) => {
      const inner = addNodes(nodes, inputs, node.word, drawn);
      return results.map((result) => inner[result]!);
    });
    const attributes = owner === undefined ? node.attributes : [...node.attributes, `in ${owner}`];
    places.push(drawn.push({ ...node, attributes, inputs: node.bodies.length > 0 ? results : inputs }) - 1);
  }
  return places;
}
