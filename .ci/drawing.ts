/**
 * Writes `examples/classifier.svg`: the picture in README.md, drawn by the library.
 *
 *     deno run --allow-all .ci/drawing.ts            write it
 *     deno run --allow-all .ci/drawing.ts --check    exit with 1 when it is stale
 */

import { add, crossEntropy, Graph, matmul, placeholder, Variable } from "../mod.ts";
import { writeGenerated } from "./write_generated.ts";

const graph = new Graph();
graph.asDefault(() => {
  const x = placeholder({ name: "x", shape: [100, 2] });
  const y = placeholder({ name: "y", shape: [100], dtype: "int32" });
  const W = new Variable([[1, -1], [1, -1]], { name: "W" });
  const b = new Variable([0, 0], { name: "b" });
  crossEntropy(add(matmul(x, W), b), y);
});

writeGenerated("examples/classifier.svg", graph.toSvg(), ".ci/drawing.ts");
