import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  add,
  type Attributes,
  compile,
  concat,
  crossEntropy,
  Graph,
  matmul,
  ones,
  Operation,
  placeholder,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { layoutGraph, type LayoutNode } from "../../src/graph/draw/layout.ts";
import { postorder } from "../../src/graph/traverse.ts";

afterEach(() => Graph.clearDefault());

/** A user's operation with attributes of any text. */
class Marked extends Operation {
  readonly mark: string;
  constructor(input: Value, mark: string) {
    super([input]);
    this.mark = mark;
  }
  override compute(x: Tensor): Tensor {
    return x;
  }
  override get attributes(): Attributes {
    return { mark: this.mark };
  }
}

const hostile = [
  `a"b`,
  `<script>alert(1)</script>`,
  `]]>&amp;<!-- -->`,
  `back\\slash \\N \\`,
  `new\nline\ttab\r`,
  `nul\0bell\x07`,
  `half \ud800 a pair`,
  `\u202eturned`,
  `\uffff`,
  ``,
  `  `,
  `} n9 -> n9; {`,
  `层 😀`,
  `x`.repeat(300),
];

function hostileGraph(): Graph {
  const graph = new Graph();
  graph.asDefault(() => {
    for (const name of hostile) new Marked(matmul(placeholder({ name }), new Variable([[1]], { name })), name);
  });
  return graph;
}

function trainingGraph(): Graph {
  const [w, v] = [new Variable(ones([2, 8]), { name: "w" }), new Variable(ones([8, 2]), { name: "v" })];
  const optimizer = new train.Adam({ learningRate: 0.05 });
  const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(x.matmul(w).tanh().matmul(v), y)));
  step(ones([4, 2]), tensor([0, 1, 0, 1], { dtype: "int32" }));
  return step.graph!;
}

function smallGraph(): Graph {
  const graph = new Graph();
  graph.asDefault(() => {
    const x = placeholder({ name: "x", shape: [3, 2], dtype: "float32" });
    const W = new Variable([[1, 2], [3, 4]], { name: "W" });
    const y = matmul(x, W);
    add(y, y).mul(0.1).sum(0);
  });
  return graph;
}

/** A graph of `count` operations on nodes drawn by a linear congruential generator. */
function randomGraph(count: number, recent: number): Graph {
  const graph = new Graph();
  graph.asDefault(() => {
    const nodes: Value[] = [placeholder(), placeholder(), new Variable(1)];
    let state = 7;
    const draw = (): Value => {
      state = (state * 1103515245 + 12345) % 2147483648;
      const from = Math.max(0, nodes.length - recent);
      return nodes[from + (state >> 8) % (nodes.length - from)]!;
    };
    for (let index = 0; index < count; index++) nodes.push(add(draw(), draw()));
  });
  return graph;
}

/** The nodes of a graph and their number of uses, counted from the graph itself. */
function expected(graph: Graph): { nodes: number; uses: number } {
  const nodes = new Set<Value>([...graph.operations, ...graph.placeholders, ...graph.leaves]);
  for (const variable of graph.variables) if (variable.graph === graph) nodes.add(variable);
  const uses = graph.operations.reduce((sum, { inputNodes }) => sum + inputNodes.length, 0);
  assertEquals(postorder([...nodes]).length, nodes.size);
  return { nodes: nodes.size, uses };
}

/**
 * Reads the subset of the DOT grammar that statements on lines of their own are: names, `a -> b`, and lists of
 * attributes whose values are words, quoted strings or HTML strings with balanced brackets.
 */
function parseDot(text: string): { nodes: Map<string, Record<string, string>>; edges: string[] } {
  const value = String.raw`(?:[\w.-]+|"(?:[^"\\]|\\.)*"|<(?:[^<>]|<[^<>]*>)*>)`;
  const statement = new RegExp(String.raw`^  (\w+)(?: -> (\w+))?(?: \[((?:\w+=${value} ?)*)\])?$`);
  const lines = text.trimEnd().split("\n");
  assertEquals([lines[0], lines.at(-1)], ["digraph {", "}"]);
  const nodes = new Map<string, Record<string, string>>();
  const edges: string[] = [];
  for (const line of lines.slice(1, -1)) {
    const match = statement.exec(line);
    assert(match !== null, `not a statement: ${line}`);
    const [, name, target, list = ""] = match;
    if (target !== undefined) edges.push(`${name} -> ${target}`);
    else if (name !== "node" && name !== "edge") {
      assert(!nodes.has(name!));
      const attributes = list.matchAll(new RegExp(`(\\w+)=(${value})`, "g"));
      nodes.set(name!, Object.fromEntries([...attributes].map(([, key, text]) => [key!, text!])));
    }
  }
  return { nodes, edges };
}

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly path: string;
  text: string;
}

/** Reads XML without comments, sections and declarations; throws where it is not well formed. */
function parseXml(text: string): Element[] {
  assert(!/[\p{Cs}\ufffe\uffff]|(?![\t\n\r])\p{Cc}/u.test(text), "a character that XML forbids");
  const unescape = (text: string): string => {
    assert(!/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(text), `not escaped: ${text}`);
    return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  };
  const elements: Element[] = [];
  const open: Element[] = [];
  let end = 0;
  for (const match of text.matchAll(/<(\/?)([a-z]+)((?: [\w:]+="[^"<]*")*)(\/?)>/gi)) {
    const [tag, closes, name = "", list = "", isEmpty] = match;
    const between = unescape(text.slice(end, match.index));
    if (open.length > 0) open.at(-1)!.text += between;
    else assertEquals(between.trim(), "");
    end = match.index + tag.length;
    if (closes) {
      assertEquals(open.pop()?.name, name);
      continue;
    }
    assert(open.length > 0 || elements.length === 0, "two roots");
    const pairs = [...list.matchAll(/ ([\w:]+)="([^"]*)"/g)].map(([, key, text]) => [key!, unescape(text!)]);
    assertEquals(new Set(pairs.map(([key]) => key)).size, pairs.length);
    const path = [...open.map((each) => each.name), name].join(" ");
    const element: Element = { name, attributes: Object.fromEntries(pairs), path, text: "" };
    elements.push(element);
    if (!isEmpty) open.push(element);
  }
  assertEquals([open.length, text.slice(end).trim()], [0, ""]);
  return elements;
}

/** The boxes and the ends of the edges of a picture. */
function readSvg(svg: string): {
  boxes: { x: number; y: number; width: number; height: number }[];
  ends: [x: number, y: number][][];
  texts: string[];
  titles: string[];
} {
  const elements = parseXml(svg);
  assertEquals(elements[0]?.name, "svg");
  assertEquals(elements[0]?.attributes.xmlns, "http://www.w3.org/2000/svg");
  const number = (element: Element, key: string): number => Number(element.attributes[key]);
  const boxes = elements.filter((element) => element.path === "svg g rect").map((element) => ({
    x: number(element, "x"),
    y: number(element, "y"),
    width: number(element, "width"),
    height: number(element, "height"),
  }));
  const ends = elements.filter(({ name, attributes }) => name === "path" && attributes.class === undefined)
    .map(({ attributes: { d = "" } }): [number, number][] => {
      assertMatch(d, /^M[\d.]+ [\d.]+(?:V[\d.]+|C(?:[\d.]+ ){5}[\d.]+)+$/);
      let [x, y] = [0, 0];
      let start: [number, number] | undefined;
      for (const [, letter, list = ""] of d.matchAll(/([MVC])([^MVC]*)/g)) {
        const numbers = list.split(" ").map(Number);
        if (letter === "V") y = numbers[0]!;
        else [x, y] = [numbers.at(-2)!, numbers.at(-1)!];
        start ??= [x, y];
      }
      return [start!, [x, y]];
    });
  return {
    boxes,
    ends,
    texts: elements.filter(({ name }) => name === "text").map(({ text }) => text),
    titles: elements.filter(({ path }) => path === "svg g title").map(({ text }) => text),
  };
}

const graphs: Record<string, () => Graph> = {
  "a small graph": smallGraph,
  "a traced training step": trainingGraph,
  "a graph with hostile names": hostileGraph,
  "an empty graph": () => new Graph(),
  "an operation with many inputs": () => {
    const graph = new Graph();
    graph.asDefault(() => {
      const x = placeholder({ name: "x", shape: [1], dtype: "float32" });
      concat(Array.from({ length: 100 }, () => x), 0);
    });
    return graph;
  },
  "a random graph": () => randomGraph(200, 20),
};

describe("Graph.toDot", () => {
  for (const [name, make] of Object.entries(graphs)) {
    it(`has every node and every use of ${name}`, () => {
      const graph = make();
      const { nodes, edges } = parseDot(graph.toDot());
      const { nodes: count, uses } = expected(graph);
      assertEquals([nodes.size, edges.length], [count, uses]);
      for (const edge of edges) assert(edge.split(" -> ").every((end) => nodes.has(end)));
    });
  }

  it("shows names, types and attributes, and an edge per use", () => {
    const { nodes, edges } = parseDot(smallGraph().toDot());
    const labels = [...nodes.values()].map(({ label }) =>
      label!.replaceAll(/<[^<>]*>/g, " ").replaceAll(/[ <>]+/g, " ")
    );
    assertEquals(labels.map((label) => label.trim()), [
      "x float32[3,2] placeholder",
      "W float32[2,2] variable",
      "matmul float32[3,2]",
      "add float32[3,2]",
      "0.1 number constant",
      "mul float32[3,2]",
      "sum float32[2] axes=[0] keepDims=false",
    ]);
    assertEquals(edges, [
      "n0 -> n2",
      "n1 -> n2",
      "n2 -> n3",
      "n2 -> n3",
      "n3 -> n5",
      "n4 -> n5",
      "n5 -> n6",
    ]);
    const looks = [...nodes.values()].map(({ shape, style, fillcolor }) => `${shape} ${style} ${fillcolor}`);
    assertEquals(new Set([looks[0], looks[1], looks[2], looks[4]]).size, 4);
    assertEquals([looks[3], looks[5], looks[6]], [looks[2], looks[2], looks[2]]);
  });

  it("escapes what has a meaning in labels", () => {
    const graph = new Graph();
    graph.asDefault(() => placeholder({ name: `<b> & "\\N"\n` }));
    assert(graph.toDot().includes(`<b>&lt;b&gt; &amp; &quot;\\\\N&quot;\\\\n</b>`));
  });
});

describe("Graph.toSvg", () => {
  for (const [name, make] of Object.entries(graphs)) {
    it(`is well formed and has every node and every use of ${name}`, () => {
      const graph = make();
      const { boxes, ends } = readSvg(graph.toSvg());
      const { nodes, uses } = expected(graph);
      assertEquals([boxes.length, ends.length], [nodes, uses]);
      // Numbers are rounded to tenths.
      const isAt = (x: number, y: number, edge: "top" | "bottom"): boolean =>
        boxes.some((box) =>
          Math.abs(y - (edge === "top" ? box.y : box.y + box.height)) < 0.11 && x > box.x && x < box.x + box.width
        );
      for (const [start, end] of ends) {
        assert(isAt(...start!, "bottom"));
        assert(isAt(...end!, "top"));
      }
    });
  }

  it("shows names, types and attributes", () => {
    const { texts, titles } = readSvg(smallGraph().toSvg());
    for (const text of ["x", "float32[3,2]", "placeholder", "W", "variable", "0.1", "constant", "matmul"]) {
      assert(texts.includes(text), text);
    }
    assert(texts.includes("axes=[0] keepDims=false"));
    assert(titles.includes("sum: float32[2] axes=[0] keepDims=false"));
  });

  it("leaves unknown types out", () => {
    const graph = new Graph();
    graph.asDefault(() => placeholder({ name: "x" }).exp());
    assertEquals(readSvg(graph.toSvg()).texts, ["x", "placeholder", "exp"]);
  });

  it("shows hostile names readably, cuts long ones, and has the whole as a title", () => {
    const { texts, titles } = readSvg(hostileGraph().toSvg());
    for (const name of [hostile[0]!, hostile[1]!, hostile[2]!, hostile[12]!, "new\\nline\\ttab\\r", `""`, `"  "`]) {
      assert(texts.includes(name), name);
    }
    assert(
      texts.includes("\\u202eturned") && texts.includes("half \\ud800 a pair") &&
        texts.includes("nul\\u0000bell\\u0007"),
    );
    assert(titles.some((title) => title.includes("x".repeat(300))));
    assert(texts.every((text) => text.length <= 34));
  });

  it("rounds the numbers of constants, except in the title", () => {
    const graph = new Graph();
    graph.asDefault(() => placeholder({ name: "x" }).mul(1 - 0.9).add(123456789));
    const { texts, titles } = readSvg(graph.toSvg());
    assert(texts.includes("0.1") && texts.includes("123456789"));
    assert(titles.includes("constant 0.09999999999999998: number"));
  });

  it("is the same every time, and for the same computation by hand and by tracing", () => {
    const graph = new Graph();
    const W = graph.asDefault(() => {
      const W = new Variable([[1, 2], [3, 4]], { name: "W" });
      matmul(placeholder({ name: "argument0", shape: [3, 2], dtype: "float32" }), W).tanh().sum();
      return W;
    });
    const f = compile((x: Value) => x.matmul(W).tanh().sum());
    f(tensor([[1, 2], [3, 4], [5, 6]]));
    assertEquals(graph.toSvg(), graph.toSvg());
    assertEquals(f.graph?.toSvg(), graph.toSvg());
    assertEquals(f.graph?.toDot(), graph.toDot());
  });
});

/** Boxes of many sizes for the operations of a graph. */
function boxesFor(graph: Graph): LayoutNode[] {
  const nodes = postorder([...graph.placeholders, ...graph.variables, ...graph.operations]);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  return nodes.map((node, index) => ({
    width: 40 + (index * 37) % 90,
    height: 20 + (index * 23) % 40,
    inputs: node instanceof Operation ? node.inputNodes.map((input) => numbers.get(input)!) : [],
    atTop: !(node instanceof Operation || node instanceof Variable),
  }));
}

/** Points along an edge; the curve between two strokes has its control points at half of the height. */
function pointsOf(strokes: readonly { x: number; top: number; bottom: number }[]): [x: number, y: number][] {
  const points: [number, number][] = [];
  strokes.forEach((stroke, index) => {
    const previous = strokes[index - 1];
    for (let t = 0; previous !== undefined && t <= 1; t += 0.0625) {
      const [p, q, middle] = [(1 - t) ** 2 * (1 + 2 * t), t ** 2 * (3 - 2 * t), (previous.bottom + stroke.top) / 2];
      const y = (1 - t) ** 3 * previous.bottom + 3 * t * (1 - t) * middle + t ** 3 * stroke.top;
      points.push([p * previous.x + q * stroke.x, y]);
    }
    for (let t = 0; t <= 1; t += 0.125) points.push([stroke.x, stroke.top + t * (stroke.bottom - stroke.top)]);
  });
  return points;
}

describe("layoutGraph", () => {
  const deep = (): Graph => {
    const graph = new Graph();
    graph.asDefault(() => {
      const x = placeholder();
      let y: Value = x;
      const kept: Value[] = [];
      for (let depth = 0; depth < 150; depth++) kept.push(y = y.add(x));
      for (const each of kept.reverse()) y = y.mul(each);
    });
    return graph;
  };
  const cases: Record<string, () => Graph> = { ...graphs, "a graph too deep for its points": deep };
  for (const [name, make] of Object.entries(cases)) {
    it(`keeps boxes and edges apart, and goes downwards, in ${name}`, () => {
      const nodes = boxesFor(make());
      const { width, height, boxes, edges } = layoutGraph(nodes);
      boxes.forEach((a, index) => {
        assert(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
        for (const b of boxes.slice(0, index)) {
          const isApart = a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y;
          assert(isApart);
        }
      });
      const wanted = nodes.flatMap(({ inputs }, to) => inputs.map((from) => `${from} ${to}`));
      assertEquals(edges.map(({ from, to }) => `${from} ${to}`), wanted);
      for (const { from, to, strokes } of edges) {
        const [start, end, first, last] = [boxes[from]!, boxes[to]!, strokes[0]!, strokes.at(-1)!];
        assertEquals([first.top, last.bottom], [start.y + start.height, end.y]);
        assert(first.x > start.x && first.x < start.x + start.width);
        assert(last.x > end.x && last.x < end.x + end.width);
        assert(strokes.every(({ x }) => x > 0 && x < width));
        const points = pointsOf(strokes);
        points.forEach(([, y], index) => assert(y >= (points[index - 1]?.[1] ?? 0) - 1e-6));
        const near = boxes.filter((box, index) =>
          index !== from && index !== to && box.y < end.y && box.y + box.height > start.y + start.height
        );
        for (const [x, y] of points) {
          for (const box of near) {
            assert(x < box.x || x > box.x + box.width || y < box.y - 1e-6 || y > box.y + box.height + 1e-6);
          }
        }
      }
    });
  }

  it("has the inputs of a graph at the top, and a weight beside what takes it", () => {
    const graph = new Graph();
    graph.asDefault(() => {
      const [x, label] = [placeholder(), placeholder()];
      const [v, w] = [new Variable(1), new Variable(2)];
      x.exp().exp().mul(v).sub(label).add(w);
    });
    const { boxes } = layoutGraph(boxesFor(graph).map((node) => ({ ...node, height: 20 })));
    const [x, label, v, w, , second, product, , sum] = boxes.map(({ y }) => y);
    assertEquals(label, x);
    assertEquals(v, second);
    assert(w! > product! && w! < sum!);
  });

  it("keeps the inputs of an operation in their order", () => {
    const node = { width: 40, height: 20, inputs: [], atTop: true };
    const { edges } = layoutGraph([node, node, node, { ...node, inputs: [2, 0, 1, 2], atTop: false }]);
    const xs = edges.map(({ strokes }) => strokes.at(-1)!.x);
    assertEquals(xs, xs.toSorted((a, b) => a - b));
    assertEquals(new Set(xs).size, 4);
  });

  it("uncrosses what can be uncrossed", () => {
    const leaf = { width: 40, height: 20, inputs: [], atTop: true };
    const next = (input: number): LayoutNode => ({ ...leaf, inputs: [input], atTop: false });
    const { edges } = layoutGraph([leaf, leaf, leaf, leaf, next(3), next(1), next(2), next(0)]);
    const pairs = edges.map(({ strokes }) => [strokes[0]!.x, strokes.at(-1)!.x] as const).sort(([a], [b]) => a - b);
    const arrivals = pairs.map(([, x]) => x);
    assertEquals(arrivals, arrivals.toSorted((a, b) => a - b));
  });
});

describe("drawings of large graphs", () => {
  const large: Record<string, () => Graph> = {
    "3000 operations at random": () => randomGraph(3000, 3000),
    "3000 operations at random, on recent ones": () => randomGraph(3000, 30),
    "a chain of 5000": () => {
      const graph = new Graph();
      graph.asDefault(() => {
        let y: Value = placeholder();
        for (let depth = 0; depth < 5000; depth++) y = y.neg();
      });
      return graph;
    },
    "a chain of 2500 that all use the input": () => {
      const graph = new Graph();
      graph.asDefault(() => {
        const x = placeholder();
        let y: Value = x;
        for (let depth = 0; depth < 2500; depth++) y = y.add(x);
      });
      return graph;
    },
    "3000 pairs side by side": () => {
      const graph = new Graph();
      graph.asDefault(() => {
        for (let index = 0; index < 3000; index++) placeholder().neg();
      });
      return graph;
    },
    "the gradient of a chain of 1000": () => {
      const graph = new Graph();
      graph.asDefault(() => {
        const kept: Value[] = [placeholder()];
        for (let depth = 0; depth < 1000; depth++) kept.push(kept.at(-1)!.tanh());
        kept.reduceRight((gradient, each) => gradient.mul(each));
      });
      return graph;
    },
  };
  for (const [name, make] of Object.entries(large)) {
    it(`are complete: ${name}`, () => {
      const graph = make();
      const [svg, dot] = [graph.toSvg(), graph.toDot()];
      const { nodes, uses } = expected(graph);
      assertEquals(svg.split("<path d=").length - 1, uses);
      assertEquals(svg.split("<g class=").length - 2, nodes);
      assertEquals(dot.split(" -> ").length - 1, uses);
      assert(svg.length < 10_000_000, `${svg.length} characters`);
    });
  }
});
