/**
 * Graphs in the language of Graphviz.
 * @module
 */
import type { Graph } from "../graph.ts";
import { escapeXml, labelOf, palette } from "./node_label.ts";
import { type NodeKind, type ShownNode, shownNodes } from "../print.ts";
import { unfold } from "./unfold.ts";

const shapes = {
  placeholder: 'shape=box style="filled,rounded"',
  variable: "shape=cylinder style=filled",
  constant: 'shape=box style="filled,dashed"',
  operation: "shape=box style=filled",
  assignment: "shape=box style=filled",
} as const satisfies Record<NodeKind, string>;

/** A `digraph` with a node per node and an edge per use. No text of the user's is outside of a label. */
export function graphToDot(graph: Graph): string {
  const nodes = unfold(shownNodes(graph));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [
    "digraph {",
    '  node [fontname=monospace fontsize=13 margin="0.12,0.06" height=0.3 width=0.5]',
    '  edge [color="#64748b" arrowsize=0.7]',
    ...nodes.map((node, index) => `  n${index} ${nodeAttributes(node, !used.has(index))}`),
    ...nodes.flatMap(({ inputs }, index) => inputs.map((input) => `  n${input} -> n${index}`)),
    "}",
    "",
  ].join("\n");
}

function nodeAttributes(node: ShownNode, isResult: boolean): string {
  const { title, type, details } = labelOf(node);
  const lines = [
    `<b>${escapeLabel(title)}</b>`,
    ...(type === undefined ? [] : [`<font point-size="11">${escapeLabel(type)}</font>`]),
    ...details.map((line) => `<font point-size="9">${escapeLabel(line)}</font>`),
  ];
  const { fill, line } = palette[node.kind];
  const paint = `${shapes[node.kind]} fillcolor="${fill}" color="${line}"${isResult ? " penwidth=2.5" : ""}`;
  return `[label=<${lines.join("<br/>")}> ${paint}]`;
}

/** Graphviz replaces `\N` and its like in labels of this kind, too. */
function escapeLabel(text: string): string {
  return escapeXml(text).replaceAll("\\", "\\\\");
}
