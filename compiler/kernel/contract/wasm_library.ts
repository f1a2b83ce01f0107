/**
 * The functions that contractions call: one packs lines of an operand, one multiplies panels of both.
 *
 * A *line* is a row of the left operand or a column of the right one. Columns are packed four side by side: for each depth
 * there are four numbers next to each other, and up to three such groups in a panel, so that a tile's loop reads it in
 * order, wherever it lay. Rows are read one number at a time, and have to lie one depth after the other: where they do not
 * they are packed as such rows.
 * @module
 */
import { type DType, dtypeInfo } from "../../../src/dtype.ts";
import {
  access,
  type Address,
  type Code,
  get,
  i32,
  i32x4,
  type Local,
  onLane,
  op,
  shuffle32,
  type Vector,
} from "../../emit/wasm/asm/code.ts";
import { type SumType, tileRows } from "./wasm_blocks.ts";
import { FunctionBuilder, type WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import { type ConversionContext, convertLanes, laneCount, vectorBytes } from "../../emit/wasm/vector/lanes.ts";
import { loadEach, loadLanes } from "../../emit/wasm/vector/memory.ts";

/** What is multiplied at once. */
export interface TileForm {
  readonly type: SumType;
  /** How many times the rows of a tile. */
  readonly tiles: 1 | 2;
  /** How many times four columns. */
  readonly groups: 1 | 2 | 3;
}

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

  /** Packs up to four lines, as rows or as columns: `(base, lines, count, depths, depth, target, step)`. */
  pack(from: DType, to: SumType, as: "rows" | "columns"): Procedure {
    return this.#get(`pack_${as}_${from}_${to}`, (name) => packFunction(name, from, to, as));
  }

  /** Multiplies into a tile: `(left, lines, right, depth, sums, rowBytes, continues)`. */
  multiply(form: TileForm): Procedure {
    const { type, tiles, groups } = form;
    const name = `multiply_${type}_${tiles * tileRows}x${groups * laneCount}`;
    return this.#get(name, () => multiplyFunction(name, form, this.#fused));
  }
}

/** An entry of a table of addresses. */
const word = (table: Address, index: number): Address => access("i32.load", { offset: 4 * index }, table);

/**
 * Packs the numbers of up to four lines, which begin at `base` and what `lines` says, at each of the `depths`. As columns:
 * four numbers of one depth to `target`, and `step` bytes further those of the next; what is not there is 0. As rows: each
 * line to a row of its own, `step` bytes apart; what is not there is the first line again.
 */
function packFunction(name: string, from: DType, to: SumType, as: "rows" | "columns"): Procedure {
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
  const isFull = f.let("full", op("i32.eq", count, i32(laneCount)));
  /** Whether four offsets lie next to each other, from `start` on. */
  const areNeighbours = (offsets: Vector, start: Address): Code<"i32"> => {
    const apart = op("i32x4.sub", offsets, op("i32x4.splat", start));
    return op("i32x4.all_true", op("i32x4.eq", apart, i32x4([0, size, 2 * size, 3 * size])));
  };
  const context = converter(f, from, to);
  const { keep } = context;
  const convert = (vectors: readonly Vector[]): Vector[] =>
    convertLanes(context, { dtype: from, uniform: false, vectors: vectors.map(keep) }, to).vectors.map(keep);
  const next = (depthCount: number): void => f.set(depths, op("i32.add", get(depths), i32(4 * depthCount)));
  const more = (depthCount: number): Code<"i32"> =>
    op("i32.le_u", op("i32.add", get(depths), i32(4 * depthCount)), end);
  /** Goes on to a place `step` bytes from the last one, four times. */
  const everyStep = (body: (place: Address, index: number) => void): Address => {
    let place = get(target);
    for (let index = 0; index < laneCount; index++) {
      body(place, index);
      place = f.let(`to${index}`, op("i32.add", place, step));
    }
    return place;
  };
  const storeAt = (place: Address, vectors: readonly Vector[]): void =>
    vectors.forEach((vector, index) => f.do(access("v128.store", { offset: vectorBytes * index }, place, vector)));
  /** Stores four lines of one depth. */
  const storeDepth = (vectors: readonly Vector[]): void => {
    if (as === "columns") {
      storeAt(get(target), vectors);
      f.set(target, op("i32.add", get(target), step));
      return;
    }
    everyStep((place, line) => {
      if (to === "float64") f.do(access("v128.store64_lane", { lane: line % 2 }, place, vectors[line >> 1]!));
      else f.do(access("v128.store32_lane", { lane: line }, place, vectors[0]!));
    });
    f.set(target, op("i32.add", get(target), i32(dtypeInfo(to).bytes)));
  };
  /** Stores four lines of four depths, given by depth. */
  const storeDepths = (each: readonly (readonly Vector[])[]): void => {
    if (as === "columns") f.set(target, everyStep((place, index) => storeAt(place, each[index]!)));
    else storeLines(transpose(each.map(([vector]) => vector!), keep));
  };
  /** Stores four lines of four depths, given by line; of numbers of four bytes. */
  const storeLines = (each: readonly Vector[]): void => {
    if (as === "columns") return storeDepths(transpose(each, keep).map((vector) => [vector]));
    everyStep((place, line) => storeAt(place, [each[line]!]));
    f.set(target, op("i32.add", get(target), i32(vectorBytes)));
  };
  // Where the lines after the first begin.
  const behind = Array.from({ length: laneCount - 1 }, (_, index) => f.local(`line${index + 1}`, "i32"));
  const places = [first, ...behind.map(get)];
  const mask = f.local("mask", "v128");
  f.set(mask, op("i32x4.gt_s", op("i32x4.splat", count), i32x4([0, 1, 2, 3])));

  /** One depth of four lines that lie anywhere. */
  const oneDepth = (): void => {
    const moved = places.map((place, line) => f.let(`at${line}`, op("i32.add", place, word(get(depths), 0))));
    const vectors = convert(loadEach(from, moved));
    const masks = to === "float64"
      ? [shuffle32([0, 0, 1, 1], get(mask), get(mask)), shuffle32([2, 2, 3, 3], get(mask), get(mask))]
      : [get(mask)];
    storeDepth(as === "rows" ? vectors : vectors.map((vector, index) => op("v128.and", vector, masks[index]!)));
    next(1);
  };
  const fourDepths = (): Vector => keep(access("v128.load", {}, get(depths)));
  f.block((done) => {
    const offsets = access("v128.load", {}, lines);
    f.if(op("i32.and", isFull, areNeighbours(offsets, word(lines, 0))), () => {
      const load = (offset: Address): Vector[] =>
        convert(loadLanes(from, f.let("at", op("i32.add", first, offset)), "next", "all"));
      if (as === "columns" || to !== "float64") {
        f.while(() => more(laneCount), () => {
          const offsets = fourDepths();
          storeDepths([0, 1, 2, 3].map((lane) => load(onLane("i32x4.extract_lane", lane, offsets))));
          next(laneCount);
        });
      }
      f.while(() => more(1), () => {
        storeDepth(load(word(get(depths), 0)));
        next(1);
      });
      f.branch(done);
    });
    behind.forEach((place, index) => {
      f.set(place, first);
      f.if(op("i32.gt_s", count, i32(index + 1)), () => f.set(place, op("i32.add", base, word(lines, index + 1))));
    });
    if (size === 4 && to !== "float64") {
      f.if(as === "rows" ? i32(1) : isFull, () => {
        f.while(() => more(laneCount), () => {
          const offsets = fourDepths();
          const start = f.let("start", onLane("i32x4.extract_lane", 0, offsets));
          f.if(
            areNeighbours(offsets, start),
            () => {
              storeLines(
                places.map((place) => convert([access("v128.load", {}, op("i32.add", place, start))])[0]!),
              );
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

/** Four rows of four numbers as four columns. */
function transpose(rows: readonly Vector[], keep: (value: Vector) => Vector): Vector[] {
  const [a, b, c, d] = rows as [Vector, Vector, Vector, Vector]; // there are four
  const low = [keep(shuffle32([0, 4, 1, 5], a, b)), keep(shuffle32([0, 4, 1, 5], c, d))] as const;
  const high = [keep(shuffle32([2, 6, 3, 7], a, b)), keep(shuffle32([2, 6, 3, 7], c, d))] as const;
  return [low, high].flatMap(([x, y]) => [shuffle32([0, 1, 4, 5], x, y), shuffle32([2, 3, 6, 7], x, y)]);
}

/** What conversions are written with; none of those that are packed takes a call. */
function converter(f: FunctionBuilder, from: DType, to: SumType): ConversionContext {
  let kept = 0;
  return {
    f,
    keep: (value) => f.let(`v${kept++}`, value),
    call: () => {
      throw new Error(`Cannot pack ${from} as ${to}: it takes a call`);
    },
  };
}

/**
 * A tile: its sums are loaded from `sums`, where it `continues` one that was begun, or begin with 0; then `depth` products
 * are added; then they are stored there, rows `rowBytes` apart.
 *
 * Its rows of the left operand begin at `left` and what the list of `lines` says, one depth after the other. Its columns
 * are so many `groups` of four, packed side by side.
 */
function multiplyFunction(name: string, { type, tiles, groups }: TileForm, fused: boolean): Procedure {
  const f = new FunctionBuilder(name);
  const left = get(f.parameter("left", "i32"));
  const lines = get(f.parameter("lines", "i32"));
  const right = f.parameter("right", "i32");
  const depth = f.parameter("depth", "i32");
  const sums = f.parameter("sums", "i32");
  const rowBytes = get(f.parameter("rowBytes", "i32"));
  const continues = get(f.parameter("continues", "i32"));
  const vectors = type === "float64" ? 2 * groups : groups;
  const tile = Array.from(
    { length: tiles * tileRows },
    (_, row) => Array.from({ length: vectors }, (_, column) => f.local(`t${row}_${column}`, "v128")),
  );
  /** Goes over the sums; `place` is where a vector of them is kept. */
  const eachSum = (body: (local: Local<"v128">, place: Address, offset: number) => void): void => {
    const row = f.local("row", "i32");
    f.set(row, get(sums));
    tile.forEach((locals, index) => {
      if (index > 0) f.set(row, op("i32.add", get(row), rowBytes));
      locals.forEach((local, column) => body(local, get(row), vectorBytes * column));
    });
  };
  f.if(continues, () => {
    eachSum((local, place, offset) => f.set(local, access("v128.load", { offset }, place)));
  });
  const pointers = tile.map((_, row) => f.local(`row${row}`, "i32"));
  pointers.forEach((pointer, row) => f.set(pointer, op("i32.add", left, word(lines, row))));
  const { bytes } = dtypeInfo(type);
  const loadSplat = type === "float64" ? "v128.load64_splat" : "v128.load32_splat";
  const y = Array.from({ length: vectors }, (_, index) => f.local(`y${index}`, "v128"));
  const x = f.local("x", "v128");
  const one = (turn: number): void => {
    y.forEach((local, column) =>
      f.set(local, access("v128.load", { offset: vectorBytes * (turn * vectors + column) }, get(right)))
    );
    tile.forEach((locals, row) => {
      f.set(x, access(loadSplat, { offset: bytes * turn }, get(pointers[row]!)));
      locals.forEach((local, column) => f.set(local, multiplyAdd(type, fused, get(x), get(y[column]!), get(local))));
    });
  };
  const turns = (count: number): void => {
    f.while(() => op("i32.ge_s", get(depth), i32(count)), () => {
      for (let turn = 0; turn < count; turn++) one(turn);
      for (const pointer of pointers) f.set(pointer, op("i32.add", get(pointer), i32(bytes * count)));
      f.set(right, op("i32.add", get(right), i32(vectorBytes * vectors * count)));
      f.set(depth, op("i32.sub", get(depth), i32(count)));
    });
  };
  turns(tiles === 1 ? 4 : 2);
  turns(1);
  eachSum((local, place, offset) => f.do(access("v128.store", { offset }, place, get(local))));
  return f.end({ exported: false });
}

function multiplyAdd(type: SumType, fused: boolean, x: Vector, y: Vector, sum: Vector): Vector {
  if (type === "int32") return op("i32x4.add", op("i32x4.mul", x, y), sum);
  const lanes = type === "float32" ? "f32x4" : "f64x2";
  return fused ? op(`${lanes}.relaxed_madd`, x, y, sum) : op(`${lanes}.add`, op(`${lanes}.mul`, x, y), sum);
}
