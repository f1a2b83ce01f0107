/**
 * The arena: one memory that all threads share, and what lies in it.
 *
 * It is a cache. A tensor that a program is fed is copied here once and stays, known by its array; a Variable moves here
 * and lives here. When there is no room, what was used longest ago gives its place up: a tensor's copy is dropped, a
 * Variable goes back into an array of its own. In a synchronous loop no finalizer ever runs, so nothing relies on one:
 * what has been collected is found when room is needed.
 * @module
 */
import { hasSharedMemory } from "../shared_memory.ts";
import { dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { Variable } from "../../src/graph/variable.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import { alignment, closed, controlBytes, roundUp, word } from "./protocol.ts";

/** A piece of the arena that is in use. */
interface Holder {
  readonly offset: number;
  readonly bytes: number;
  /** What it is, for the table in an error. */
  readonly describe: () => string;
  /** Whether what it is for has been collected. */
  readonly isDead: () => boolean;
  /** Makes it unnecessary; undefined for what cannot be moved. */
  readonly giveUp: (() => void) | undefined;
  /** Has whoever looks at it look again: memory that is not shared has another buffer once it has grown. */
  readonly followMemory?: () => void;
  /** The run that used it last. */
  used: number;
}

interface Gap {
  readonly offset: number;
  readonly bytes: number;
}

const page = 65536;

/** Bytes at the end that nothing lies in: vectors are loaded whole, though the last of an array may not be. */
export const behind = 64;

/** Copies of tensors may take this much before they are dropped to make room, rather than the arena growing. */
const keptBytes = 2 ** 28;

/** One shared memory. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** The words at its start; see protocol.ts. Only threads that share memory go by them. */
  readonly control: Int32Array;
  readonly #maximumBytes: number;
  readonly #gaps: Gap[] = []; // by offset
  readonly #holders = new Map<number, Holder>();
  readonly #tensors = new WeakMap<TypedArray, Holder>();
  readonly #variables = new WeakMap<Variable, Holder>();
  #end: number;
  #clock = 0;

  /** `maximumBytes` is 4 GB at most; where a process cannot reserve that much, it is less. */
  constructor(maximumBytes = 2 ** 32) {
    let pages = Math.max(2, Math.floor(maximumBytes / page));
    for (;; pages = Math.floor(pages / 2)) {
      try {
        this.memory = new WebAssembly.Memory({ initial: 2, maximum: pages, shared: hasSharedMemory() });
        break;
      } catch (error) {
        if (pages < 256) throw error;
      }
    }
    this.#maximumBytes = pages * page;
    this.control = new Int32Array(this.memory.buffer, 0, controlBytes / Int32Array.BYTES_PER_ELEMENT);
    Atomics.store(this.control, word.next, closed);
    this.#end = this.memory.buffer.byteLength - behind;
    this.#gaps.push({ offset: controlBytes, bytes: this.#end - controlBytes });
  }

  /** Begins a run: what it uses is not given up before the next. */
  beginRun(): void {
    this.#clock++;
  }

  /** Bytes in use. */
  get usedBytes(): number {
    let bytes = 0;
    for (const holder of this.#holders.values()) bytes += holder.bytes;
    return bytes;
  }

  /** Where a tensor's numbers are; copies them here when they are not. */
  placeOf(data: TypedArray, type: TensorType): number {
    let holder = this.#tensors.get(data);
    if (holder === undefined) {
      const reference = new WeakRef(data);
      holder = this.#hold(data.byteLength, {
        describe: () => `a tensor of ${type}`,
        isDead: () => reference.deref() === undefined,
        giveUp: () => {
          const array = reference.deref();
          if (array !== undefined) this.#tensors.delete(array);
        },
      });
      this.#tensors.set(data, holder);
      this.view(type.dtype, holder.offset, data.length).set(data);
    }
    holder.used = this.#clock;
    return holder.offset;
  }

  /** Where a Variable lives; moves it here when it lives elsewhere. */
  placeOfVariable(variable: Variable): number {
    let holder = this.#variables.get(variable);
    if (holder === undefined) {
      const reference = new WeakRef(variable);
      const { dtype, size } = variable.type;
      const label = `the Variable ${variable.describe()}`;
      holder = this.#hold(variable.storage.byteLength, {
        describe: () => label,
        isDead: () => reference.deref() === undefined,
        giveUp: () => this.#spill(reference.deref()),
        followMemory: () =>
          reference.deref()?.relocate(this.view(dtype, this.#variables.get(reference.deref()!)!.offset, size)),
      });
      const storage = this.view(dtype, holder.offset, size);
      storage.set(variable.storage);
      variable.relocate(storage);
      this.#variables.set(variable, holder);
    }
    holder.used = this.#clock;
    return holder.offset;
  }

  /** Moves a Variable that lives here into an array of its own. Its place stays taken: a lost worker may still write there. */
  abandon(variable: Variable): void {
    const holder = this.#variables.get(variable);
    if (holder === undefined) return;
    this.#spill(variable);
    const describe = (): string => "what a lost worker may write";
    this.#holders.set(holder.offset, { ...holder, describe, isDead: () => false, giveUp: undefined });
  }

  #spill(variable: Variable | undefined): void {
    if (variable === undefined || !this.#variables.delete(variable)) return;
    variable.relocate(variable.storage.slice());
  }

  /** A piece for a purpose; it stays until it is released. */
  allocate(bytes: number, purpose: string): number {
    const holder = this.#hold(bytes, { describe: () => purpose, isDead: () => false, giveUp: undefined });
    return holder.offset;
  }

  /** Gives back what was allocated. */
  release(offset: number): void {
    const holder = this.#holders.get(offset);
    if (holder !== undefined) this.#free(holder);
  }

  /** Elements that lie in the arena. */
  view(dtype: TensorType["dtype"], offset: number, length: number): TypedArray {
    return dtypeInfo(dtype).view(this.memory.buffer, offset, length);
  }

  #hold(bytes: number, what: Omit<Holder, "offset" | "bytes" | "used">): Holder {
    const needed = Math.max(alignment, roundUp(bytes));
    const offset = this.#take(needed) ?? this.#makeRoom(needed, what.describe);
    const holder: Holder = { ...what, offset, bytes: needed, used: this.#clock };
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

  /** Room for so many bytes: what is dead goes first, then copies beyond what is worth keeping; then the arena grows; then whatever can go. */
  #makeRoom(bytes: number, purpose: () => string): number {
    const idle = (): Holder[] =>
      [...this.#holders.values()].filter(({ used, giveUp }) => giveUp !== undefined && used < this.#clock)
        .sort((a, b) => a.used - b.used);
    for (const holder of [...this.#holders.values()]) if (holder.isDead()) this.#free(holder);
    let offset = this.#take(bytes);
    const giveUp = (holder: Holder): void => {
      holder.giveUp?.();
      this.#free(holder);
      offset = this.#take(bytes);
    };
    let kept = idle().reduce((sum, holder) => sum + holder.bytes, 0);
    for (const holder of idle()) {
      if (offset !== undefined || kept <= keptBytes) break;
      kept -= holder.bytes;
      giveUp(holder);
    }
    if (offset === undefined && this.#grow(bytes)) offset = this.#take(bytes);
    for (const holder of idle()) {
      if (offset !== undefined) break;
      giveUp(holder);
    }
    if (offset === undefined) throw this.#exhausted(bytes, purpose());
    return offset;
  }

  /** Makes the memory larger by at least so many bytes; whether it could. */
  #grow(bytes: number): boolean {
    const last = this.#gaps.at(-1);
    const missing = bytes - (last !== undefined && last.offset + last.bytes === this.#end ? last.bytes : 0);
    const least = Math.ceil(missing / page);
    const most = (this.#maximumBytes - this.#end) / page;
    if (least > most) return false;
    for (const pages of [Math.min(most, Math.max(least, Math.ceil(this.#end / page))), least]) {
      try {
        this.memory.grow(pages); // twice what there is, if it can be had
      } catch {
        continue;
      }
      if (!hasSharedMemory()) { for (const holder of this.#holders.values()) holder.followMemory?.(); }
      this.#addGap({ offset: this.#end, bytes: pages * page });
      this.#end += pages * page;
      return true;
    }
    return false;
  }

  #exhausted(bytes: number, purpose: string): RangeError {
    const rows = [...this.#holders.values()].sort((a, b) => b.bytes - a.bytes);
    const shown = rows.slice(0, 16).map((holder) => `  ${megabytes(holder.bytes).padStart(10)}  ${holder.describe()}`);
    if (rows.length > shown.length) {
      const rest = rows.slice(shown.length).reduce((sum, holder) => sum + holder.bytes, 0);
      shown.push(`  ${megabytes(rest).padStart(10)}  ${rows.length - shown.length} smaller ones`);
    }
    const limit = `it can hold ${megabytes(this.#maximumBytes)}`;
    const held = rows.length === 0 ? "and nothing is in it" : `of which ${megabytes(this.usedBytes)} are held by`;
    return new RangeError(
      [`Cannot place ${purpose} (${megabytes(bytes)}) in the arena: ${limit}, ${held}`, ...shown].join("\n"),
    );
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1)} MB`;
}
