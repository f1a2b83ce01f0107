/**
 * Instructions: what a program does, one after the other, made of what was scheduled.
 * @module
 */
import { Operation } from "../../src/graph/operation.ts";
import { type Block, type Step, walkBlock } from "./block.ts";
import type { KernelText } from "../emit/load_kernel.ts";
import type { IndexCheck } from "../kernel/kernel.ts";
import { type Instruction, type Launch, roundUp } from "../runtime/threads/protocol.ts";
import type { HostCall } from "../runtime/host_call.ts";
import type { HostOperationCall, KernelCall } from "./program_builder.ts";

/** Where an instruction comes from: what errors are made of. */
export interface InstructionOrigin {
  /** Where the user's program made what it computes. */
  readonly site: Error | undefined;
  /** The checks that its kernel names by number. */
  readonly checks: readonly IndexCheck[];
}

/** The instructions of a program, and what they name by number. */
export interface Instructions {
  readonly instructions: readonly Instruction[];
  /** The origin of each. */
  readonly origins: readonly InstructionOrigin[];
  readonly kernels: readonly KernelText[];
  readonly hostCalls: readonly HostCall[];
  /** Bytes of the numbers of all launches. */
  readonly argumentBytes: number;
}

/** Makes instructions of a block; values that are computed in place of a Variable are given its buffer. */
export function makeInstructions(block: Block, inPlace: ReadonlyMap<number, number>): Instructions {
  const builder = new InstructionBuilder(inPlace);
  walkBlock(block, (step, index) => builder.add(step, index));
  const { instructions, origins, kernels, hostCalls, argumentBytes } = builder;
  return { instructions, origins, kernels, hostCalls, argumentBytes };
}

class InstructionBuilder implements Instructions {
  readonly instructions: Instruction[] = [];
  readonly origins: InstructionOrigin[] = [];
  readonly kernels: KernelText[] = [];
  readonly hostCalls: HostCall[] = [];
  argumentBytes = 0;
  readonly #inPlace: ReadonlyMap<number, number>;
  readonly #kernelNumbers = new Map<KernelText, number>();

  constructor(inPlace: ReadonlyMap<number, number>) {
    this.#inPlace = inPlace;
  }

  /** Adds the instruction of a step. */
  add(step: Step, index: number): void {
    switch (step.kind) {
      case "launch":
        this.#addLaunches(step.calls, index);
        break;
      case "host":
        this.#addHostCall(step.call);
        break;
      default:
        step satisfies never;
    }
  }

  #addHostCall({ name, node, inputs, output }: HostOperationCall): void {
    const call = this.hostCalls.push({ node, inputs, output }) - 1;
    this.instructions.push({ kind: "host", name, call });
    this.origins.push({ site: node.site, checks: [] });
  }

  #addLaunches(calls: readonly KernelCall[], index: number): void {
    const { emitted, partials, name, cluster, kernel } = calls[0]!; // there is one at least
    const launches = calls.map((call) => this.#launchOf(call));
    this.instructions.push({
      kind: "launch",
      name: `k${index}_${name}${launches.length > 1 ? `_x${launches.length}` : ""}`,
      kernel: this.#kernelNumber(emitted.text),
      launches,
      count: launches.reduce((sum, { chunks }) => sum + chunks.count, 0),
      partials: partials === undefined ? undefined : { buffer: partials, slots: emitted.partition.slots },
      commits: calls.some(({ writes }) => [...writes].some((buffer) => this.#inPlace.has(buffer))),
    });
    const operation = [...cluster.ops.keys()].find((node) => node instanceof Operation);
    this.origins.push({ site: operation?.site, checks: kernel.checks });
  }

  #launchOf({ emitted, buffers, chunks }: KernelCall): Launch {
    const args = Int32Array.from(emitted.args, (arg) => {
      if (typeof arg === "number") return arg;
      const buffer = buffers[arg.array]!;
      return this.#inPlace.get(buffer) ?? buffer;
    });
    const place = this.argumentBytes;
    this.argumentBytes += roundUp(args.byteLength);
    return { args, place, chunks };
  }

  #kernelNumber(text: KernelText): number {
    let number = this.#kernelNumbers.get(text);
    if (number === undefined) this.#kernelNumbers.set(text, number = this.kernels.push(text) - 1);
    return number;
  }
}
