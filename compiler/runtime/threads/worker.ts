/**
 * A worker: a thread of the pool. It is called through comlink, but works from what stands in the arena: a message
 * tells it of programs, and gets it out of its event loop.
 * @module
 */
import { expose } from "../../../src/comlink.ts";
import { loadKernel } from "../../emit/load_kernel.ts";
import { loadObserver, observe, WorkerExit } from "./observer.ts";
import {
  type ArenaMessage,
  type ProgramMessage,
  state,
  status,
  threadWord,
  word,
  type WorkerMethods,
} from "./protocol.ts";
import type { LoadedProgram } from "../arena_bindings.ts";
import { WorkerLoop } from "./worker_loop.ts";

/** How long a worker sleeps before it goes back to its event loop, in milliseconds. */
const sleepLimit = 100;

const programs = new Map<number, LoadedProgram>();
let loop: WorkerLoop | undefined;
let memory: WebAssembly.Memory | undefined;
let spin = 0;

/** Walks until there has been nothing to do for a while, or there are messages to be read. */
function walk(loop: WorkerLoop): void {
  const { control, thread } = loop;
  const set = (value: number): void => {
    if (loop.isAdmitted()) Atomics.store(control, threadWord(thread, "status"), value);
  };
  const mustLeave = (): boolean =>
    !loop.isAdmitted() ||
    Atomics.load(control, word.loads) !== Atomics.load(control, threadWord(thread, "loaded"));
  set(status.hot);
  while (!mustLeave()) {
    const seen = Atomics.load(control, word.signal);
    const step = loop.lookFor(spin);
    if (step === "unloaded") break;
    if (step === "worked") continue;
    set(status.waiting);
    const woken = mustLeave() ? "not-equal" : loop.sleep(seen, sleepLimit);
    set(status.hot);
    // A run that goes on without this thread may want it again, and its caller's event loop may be too late to say so.
    if (woken === "timed-out" && Atomics.load(control, word.state) !== state.running) break;
  }
  set(status.parked);
}

const methods: WorkerMethods = {
  init(arena: ArenaMessage) {
    spin = arena.spin;
    memory = arena.memory;
    if (arena.observer !== undefined) observe(loadObserver(arena.observer));
    loop = new WorkerLoop(arena.memory, arena.thread, programs, { owner: arena.owner });
    if (!loop.isAdmitted()) return;
    Atomics.store(loop.control, threadWord(arena.thread, "status"), status.parked);
    loop.signal();
  },

  load(messages: readonly ProgramMessage[], number: number, forgotten: readonly number[]) {
    const shared = memory!; // this is called after `init`
    for (const id of forgotten) programs.delete(id);
    for (const message of messages) {
      programs.set(message.id, { ...message, kernels: message.kernels.map((text) => loadKernel(text, shared)) });
    }
    if (loop?.isAdmitted()) Atomics.store(loop.control, threadWord(loop.thread, "loaded"), number);
    this.run(); // one that was walking has left for the message
  },

  run() {
    if (loop === undefined) return;
    const walking = loop;
    const { control, thread, owner } = walking;
    loop = undefined; // whatever ends it, there may be messages left, and nothing is to come of them
    try {
      walk(walking);
      if (walking.isAdmitted()) loop = walking;
    } catch (error) {
      // It was asked to die. Anything else that gets here is as much its end.
      if (walking.isAdmitted()) Atomics.store(control, threadWord(thread, "status"), status.absent);
      if (!(error instanceof WorkerExit)) throw error;
    } finally {
      if (loop === undefined) {
        Atomics.store(control, threadWord(thread, "left"), owner);
        self.close();
      }
      walking.signal();
    }
  },
};

expose(methods);
