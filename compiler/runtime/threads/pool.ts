/**
 * The pool: workers, started when a program first wants them, and ended when none has for a while.
 *
 * comlink carries what a worker has to be told. No run waits for a message: whether a worker is there, and which programs
 * it has loaded, stands in the arena's words.
 * @module
 */
import { hasSharedMemory } from "../shared_memory.ts";
import { canGenerateCode } from "../../emit/js/load_js.ts";
import type { Arena } from "../arena.ts";
import type * as comlink from "../../../src/comlink.ts";
import { observerOfWorkers } from "./observer.ts";
import {
  alignment,
  maximumThreads,
  type ProgramMessage,
  state,
  status,
  threadWord,
  word,
  type WorkerMethods,
} from "./protocol.ts";
import { comlinkSource, workerSource } from "./worker_source.ts";

/** comlink, once a worker was wanted. Where no code may be generated there are no kernels to share, and no workers. */
let loaded: typeof comlink | undefined;

function loadComlink(): typeof comlink {
  return loaded ??= new Function(comlinkSource)() as typeof comlink; // that is what the text is generated from
}

/** A worker and its place. */
interface Member {
  readonly worker: Worker;
  readonly remote: comlink.Remote<WorkerMethods>;
  readonly thread: number;
  readonly owner: number;
  /** How far it had got when it was last looked at, and for how many milliseconds it has been waited for since then. */
  progress: number;
  waited: number;
}

/** How long workers look for more work after a run before they sleep, in milliseconds. */
const spinTime = 0.2;

/** How long a pool without work keeps its workers, in milliseconds. They keep a process alive. */
const idleTime = 200;

/** How long a worker that is to leave may take for it, in milliseconds. */
const leaveLimit = 1000;

/** How many programs workers hold; a program beyond that is sent again when it is run again. */
const heldPrograms = 256;

/** How many threads the machine runs at once. */
export function hardwareThreads(): number {
  return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Whether threads can share memory here at all. */
export function canShareMemory(): boolean {
  return hasSharedMemory() && canGenerateCode() && typeof WebAssembly === "object" && typeof Worker === "function" &&
    typeof Blob === "function" && typeof URL.createObjectURL === "function";
}

/** Every worker has a number of its own; 0 is nobody's. */
let nextOwner = 1;

/** The workers that share an arena. */
export class Pool {
  readonly #memory: WebAssembly.Memory;
  readonly #control: Int32Array;
  /** How long workers are waited for, in milliseconds. */
  readonly #patience: { readonly startLimit: number };
  #members: Member[] = [];
  readonly #held = new Map<number, ProgramMessage>();
  /** Programs that workers still hold and are to forget: with the next that they are sent. */
  readonly #forgotten = new Set<number>();
  #lastThread = 0;
  #broken = false;
  #used = 0;
  #added = 0;
  /** Whether workers had not started when that was last looked at, or there are some that it was not looked at for. */
  #starting = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Called when a worker has ended by itself. */
  readonly #lost: () => void;

  /** How much memory of its own each thread has, and where that comes from; undefined before any program has wanted it. */
  #scratch: { readonly bytes: number; readonly arena: Arena } | undefined;

  constructor(
    memory: WebAssembly.Memory,
    control: Int32Array,
    patience: { readonly startLimit: number },
    lost: () => void,
  ) {
    this.#memory = memory;
    this.#control = control;
    this.#patience = patience;
    this.#lost = lost;
  }

  /** Gives each thread, those that are to come among them, so much memory of its own. Not while a run is going on. */
  provideScratch(bytes: number, arena: Arena): void {
    if (this.#scratch !== undefined && this.#scratch.bytes >= bytes) return;
    // Those that have ended keep theirs, for the next that has their number.
    for (let thread = 0; thread < maximumThreads; thread++) {
      const place = threadWord(thread, "scratch");
      if (this.#control[place] === 0) continue;
      arena.release((this.#control[place]! >>> 0) * alignment);
      this.#control[place] = 0;
    }
    this.#scratch = { bytes, arena };
    for (const thread of [0, ...this.threads]) this.#provide(thread);
  }

  #provide(thread: number): void {
    const place = threadWord(thread, "scratch");
    if (this.#scratch === undefined || this.#control[place] !== 0) return;
    const { bytes, arena } = this.#scratch;
    this.#control[place] = arena.allocate(bytes, "packed operands") / alignment;
  }

  /** How many workers there are that could take part in a run. */
  get ready(): number {
    return this.#members.filter(({ thread }) => this.#statusOf(thread) !== status.absent).length;
  }

  /** Threads of the workers, in the order in which they are admitted to runs. */
  get threads(): readonly number[] {
    return this.#members.map(({ thread }) => thread);
  }

  /** Whether workers cannot be started here. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether every worker has left a run that has failed. */
  get isQuiet(): boolean {
    const isFree = ({ thread }: Member): boolean => Atomics.load(this.#control, threadWord(thread, "holding")) === 0;
    // Once each has been seen free there is nothing more to claim; one may have claimed what there was just before.
    return this.#members.every(isFree) && this.#members.every(isFree);
  }

  /** Until when workers that have not started are waited for: once, not by every call that would like to have them. */
  get startEnd(): number {
    return this.#added + this.#patience.startLimit;
  }

  /** Starts workers until there are `count`, without waiting for them. */
  start(count: number): void {
    this.#used = Date.now();
    const wanted = Math.min(count, maximumThreads - 1);
    while (!this.#broken && this.#members.length < wanted) this.#add();
    this.#watch();
  }

  #statusOf(thread: number): number {
    return Atomics.load(this.#control, threadWord(thread, "status"));
  }

  #add(): void {
    this.#added = Date.now();
    this.#starting = true;
    const control = this.#control;
    // Another place than the last ones': who was there may still be about to find out that it has been given up.
    const taken = this.threads;
    do this.#lastThread = this.#lastThread % (maximumThreads - 1) + 1; while (taken.includes(this.#lastThread));
    const thread = this.#lastThread;
    const owner = nextOwner++;
    control[threadWord(thread, "owner")] = owner;
    control[threadWord(thread, "holding")] = 0;
    this.#provide(thread);
    control[threadWord(thread, "rank")] = this.#members.length + 1;
    // With nothing to load it is up to date as it is; otherwise the last message makes it so.
    control[threadWord(thread, "loaded")] = this.#held.size === 0 ? control[word.loads]! : -1;
    Atomics.store(control, threadWord(thread, "status"), status.absent);
    const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
    let worker: Worker;
    try {
      worker = new Worker(address, { type: "module", name: `tensorloom ${thread}` });
    } catch {
      this.#broken = true; // where a page's policy forbids workers, one thread has to do
      return;
    }
    const member: Member = {
      worker,
      remote: loadComlink().wrap<WorkerMethods>(worker),
      thread,
      owner,
      progress: 0,
      waited: 0,
    };
    const ended = (): void => {
      URL.revokeObjectURL(address);
      if (!this.#members.includes(member)) return;
      Atomics.store(control, threadWord(thread, "status"), status.absent);
      // One that held work is lost, and stays in the list until the run has been told.
      if (Atomics.load(control, threadWord(thread, "holding")) === 0) this.#remove(thread);
      this.#lost();
    };
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // a run that misses it says so
      if (this.#statusOf(thread) === status.absent) this.#broken = true; // it has never started
      ended();
    });
    worker.addEventListener("close", ended);
    this.#members.push(member);
    const spin = this.#members.length < hardwareThreads() ? spinTime : 0;
    send(member.remote.init({ memory: this.#memory, thread, owner, spin, observer: observerOfWorkers }));
    if (this.#held.size > 0) send(member.remote.load([...this.#held.values()], control[word.loads]!, []));
  }

  /** Takes a worker out. */
  #remove(thread: number): void {
    this.#members = this.#members.filter((member) => member.thread !== thread);
    this.#members.forEach((member, rank) => this.#control[threadWord(member.thread, "rank")] = rank + 1);
  }

  /** Has the workers load a program, if they have not. `make` makes the message. */
  load(id: number, make: () => ProgramMessage): void {
    const held = this.#held.get(id);
    if (held !== undefined) {
      if (this.#held.size * 2 > heldPrograms) {
        this.#held.delete(id);
        this.#held.set(id, held);
      }
      return;
    }
    const message = make();
    const number = Atomics.add(this.#control, word.loads, 1) + 1;
    this.#held.set(id, message);
    if (this.#held.size > heldPrograms) {
      for (const oldest of this.#held.keys()) {
        this.forget(oldest);
        break;
      }
    }
    const forgotten = [...this.#forgotten];
    this.#forgotten.clear();
    for (const { remote } of this.#members) send(remote.load([message], number, forgotten));
  }

  /** Has the workers forget a program. Not while it runs. */
  forget(id: number): void {
    if (this.#held.delete(id) && this.#members.length > 0) this.#forgotten.add(id);
  }

  /** Gets workers that are in their event loops, up to this rank, out of them. */
  call(participants: number): void {
    this.#used = Date.now();
    const control = this.#control;
    for (const { thread, remote } of this.#members) {
      if (control[threadWord(thread, "rank")]! >= participants) continue;
      const place = threadWord(thread, "status");
      if (Atomics.load(control, place) !== status.parked) continue;
      if (Atomics.compareExchange(control, place, status.parked, status.called) === status.parked) send(remote.run());
    }
  }

  /**
   * Workers that hold work and have died, or have not got on while they were waited for: for `milliseconds` more now, and
   * for longer than `limit` in all.
   */
  lostThreads(milliseconds: number, limit: number): number[] {
    const control = this.#control;
    return this.#members.filter((member) => {
      const { thread } = member;
      const progress = Atomics.load(control, threadWord(thread, "progress"));
      const isHolding = Atomics.load(control, threadWord(thread, "holding")) !== 0;
      member.waited = isHolding && progress === member.progress ? member.waited + milliseconds : 0;
      member.progress = progress;
      return isHolding && (this.#statusOf(thread) === status.absent || member.waited > limit);
    }).map(({ thread }) => thread);
  }

  /** Gives up a worker that is lost: it may be dead, or stuck. */
  replace(thread: number): void {
    const member = this.#members.find((each) => each.thread === thread);
    if (member === undefined) return;
    this.#remove(thread);
    this.#control[threadWord(thread, "owner")] = 0;
    this.#control[threadWord(thread, "scratch")] = 0; // it may still write there
    // A worker that still runs must not be terminated: on Deno that would hang the process.
    if (this.#statusOf(thread) === status.absent) member.worker.terminate();
  }

  /** Ends all workers; whether none is left that may still write. */
  close(): boolean {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const control = this.#control;
    const members = this.#members;
    this.#members = [];
    this.#held.clear();
    this.#forgotten.clear();
    for (const { thread } of members) Atomics.store(control, threadWord(thread, "owner"), 0);
    Atomics.add(control, word.signal, 1);
    Atomics.notify(control, word.signal);
    // A worker that spins or sleeps must not be terminated: on Deno that would hang the process. They leave between two
    // chunks; one that takes long over its chunk ends by itself after it.
    const end = Date.now() + leaveLimit;
    let isQuiet = true;
    for (const { thread, worker, owner } of members) {
      const walks = (): boolean =>
        (this.#statusOf(thread) === status.hot || this.#statusOf(thread) === status.waiting) &&
        Atomics.load(control, threadWord(thread, "left")) !== owner;
      while (walks() && Date.now() < end);
      if (walks()) isQuiet = false;
      else worker.terminate();
    }
    return isQuiet;
  }

  /** Ends the pool once it has had no work for a while. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#members.length === 0) return;
      // Workers that have not started yet are waited for. One inside of a worker takes a second on Deno. When they have, they
      // have to be found by whoever wanted them.
      const starting = this.#members.some(({ thread }) => this.#statusOf(thread) === status.absent);
      const runs = Atomics.load(this.#control, word.state) !== state.idle; // however late this thread's event loop is
      if (runs || this.#starting && !starting) this.#used = Date.now();
      this.#starting = starting;
      if (Date.now() - this.#used < (starting ? this.#patience.startLimit : idleTime)) this.#watch();
      else this.close();
    }, idleTime);
  }
}

/** A message is sent when it is made; its answer says nothing, and never comes from a worker that has ended. */
function send(answer: Promise<unknown>): void {
  answer.catch(() => {});
}
