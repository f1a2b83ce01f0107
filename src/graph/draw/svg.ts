/**
 * Graphs as pictures.
 * @module
 */
import type { Graph } from "../graph.ts";
import { type Edge, layoutGraph } from "./layout.ts";
import { columns, escapeXml, labelOf, type NodeLabel, palette } from "./node_label.ts";
import { type NodeKind, type ShownNode, shownNodes } from "../print.ts";
import { unfold } from "./unfold.ts";

/** The lines of a label; a character of the fonts named below is at most 0.62 of their size wide. */
const lineStyles = {
  title: { size: 13, height: 17 },
  type: { size: 11, height: 14 },
  detail: { size: 10, height: 13 },
} as const;
const characterWidth = 0.62;
const fonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

/** Half of their height makes the ends of a box round. */
const corners = {
  placeholder: "round",
  variable: 9,
  constant: 0,
  operation: 4,
  assignment: 4,
} as const satisfies Record<NodeKind, number | "round">;

/** Everything is named under one class, so that pictures and the page they are in leave each other alone. */
const root = "tensorloom-graph";
const style = [
  `.${root} text{font-family:${fonts};text-anchor:middle;fill:#0f172a}`,
  ...Object.entries(lineStyles).map(([name, { size }]) => `.${root} .${name}{font-size:${size}px}`),
  `.${root} .title{font-weight:600}`,
  `.${root} .type{fill:#334155}`,
  `.${root} .detail{fill:#64748b}`,
  `.${root} .edges{fill:none;stroke:#64748b;stroke-width:1.2}`,
  `.${root} .heads{fill:#64748b;stroke:none}`,
  ...Object.entries(palette).map(([kind, { fill, line }]) => `.${root} .${kind} rect{fill:${fill};stroke:${line}}`),
  `.${root} .constant rect{stroke-dasharray:4 3}`,
  `.${root} .result rect{stroke-width:2.5}`,
].join("\n");

interface Line {
  readonly style: keyof typeof lineStyles;
  readonly text: string;
}

/** A picture of the graph, complete in itself: no script, nothing to load. */
export function graphToSvg(graph: Graph): string {
  const nodes = unfold(shownNodes(graph));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const labels = nodes.map(labelOf);
  const lines = labels.map(labelLinesOf);
  const layout = layoutGraph(nodes.map(({ kind, inputs }, index) => ({
    ...boxSize(lines[index]!, inputs.length),
    inputs,
    atTop: kind === "placeholder",
  })));
  const { boxes, edges } = layout;
  const [width, height] = [Math.ceil(layout.width), Math.ceil(layout.height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="${root}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>a graph of ${nodes.length} nodes</title>`,
    `<style>\n${style}\n</style>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<g class="edges">`,
    ...edges.map((edge) => `<path d="${edgePathOf(edge)}"/>`),
    `<path class="heads" d="${edges.map(headOf).join("")}"/>`,
    `</g>`,
    ...nodes.map((node, index) => drawNode(node, labels[index]!, lines[index]!, boxes[index]!, !used.has(index))),
    `</svg>`,
    "",
  ].join("\n");
}

function labelLinesOf({ title, type, details }: NodeLabel): Line[] {
  return [
    { style: "title", text: title },
    ...(type === undefined ? [] : [{ style: "type", text: type } as const]),
    ...details.map((text) => ({ style: "detail", text } as const)),
  ];
}

/** As large as the text, and wide enough to tell apart the edges that arrive. */
function boxSize(lines: readonly Line[], inputs: number): { width: number; height: number } {
  const widths = lines.map(({ style, text }) => columns(text) * lineStyles[style].size * characterWidth);
  const heights = lines.map(({ style }) => lineStyles[style].height);
  return {
    width: Math.ceil(Math.max(44, Math.min(inputs, 64) * 10, ...widths.map((width) => width + 20))),
    height: heights.reduce((sum, height) => sum + height, 10),
  };
}

function drawNode(
  { kind }: ShownNode,
  label: NodeLabel,
  lines: readonly Line[],
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  isResult: boolean,
): string {
  const corner = corners[kind];
  let bottom = y + 5;
  const texts = lines.map(({ style, text }) => {
    bottom += lineStyles[style].height;
    return `<text class="${style}" x="${short(x + width / 2)}" y="${short(bottom - 4)}">${escapeXml(text)}</text>`;
  });
  return [
    `<g class="${kind}${isResult ? " result" : ""}">`,
    `<title>${escapeXml(label.whole)}</title>`,
    `<rect x="${short(x)}" y="${short(y)}" width="${width}" height="${height}" rx="${
      corner === "round" ? height / 2 : corner
    }"/>`,
    ...texts,
    `</g>`,
  ].join("");
}

/** Vertical lines, and curves between them that leave and arrive upright. */
function edgePathOf({ strokes }: Edge): string {
  return strokes.map(({ x, top, bottom }, index) => {
    const previous = strokes[index - 1];
    const middle = previous === undefined ? 0 : short((previous.bottom + top) / 2);
    const arrive = previous === undefined
      ? `M${short(x)} ${short(top)}`
      : `C${short(previous.x)} ${middle} ${short(x)} ${middle} ${short(x)} ${short(top)}`;
    return short(top) === short(bottom) ? arrive : `${arrive}V${short(bottom)}`;
  }).join("");
}

/** The tip of an edge's arrow is at its end. */
function headOf({ strokes }: Edge): string {
  const { x, bottom } = strokes.at(-1)!; // an edge has at least one
  return `M${short(x)} ${short(bottom)}l-3.5 -7h7z`;
}

/** Tenths are enough for a picture. */
function short(value: number): number {
  return Math.round(value * 10) / 10;
}
