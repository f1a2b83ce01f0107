/**
 * Running results of reductions, four lanes each. Sums and products of floating-point numbers are accumulated as
 * doubles, whatever their dtype: a sum of millions of float32 numbers is then as exact as its result can say.
 * @module
 */
import { type DType, dtypeInfo, isFloating } from "../../../src/dtype.ts";
import type { Reduction } from "../kernel.ts";
import {
  type Code,
  f64,
  get,
  i32x4,
  type Local,
  onLane,
  op,
  shuffle32,
  splat32,
  type Vector,
} from "../../emit/wasm/asm/code.ts";
import {
  constantLanes,
  type ConversionContext,
  convertLanes,
  extractLane,
  fromDoubles,
  isUnsigned,
  laneCount,
  type Lanes,
  laneType,
  narrowMask,
  widenMask,
  wrapLanes,
} from "../../emit/wasm/vector/lanes.ts";

/** What a running result starts from: what changes nothing. */
function neutral({ name, dtype }: Reduction): number {
  const { min, max } = dtypeInfo(dtype);
  switch (name) {
    case "sum":
    case "any":
      return 0;
    case "prod":
    case "all":
      return 1;
    case "max":
    case "argmax":
      return min;
    case "min":
    case "argmin":
      return max;
    default:
      return name satisfies never;
  }
}

/** One running result. */
export class Accumulator {
  readonly reduction: Reduction;
  /** The dtype that its lanes have: that of the values, or double. */
  readonly #dtype: DType;
  readonly #context: ConversionContext;
  readonly #values: readonly Local<"v128">[];
  /** For an index of an element: that of each lane's best. */
  readonly #places: Local<"v128"> | undefined;

  /** For elements that are taken one after the other: what they have come to. */
  readonly #running: Local<"f64"> | undefined;

  /**
   * With `inOrder`, numbers of 64 bits are added one after the other and not lane by lane: which elements share a lane
   * follows from the axes that could be joined, and those are others for a view than for an array.
   */
  constructor(context: ConversionContext, reduction: Reduction, inOrder = false) {
    const { name, isIndex, dtype, id } = reduction;
    this.#context = context;
    this.reduction = reduction;
    this.#dtype = isFloating(dtype) && (name === "sum" || name === "prod") ? "float64" : dtype;
    const count = this.#dtype === "float64" ? 2 : 1;
    this.#values = Array.from({ length: count }, (_, index) => context.f.local(`r${id}_${index}`, "v128"));
    this.#places = isIndex ? context.f.local(`w${id}`, "v128") : undefined;
    const rounds = dtype === "float64" && (name === "sum" || name === "prod");
    this.#running = inOrder && rounds ? context.f.local(`s${id}`, "f64") : undefined;
  }

  get #vectors(): Vector[] {
    return this.#values.map(get);
  }

  /** Begins. */
  start(): void {
    const { f } = this.#context;
    const start = constantLanes(this.#dtype, neutral(this.reduction));
    this.#values.forEach((local, index) => f.set(local, start[index]!));
    if (this.#places !== undefined) f.set(this.#places, splat32("i32x4", 0));
    if (this.#running !== undefined) f.set(this.#running, f64(neutral(this.reduction)));
  }

  /** Takes four values in, or of them those that the mask shows. `places` are their indices, where those are asked for. */
  add(lanes: Lanes, mask?: Vector, places?: Vector): void {
    const { f } = this.#context;
    const { name, dtype } = this.reduction;
    let { vectors } = lanes;
    if (this.#places !== undefined) {
      this.#addPlaces(vectors, places!, mask); // whoever counts gives them
      return;
    }
    if (mask !== undefined) {
      const start = constantLanes(dtype, neutral(this.reduction));
      const masks = dtype === "float64" ? widenMask(mask) : [mask];
      vectors = vectors.map((each, index) =>
        this.#context.keep(op("v128.bitselect", each, start[index]!, masks[index]!))
      );
    }
    if (this.#running !== undefined) {
      for (let lane = 0; lane < laneCount; lane++) {
        const next = extractLane(dtype, vectors, lane);
        f.set(this.#running, op(name === "sum" ? "f64.add" : "f64.mul", get(this.#running), next));
      }
      return;
    }
    if (this.#dtype !== dtype) ({ vectors } = convertLanes(this.#context, { ...lanes, vectors }, this.#dtype));
    this.#values.forEach((local, index) => f.set(local, this.#combine(name, get(local), vectors[index]!)));
  }

  #combine(name: Reduction["name"], x: Vector, y: Vector): Vector {
    const type = laneType(this.#dtype);
    const sign = isUnsigned(this.#dtype) ? "u" : "s";
    const isBool = this.#dtype === "bool";
    switch (name) {
      case "sum":
        return wrapLanes(this.#dtype, op(type === "f64x2" ? "f64x2.add" : "i32x4.add", x, y));
      case "prod":
        return wrapLanes(this.#dtype, op(type === "f64x2" ? "f64x2.mul" : "i32x4.mul", x, y));
      case "any":
        return op("v128.or", x, y);
      case "all":
        return op("v128.and", x, y);
      case "max":
        return isBool
          ? op("v128.or", x, y)
          : type === "i32x4"
          ? op(`i32x4.max_${sign}`, x, y)
          : op(`${type}.max`, x, y);
      case "min":
        return isBool
          ? op("v128.and", x, y)
          : type === "i32x4"
          ? op(`i32x4.min_${sign}`, x, y)
          : op(`${type}.min`, x, y);
      default:
        throw new Error(`Cannot combine values of ${name}: it is told their places`);
    }
  }

  /** Where values are better than those kept, or the first NaN. */
  #isBetter(x: readonly Vector[], y: readonly Vector[]): Vector {
    const greater = this.reduction.name === "argmax";
    const [first] = x as readonly [Vector];
    const [kept] = y as readonly [Vector];
    const dtype = this.#dtype;
    if (dtype === "bool") return greater ? op("v128.andnot", first, kept) : op("v128.andnot", kept, first);
    if (!isFloating(dtype)) {
      return op(`i32x4.${greater ? "gt" : "lt"}_${isUnsigned(dtype) ? "u" : "s"}`, first, kept);
    }
    const type = dtype === "float32" ? "f32x4" : "f64x2";
    const masks = x.map((each, index) => {
      const other = y[index]!;
      const firstNaN = op("v128.andnot", op(`${type}.ne`, each, each), op(`${type}.ne`, other, other));
      return op("v128.or", op(`${type}.${greater ? "gt" : "lt"}`, each, other), firstNaN);
    });
    return masks.length === 2 ? narrowMask(masks[0]!, masks[1]!) : masks[0]!;
  }

  #addPlaces(vectors: readonly Vector[], places: Vector, mask: Vector | undefined): void {
    const better = this.#isBetter(vectors, this.#vectors);
    this.#take(this.#context.keep(mask === undefined ? better : op("v128.and", better, mask)), vectors, places);
  }

  /** Keeps other values and places, where the mask says so. */
  #take(mask: Vector, vectors: readonly Vector[], places: Vector): void {
    const { f } = this.#context;
    const masks = this.#dtype === "float64" ? widenMask(mask) : [mask];
    this.#values.forEach((local, index) =>
      f.set(local, op("v128.bitselect", vectors[index]!, get(local), masks[index]!))
    );
    f.set(this.#places!, op("v128.bitselect", places, get(this.#places!), mask)); // only those that have places take them
  }

  /** Takes another's lanes in, which counted other elements. */
  merge(other: Accumulator): void {
    const { f } = this.#context;
    if (this.#places !== undefined) {
      this.#mergePlaces(other.#vectors, get(other.#places!)); // it is of the same reduction
      return;
    }
    this.#values.forEach((local, index) =>
      f.set(local, this.#combine(this.reduction.name, get(local), other.#vectors[index]!))
    );
  }

  /** Of equal values the one that came first counts. */
  #mergePlaces(vectors: readonly Vector[], places: Vector): void {
    const { keep } = this.#context;
    const better = keep(this.#isBetter(vectors, this.#vectors));
    const worse = keep(this.#isBetter(this.#vectors, vectors));
    const earlier = op("i32x4.lt_s", places, get(this.#places!)); // only those that have places merge them
    this.#take(keep(op("v128.or", better, op("v128.andnot", earlier, worse))), vectors, places);
  }

  /** Brings all lanes together, so that each has the result of all. */
  combineLanes(): void {
    if (this.#running !== undefined) {
      for (const local of this.#values) this.#context.f.set(local, op("f64x2.splat", get(this.#running)));
      return;
    }
    // First each lane with its neighbour but one, then with its neighbour.
    for (const order of [[2, 3, 0, 1], [1, 0, 3, 2]] as const) {
      const { keep } = this.#context;
      const turn = (x: Vector): Vector => shuffle32(order, x, x);
      const turned = this.#dtype === "float64" ? this.#turnDoubles(order[0] === 2) : this.#vectors.map(turn);
      const vectors = turned.map((each) => keep(each));
      if (this.#places !== undefined) this.#mergePlaces(vectors, keep(turn(get(this.#places))));
      else {
        const combined = this.#vectors.map((each, index) =>
          keep(this.#combine(this.reduction.name, each, vectors[index]!))
        );
        this.#values.forEach((local, index) => this.#context.f.set(local, combined[index]!));
      }
    }
  }

  #turnDoubles(far: boolean): Vector[] {
    const [low, high] = this.#vectors as [Vector, Vector]; // a double takes two
    return far ? [high, low] : [low, high].map((each) => shuffle32([2, 3, 0, 1], each, each));
  }

  /** The result, as far as it has come: rounded to the dtype of the values, or the index. */
  value(uniform: boolean): Lanes {
    const { keep } = this.#context;
    const { dtype } = this.reduction;
    if (this.#places !== undefined) return { dtype: "int32", uniform, vectors: [keep(get(this.#places))] };
    const vectors = this.#dtype === dtype ? this.#vectors : fromDoubles(dtype, ...this.#vectors as [Vector, Vector]);
    return { dtype, uniform, vectors: vectors.map((each) => keep(each)) };
  }

  /** How many doubles say what it has come to. */
  static slots({ isIndex }: Reduction): number {
    return isIndex ? 2 : 1;
  }

  /** What it has come to, in the first lane, as doubles. */
  partials(): Code<"f64">[] {
    const value = extractLane(this.#dtype, this.#vectors, 0);
    if (this.#places === undefined) return [value];
    return [value, op("f64.convert_i32_s", onLane("i32x4.extract_lane", 0, get(this.#places)))];
  }

  /** Takes in what another call's has come to. */
  addPartials(partials: readonly Code<"f64">[]): void {
    const { keep, f } = this.#context;
    const [value, place] = partials.map((each) => keep(op("f64x2.splat", each))) as [Vector, Vector?];
    const vectors = fromDoubles(this.#dtype, value, value).map((each) => keep(each));
    if (this.#places !== undefined) {
      const places = keep(fromDoubles("int32", place!, place!)[0]!); // those with places leave two
      this.#take(keep(this.#isBetter(vectors, this.#vectors)), vectors, places);
      return;
    }
    this.#values.forEach((local, index) =>
      f.set(local, this.#combine(this.reduction.name, get(local), vectors[index]!))
    );
  }
}

/** The numbers 0 to 3. */
export const laneNumbers = i32x4([0, 1, 2, 3]);
