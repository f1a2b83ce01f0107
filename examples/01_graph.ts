/**
 * A computational graph, built by hand: z = A·x + b.
 *
 *     deno run examples/01_graph.ts
 *     bun examples/01_graph.ts
 *
 * Prints the graph line by line, who consumes what, and z for x = [1, 2], which is [2, -1].
 */
import { add, Graph, matmul, placeholder, Session, Variable } from "../mod.ts";

const graph = new Graph();
graph.asDefault(); // from here on, nodes are added to this graph

const A = new Variable([[1, 0], [0, -1]], { name: "A" }); // a parameter, with a value of its own
const b = new Variable([1, 1], { name: "b" });
const x = placeholder({ name: "x" }); // an input: fed when the graph is run
const y = matmul(A, x); // nothing is computed here: y is a node that knows how
const z = add(y, b);

console.log("The graph, a node per line, inputs before their consumers:\n");
console.log(`${graph}\n`);

// Every operation is characterised by what it computes, its input nodes, and its consumers.
console.log(`inputs of z: ${z.inputNodes.map((node) => node.describe()).join(", ")}`);
console.log(`consumers of b: ${b.consumers.map((node) => node.describe()).join(", ")}\n`);

const session = new Session();
console.log(`z for x = [1, 2]: ${session.run(z, new Map([[x, [1, 2]]]))}`);
console.log(`z for x = [3, 5]: ${session.run(z, new Map([[x, [3, 5]]]))}`);
