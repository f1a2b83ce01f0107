/**
 * The arena: one memory that all threads share, and what lies in it.
 *
 * It is a cache. A tensor that a program is fed is copied here once and stays, known by its array; a Variable moves here
 * and lives here. When there is no room, what was used longest ago gives its place up: a tensor's copy is dropped, a
 * Variable goes back into an array of its own. Nothing here asks whether an object is still alive: that would keep it until
 * the present job ends, and in a synchronous loop no finalizer runs. So what nobody needs any more grows old, and goes.
 * @module
 */
import { hasSharedMemory } from "./shared_memory.ts";
import { type DType, dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { Storage } from "../../src/graph/storage.ts";
import type { Variable } from "../../src/graph/variable.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import { alignment, closed, controlBytes, roundUp, word } from "./threads/protocol.ts";

interface Gap {
  readonly offset: number;
  readonly bytes: number;
}

/** A piece of the arena that is in use. */
interface Piece extends Gap {
  /** What it is, for the table in an error. */
  readonly label: string;
  /** The run that used it last. */
  used: number;
  /** Whether it has given its place up. */
  evicted: boolean;
}

/** The copy of a tensor. */
interface Copy extends Piece {
  readonly kind: "copy";
}

/** The state of a Variable, which lives here. */
interface State extends Piece {
  readonly kind: "state";
  readonly storage: Storage;
  readonly dtype: DType;
  readonly size: number;
}

/** What stays until it is released. */
interface ArenaAllocation extends Piece {
  readonly kind: "allocation";
}

type Holder = Copy | State | ArenaAllocation;

const page = 65536;

/** Bytes at the end that nothing lies in: vectors are loaded whole, though the last of an array may not be. */
export const behind = 64;

/**
 * Copies that only one run has used may take this much (the probationary segment of a segmented LRU cache: Karedla et al.,
 * "Caching strategies to improve disk system performance", 1994). A fresh batch in every step is never used again.
 */
const probationBytes = 2 ** 24;

/** What no run has used for so many runs goes before the arena grows. */
const oldRuns = 256;

/** What is idle may take this much before it goes rather than the arena growing. */
const keptBytes = 2 ** 28;

/** How an arena grows. Tests change it. */
export const growth = {
  /** It becomes twice as large where it can, but no more than so many bytes larger than it has to be. */
  spareBytes: 2 ** 28,
};

/** One memory. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #maximumBytes: number;
  readonly #gaps: Gap[] = []; // by offset
  readonly #holders = new Map<number, Holder>();
  readonly #copies = new WeakMap<TypedArray, Copy>();
  /** The copies that only one run has used, the oldest first. */
  readonly #probation = new Set<Copy>();
  #probationBytes = 0;
  readonly #states = new WeakMap<Storage, State>();
  /** Those of Variables that have been collected go as soon as the event loop gets round to it. */
  readonly #collected = typeof FinalizationRegistry === "function"
    ? new FinalizationRegistry<State>((state) => this.#evict(state))
    : undefined;
  /** Called when views of the memory that were made before are views of nothing any more. */
  readonly #detached: () => void;
  #end: number;
  #run = 0;

  /**
   * `maximumBytes` is 4 GB at most; where a process cannot reserve that much, it is less. Memory that is not shared has
   * another buffer once it has grown: `detached` is called then.
   */
  constructor(maximumBytes = 2 ** 32, detached: () => void = () => {}) {
    let pages = Math.max(2, Math.floor(maximumBytes / page));
    for (;; pages = Math.floor(pages / 2)) {
      try {
        this.memory = new WebAssembly.Memory({ initial: 2, maximum: pages, shared: hasSharedMemory() });
        break;
      } catch (error) {
        if (pages < 256) throw error;
      }
    }
    this.#detached = detached;
    this.#maximumBytes = pages * page;
    // Only threads that share memory go by the control words at its start.
    Atomics.store(new Int32Array(this.memory.buffer), word.next, closed);
    this.#end = this.memory.buffer.byteLength - behind;
    this.#gaps.push({ offset: controlBytes, bytes: this.#end - controlBytes });
  }

  /** Begins a run: what it uses is not given up before the next. */
  beginRun(): void {
    this.#run++;
  }

  /** Bytes in use. */
  get usedBytes(): number {
    let bytes = 0;
    for (const holder of this.#holders.values()) bytes += holder.bytes;
    return bytes;
  }

  /** Where a tensor's numbers are; copies them here when they are not. The address holds until the next run begins. */
  placeOf(data: TypedArray, type: TensorType): number {
    let copy = this.#copies.get(data);
    if (copy === undefined || copy.evicted) {
      const bytes = allocatedSizeOf(data.byteLength);
      this.#limitProbation(bytes);
      copy = this.#hold(`a tensor of ${type}`, bytes, (piece): Copy => ({ ...piece, kind: "copy" }));
      this.#copies.set(data, copy);
      this.#probation.add(copy);
      this.#probationBytes += bytes;
      this.view(type.dtype, copy.offset, data.length).set(data);
    } else if (copy.used !== this.#run) {
      this.#leaveProbation(copy);
      copy.used = this.#run;
    }
    return copy.offset;
  }

  /** Makes room for a copy of so many bytes among those that only one run has used. */
  #limitProbation(bytes: number): void {
    for (const oldest of this.#probation) {
      if (this.#probationBytes + bytes <= probationBytes || oldest.used === this.#run) return;
      this.#evict(oldest);
    }
  }

  #leaveProbation(copy: Copy): void {
    if (this.#probation.delete(copy)) this.#probationBytes -= copy.bytes;
  }

  /** Where a Variable lives; moves it here when it lives elsewhere. The address holds until the next run begins. */
  placeOfVariable(variable: Variable): number {
    const { storage } = variable;
    let state = this.#states.get(storage);
    if (state === undefined) {
      const { dtype, size } = variable.type;
      const label = `the Variable ${variable.describe()}`;
      state = this.#hold(
        label,
        allocatedSizeOf(storage.array.byteLength),
        (piece): State => ({ ...piece, kind: "state", storage, dtype, size }),
      );
      const array = this.view(dtype, state.offset, size);
      array.set(storage.array);
      storage.array = array;
      this.#states.set(storage, state);
      this.#collected?.register(variable, state);
    }
    state.used = this.#run;
    return state.offset;
  }

  /** Moves a Variable that lives here into an array of its own. Its place stays taken: a lost worker may still write there. */
  abandon({ storage }: Variable): void {
    const state = this.#states.get(storage);
    if (state === undefined) return;
    this.#moveOut(state);
    const { offset, bytes, used } = state;
    const label = "what a lost worker may write";
    this.#holders.set(offset, { offset, bytes, used, label, kind: "allocation", evicted: false });
  }

  #moveOut(state: State): void {
    state.evicted = true;
    this.#states.delete(state.storage);
    state.storage.array = state.storage.array.slice();
  }

  /** A piece for a purpose; it stays until it is released. */
  allocate(bytes: number, purpose: string): number {
    return this.#hold(purpose, allocatedSizeOf(bytes), (piece): ArenaAllocation => ({ ...piece, kind: "allocation" }))
      .offset;
  }

  /** Gives back what was allocated. */
  release(offset: number): void {
    const holder = this.#holders.get(offset);
    if (holder !== undefined) this.#free(holder);
  }

  /** Elements that lie in the arena. It is not to be kept: see the constructor. */
  view(dtype: DType, offset: number, length: number): TypedArray {
    return dtypeInfo(dtype).view(this.memory.buffer, offset, length);
  }

  #hold<H extends Holder>(label: string, bytes: number, make: (piece: Piece) => H): H {
    const offset = this.#take(bytes) ?? this.#makeRoom(bytes, label);
    const holder = make({ offset, bytes, label, used: this.#run, evicted: false });
    this.#holders.set(offset, holder);
    return holder;
  }

  /** The smallest gap that holds so much, or undefined. */
  #take(bytes: number): number | undefined {
    let best = -1;
    this.#gaps.forEach((gap, index) => {
      if (gap.bytes >= bytes && (best < 0 || gap.bytes < this.#gaps[best]!.bytes)) best = index;
    });
    if (best < 0) return undefined;
    const { offset, bytes: size } = this.#gaps[best]!;
    if (size === bytes) this.#gaps.splice(best, 1);
    else this.#gaps[best] = { offset: offset + bytes, bytes: size - bytes };
    return offset;
  }

  /** Has what can go give its place up. */
  #evict(holder: Copy | State): void {
    if (holder.evicted) return;
    if (holder.kind === "state") this.#moveOut(holder);
    else this.#leaveProbation(holder);
    holder.evicted = true;
    this.#free(holder);
  }

  #free(holder: Holder): void {
    this.#holders.delete(holder.offset);
    this.#addGap(holder);
  }

  /** Adds a gap, joined with those it touches. */
  #addGap({ offset, bytes }: Gap): void {
    let index = this.#gaps.findIndex((gap) => gap.offset > offset);
    if (index < 0) index = this.#gaps.length;
    let gap = { offset, bytes };
    const [before, after] = [this.#gaps[index - 1], this.#gaps[index]];
    let [from, count] = [index, 0];
    if (before !== undefined && before.offset + before.bytes === offset) {
      gap = { offset: before.offset, bytes: before.bytes + bytes };
      [from, count] = [index - 1, 1];
    }
    if (after !== undefined && after.offset === offset + bytes) {
      gap = { ...gap, bytes: gap.bytes + after.bytes };
      count++;
    }
    this.#gaps.splice(from, count, gap);
  }

  /** Room for so many bytes: what is old goes first, then what is idle beyond what is worth keeping; then the arena grows; then whatever can go. */
  #makeRoom(bytes: number, label: string): number {
    const idle = [...this.#holders.values()]
      .filter((holder): holder is Copy | State => holder.kind !== "allocation" && holder.used < this.#run)
      .sort((a, b) => a.used - b.used);
    let kept = idle.reduce((sum, holder) => sum + holder.bytes, 0);
    let offset: number | undefined;
    const evictWhile = (mayGo: (oldest: Holder) => boolean): void => {
      for (let [oldest] = idle; offset === undefined && oldest !== undefined && mayGo(oldest); [oldest] = idle) {
        idle.shift();
        kept -= oldest.bytes;
        this.#evict(oldest);
        offset = this.#take(bytes);
      }
    };
    evictWhile(({ used }) => used < this.#run - oldRuns || kept > keptBytes);
    if (offset === undefined && this.#grow(bytes)) offset = this.#take(bytes);
    evictWhile(() => true);
    if (offset === undefined) throw this.#exhausted(bytes, label);
    return offset;
  }

  /** Makes the memory larger by at least so many bytes; whether it could. */
  #grow(bytes: number): boolean {
    const last = this.#gaps.at(-1);
    const missing = bytes - (last !== undefined && last.offset + last.bytes === this.#end ? last.bytes : 0);
    const least = Math.ceil(missing / page);
    const most = (this.#maximumBytes - behind - this.#end) / page;
    if (least > most) return false;
    const double = Math.min(Math.ceil(this.#end / page), least + Math.floor(growth.spareBytes / page));
    for (const pages of [Math.min(most, Math.max(least, double)), least]) {
      try {
        this.memory.grow(pages);
      } catch {
        continue;
      }
      this.#addGap({ offset: this.#end, bytes: pages * page });
      this.#end += pages * page;
      if (!hasSharedMemory()) this.#renewViews();
      return true;
    }
    return false;
  }

  /** Has all views be views of the buffer that the memory has now. */
  #renewViews(): void {
    for (const holder of this.#holders.values()) {
      if (holder.kind === "state") holder.storage.array = this.view(holder.dtype, holder.offset, holder.size);
    }
    this.#detached();
  }

  #exhausted(bytes: number, label: string): RangeError {
    const rows = [...this.#holders.values()].sort((a, b) => b.bytes - a.bytes);
    const shown = rows.slice(0, 16).map((holder) => `  ${megabytes(holder.bytes).padStart(10)}  ${holder.label}`);
    if (rows.length > shown.length) {
      const rest = rows.slice(shown.length).reduce((sum, holder) => sum + holder.bytes, 0);
      shown.push(`  ${megabytes(rest).padStart(10)}  ${rows.length - shown.length} smaller ones`);
    }
    const limit = `it can hold ${megabytes(this.#maximumBytes)}`;
    const held = rows.length === 0 ? "and nothing is in it" : `of which ${megabytes(this.usedBytes)} are held by`;
    return new RangeError(
      [`Cannot place ${label} (${megabytes(bytes)}) in the arena: ${limit}, ${held}`, ...shown].join("\n"),
    );
  }
}

/** The bytes that a piece takes for so many: some, so that even an empty array is somewhere. */
function allocatedSizeOf(bytes: number): number {
  return Math.max(alignment, roundUp(bytes));
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MB`;
}
