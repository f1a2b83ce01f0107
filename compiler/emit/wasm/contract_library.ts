/**
 * The functions that contractions call: one packs lines of an operand, one multiplies panels of both.
 *
 * A *line* is a row of the left operand or a column of the right one. Four lines are packed side by side: for each depth
 * there are four numbers next to each other, so that a tile's loop reads both operands in order, wherever they lay. A
 * panel of the right operand is one such group or two, a panel of the left one is one.
 * @module
 */
import { type DType, dtypeInfo } from "../../../src/dtype.ts";
import { access, type Code, get, i32, i32x4, type Local, onLane, op, shuffle32 } from "./code.ts";
import { tileRows } from "./contract_blocks.ts";
import { FunctionBuilder, type WasmFunction } from "./function_builder.ts";
import { convertLanes, laneCount } from "./lanes.ts";
import { loadLanes } from "./memory.ts";

type Vector = Code<"v128">;
type Address = Code<"i32">;

/** What sums are accumulated in: integers in 32 bits. */
export type SumType = "float32" | "float64" | "int32";

/** A function that returns nothing. */
type Procedure = WasmFunction & { readonly result: undefined };

/** The functions of a module that contractions call, each once. */
export class ContractLibrary {
  readonly #functions = new Map<string, Procedure>();
  readonly #fused: boolean;

  /** `fused` where a product may be added without being rounded. */
  constructor(fused: boolean) {
    this.#fused = fused;
  }

  /** All that were asked for. */
  get list(): WasmFunction[] {
    return [...this.#functions.values()];
  }

  #get(name: string, make: (name: string) => Procedure): Procedure {
    let known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, known = make(name));
    return known;
  }

  /** Packs up to four lines: `(base, lines, count, depths, depth, target, step)`. */
  pack(from: DType, to: SumType): Procedure {
    return this.#get(`pack_${from}_${to}`, (name) => packFunction(name, from, to));
  }

  /** Multiplies panels into a tile: `(left, right, depth, sums, rowBytes, continues)`. */
  multiply(type: SumType, vectors: 1 | 2): Procedure {
    return this.#get(`multiply_${type}_${vectors}`, (name) => multiplyFunction(name, type, vectors, this.#fused));
  }
}

/** The four numbers of an address in a table. */
const word = (table: Address, index: number): Address => access("i32.load", { offset: 4 * index }, table);

/**
 * Packs the numbers of up to four lines, which begin at `base` and what `lines` says, at each of the `depths`: four numbers
 * to `target`, and `step` bytes further the next four. What is not there is 0.
 */
function packFunction(name: string, from: DType, to: SumType): Procedure {
  const f = new FunctionBuilder(name);
  const base = get(f.parameter("base", "i32"));
  const lines = get(f.parameter("lines", "i32"));
  const count = get(f.parameter("count", "i32"));
  const depths = f.parameter("depths", "i32");
  const depth = get(f.parameter("depth", "i32"));
  const target = f.parameter("target", "i32");
  const step = get(f.parameter("step", "i32"));
  const end = f.let("end", op("i32.add", get(depths), op("i32.shl", depth, i32(2))));
  const size = dtypeInfo(from).bytes;
  const first = f.let("line0", op("i32.add", base, word(lines, 0)));
  const places: Address[] = [first];
  for (let line = 1; line < tileRows; line++) {
    const place = f.local(`line${line}`, "i32");
    f.set(place, first);
    f.if(op("i32.gt_s", count, i32(line)), () => f.set(place, op("i32.add", base, word(lines, line))));
    places.push(get(place));
  }
  const isFull = op("i32.eq", count, i32(tileRows));
  const isNext = (x: Address, y: Address): Code<"i32"> => op("i32.eq", op("i32.sub", y, x), i32(size));
  const all = (conditions: readonly Code<"i32">[]): Code<"i32"> => conditions.reduce((x, y) => op("i32.and", x, y));
  const chained = (items: readonly Address[]): Code<"i32"> =>
    all(items.slice(1).map((item, index) => isNext(items[index]!, item)));
  let kept = 0;
  const keep = (value: Vector): Vector => f.let(`v${kept++}`, value);
  const context = {
    f,
    keep,
    call: (): never => {
      throw new Error(`Cannot pack ${from} as ${to}: it takes a call`);
    },
  };
  const storeAt = (place: Address, vectors: readonly Vector[]): void =>
    vectors.forEach((vector, index) => f.do(access("v128.store", { offset: 16 * index }, place, vector)));
  const store = (vectors: readonly Vector[]): void => {
    storeAt(get(target), vectors);
    f.set(target, op("i32.add", get(target), step));
  };
  /** Four depths at once: what is stored for each of them. */
  const storeFour = (each: readonly (readonly Vector[])[]): void => {
    let place = get(target);
    each.forEach((vectors, index) => {
      storeAt(place, vectors);
      place = f.let(`to${index}`, op("i32.add", place, step));
    });
    f.set(target, place);
  };
  const convert = (vectors: readonly Vector[]): readonly Vector[] =>
    convertLanes(context, { dtype: from, uniform: false, vectors: vectors.map(keep) }, to).vectors;
  const next = (depthCount: number): void => f.set(depths, op("i32.add", get(depths), i32(4 * depthCount)));
  const more = (depthCount: number): Code<"i32"> =>
    op("i32.le_u", op("i32.add", get(depths), i32(4 * depthCount)), end);
  const mask = f.local("mask", "v128");
  f.set(mask, op("i32x4.gt_s", op("i32x4.splat", count), i32x4([0, 1, 2, 3])));

  /** One depth of four lines that lie anywhere. */
  const oneDepth = (): void => {
    const moved = places.map((place, line) => f.let(`at${line}`, op("i32.add", place, word(get(depths), 0))));
    const vectors = convert(gather(from, moved)).map(keep);
    if (to === "float64") {
      const masks = [shuffle32([0, 0, 1, 1], get(mask), get(mask)), shuffle32([2, 2, 3, 3], get(mask), get(mask))];
      store(vectors.map((vector, index) => op("v128.and", vector, masks[index]!)));
    } else {
      store(vectors.map((vector) => op("v128.and", vector, get(mask))));
    }
    next(1);
  };
  const fourDepths = (): Vector => keep(access("v128.load", {}, get(depths)));
  f.block((done) => {
    f.if(op("i32.and", isFull, chained(places)), () => {
      f.while(() => more(laneCount), () => {
        const offsets = fourDepths();
        storeFour([0, 1, 2, 3].map((lane) => {
          const place = f.let("at", op("i32.add", first, onLane("i32x4.extract_lane", lane, offsets)));
          return convert(loadLanes(from, place, "next", "all")).map(keep);
        }));
        next(laneCount);
      });
      f.while(() => more(1), () => {
        const place = f.let("at", op("i32.add", first, word(get(depths), 0)));
        store(convert(loadLanes(from, place, "next", "all")));
        next(1);
      });
      f.branch(done);
    });
    if (size === 4) {
      f.if(isFull, () => {
        f.while(() => more(laneCount), () => {
          const offsets = fourDepths();
          const start = f.let("start", onLane("i32x4.extract_lane", 0, offsets));
          const apart = op("i32x4.sub", offsets, op("i32x4.splat", start));
          f.if(
            op("i32x4.all_true", op("i32x4.eq", apart, i32x4([0, 4, 8, 12]))),
            () => {
              const rows = places.map((place) => keep(access("v128.load", {}, op("i32.add", place, start))));
              storeFour(transpose(rows, keep).map((column) => convert([column]).map(keep)));
              next(laneCount);
            },
            () => {
              for (let index = 0; index < laneCount; index++) oneDepth();
            },
          );
        });
      });
    }
    f.while(() => more(1), oneDepth);
  });
  return f.end({ exported: false });
}

/** Four numbers from four addresses. */
function gather(dtype: DType, places: readonly Address[]): Vector[] {
  const [a, b, c, d] = places as [Address, Address, Address, Address]; // a group has four lines
  switch (dtypeInfo(dtype).bytes) {
    case 8:
      return [[a, b], [c, d]].map(([x, y]) =>
        access("v128.load64_lane", { lane: 1 }, y!, access("v128.load64_zero", {}, x!))
      );
    case 4:
      return [[b, c, d].reduce(
        (vector, place, index) => access("v128.load32_lane", { lane: index + 1 }, place, vector),
        access("v128.load32_zero", {}, a),
      )];
    default: {
      const each = places.map((place) => loadLanes(dtype, place, "none", "all")[0]!);
      const pair = (x: Vector, y: Vector): Vector => shuffle32([0, 4, 0, 4], x, y);
      return [shuffle32([0, 1, 4, 5], pair(each[0]!, each[1]!), pair(each[2]!, each[3]!))];
    }
  }
}

/** Four rows of four numbers as four columns. */
function transpose(rows: readonly Vector[], keep: (value: Vector) => Vector): Vector[] {
  const [a, b, c, d] = rows as [Vector, Vector, Vector, Vector]; // there are four
  const low = [keep(shuffle32([0, 4, 1, 5], a, b)), keep(shuffle32([0, 4, 1, 5], c, d))] as const;
  const high = [keep(shuffle32([2, 6, 3, 7], a, b)), keep(shuffle32([2, 6, 3, 7], c, d))] as const;
  return [low, high].flatMap(([x, y]) => [shuffle32([0, 1, 4, 5], x, y), shuffle32([2, 3, 6, 7], x, y)]);
}

/** Depths per turn of a tile's loop. */
const unroll = 4;

/**
 * A tile of four rows and one or two vectors of columns: its sums are loaded from `sums`, where it `continues` one that was
 * begun, or begin with 0; then `depth` products are added; then they are stored there, rows `rowBytes` apart.
 */
function multiplyFunction(name: string, type: SumType, vectors: 1 | 2, fused: boolean): Procedure {
  const f = new FunctionBuilder(name);
  const left = f.parameter("left", "i32");
  const right = f.parameter("right", "i32");
  const depth = f.parameter("depth", "i32");
  const sums = get(f.parameter("sums", "i32"));
  const rowBytes = get(f.parameter("rowBytes", "i32"));
  const continues = get(f.parameter("continues", "i32"));
  // Four rows of doubles are two vectors.
  const leftVectors = type === "float64" ? 2 : 1;
  const tile: Local<"v128">[][] = [];
  for (let row = 0; row < tileRows; row++) {
    tile.push(Array.from({ length: vectors }, (_, column) => f.local(`t${row}${column}`, "v128")));
  }
  const rows = [sums];
  for (let row = 1; row < tileRows; row++) rows.push(f.let(`row${row}`, op("i32.add", rows[row - 1]!, rowBytes)));
  f.if(continues, () => {
    tile.forEach((each, row) =>
      each.forEach((local, column) => f.set(local, access("v128.load", { offset: 16 * column }, rows[row]!)))
    );
  });
  const x = Array.from({ length: leftVectors }, (_, index) => f.local(`x${index}`, "v128"));
  const y = Array.from({ length: vectors }, (_, index) => f.local(`y${index}`, "v128"));
  const each = f.local("x", "v128");
  const one = (turn: number): void => {
    y.forEach((local, column) =>
      f.set(local, access("v128.load", { offset: 16 * (turn * vectors + column) }, get(right)))
    );
    x.forEach((local, index) =>
      f.set(local, access("v128.load", { offset: 16 * (turn * leftVectors + index) }, get(left)))
    );
    for (let row = 0; row < tileRows; row++) {
      const source = get(x[leftVectors === 2 ? row >> 1 : 0]!);
      const lanes = leftVectors === 2 ? [0, 1, 0, 1].map((lane) => 2 * (row % 2) + lane) : [row, row, row, row];
      f.set(each, shuffle32(lanes, source, source));
      tile[row]!.forEach((local, column) =>
        f.set(local, multiplyAdd(type, fused, get(each), get(y[column]!), get(local)))
      );
    }
  };
  const turns = (count: number): void => {
    f.while(() => op("i32.ge_s", get(depth), i32(count)), () => {
      for (let turn = 0; turn < count; turn++) one(turn);
      f.set(left, op("i32.add", get(left), i32(16 * leftVectors * count)));
      f.set(right, op("i32.add", get(right), i32(16 * vectors * count)));
      f.set(depth, op("i32.sub", get(depth), i32(count)));
    });
  };
  turns(unroll);
  turns(1);
  tile.forEach((locals, row) =>
    locals.forEach((local, column) => f.do(access("v128.store", { offset: 16 * column }, rows[row]!, get(local))))
  );
  return f.end({ exported: false });
}

function multiplyAdd(type: SumType, fused: boolean, x: Vector, y: Vector, sum: Vector): Vector {
  if (type === "int32") return op("i32x4.add", op("i32x4.mul", x, y), sum);
  const lanes = type === "float32" ? "f32x4" : "f64x2";
  return fused ? op(`${lanes}.relaxed_madd`, x, y, sum) : op(`${lanes}.add`, op(`${lanes}.mul`, x, y), sum);
}
