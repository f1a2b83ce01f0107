/**
 * Modules as bytes, in the binary format of WebAssembly (https://webassembly.github.io/spec/core/binary/index.html).
 * @module
 */
import type { Callable, Code, Label, Local } from "./code.ts";
import type { WasmFunction } from "./function_builder.ts";
import { importModule } from "../imports.ts";
import { simdPrefix, type ValueType } from "./instructions.ts";

/** What a module is made of. It works on a memory that it imports, as it does the functions it is given. */
export interface WasmModule {
  /** In the order in which they are declared; the code may call any of them. */
  readonly imports: readonly Callable[];
  readonly functions: readonly WasmFunction[];
  /** The memory: whether threads share it, and the pages that it has at least and may grow to. */
  readonly memory: { readonly shared: boolean; readonly minimumPages: number; readonly maximumPages: number };
}

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const valueTypes = Object.keys(typeCodes) as ValueType[]; // its keys are all of them
const section = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const emptyBlock = 0x40;
const noLabel: Label = { name: "" };

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  result(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Four bytes, the lowest first. */
  word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte(value >> shift);
  }

  raw(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #grow(more: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  unsigned(value: number): void {
    for (let rest = value;; rest = Math.floor(rest / 128)) {
      if (rest < 128) return this.byte(rest);
      this.byte(rest % 128 + 128);
    }
  }

  signed(value: number): void {
    for (let rest = value;;) {
      const low = rest & 127;
      rest >>= 7;
      if (rest === 0 && low < 64 || rest === -1 && low >= 64) return this.byte(low);
      this.byte(low + 128);
    }
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.unsigned(bytes.length);
    this.raw(bytes);
  }

  /** What `write` writes, preceded by its length. */
  sized(write: (bytes: Bytes) => void): void {
    const inner = new Bytes();
    write(inner);
    this.unsigned(inner.length);
    this.raw(inner.#bytes.subarray(0, inner.length));
  }
}

/** The bytes of a module. */
export function encodeModule({ imports, functions, memory }: WasmModule): Uint8Array<ArrayBuffer> {
  const bytes = new Bytes();
  bytes.raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]); // "\0asm", version 1
  const callables = [...imports, ...functions];
  const types = new Map<string, number>();
  const typeOf = ({ params, result }: Callable): number => {
    const key = `${params.join()}>${result ?? ""}`;
    let index = types.get(key);
    if (index === undefined) types.set(key, index = types.size);
    return index;
  };
  const typeIndices = callables.map(typeOf);
  const write = (id: number, content: (bytes: Bytes) => void): void => {
    bytes.byte(id);
    bytes.sized(content);
  };
  write(section.type, (out) => {
    out.unsigned(types.size);
    const seen = new Set<number>();
    callables.forEach(({ params, result }, index) => {
      if (seen.has(typeIndices[index]!)) return;
      seen.add(typeIndices[index]!);
      out.byte(0x60);
      out.unsigned(params.length);
      for (const param of params) out.byte(typeCodes[param]);
      out.unsigned(result === undefined ? 0 : 1);
      if (result !== undefined) out.byte(typeCodes[result]);
    });
  });
  write(section.import, (out) => {
    out.unsigned(imports.length + 1);
    out.text(importModule);
    out.text("memory");
    out.byte(2);
    out.byte(memory.shared ? 3 : 1);
    out.unsigned(memory.minimumPages);
    out.unsigned(memory.maximumPages);
    imports.forEach(({ name }, index) => {
      out.text(importModule);
      out.text(name);
      out.byte(0);
      out.unsigned(typeIndices[index]!);
    });
  });
  write(section.function, (out) => {
    out.unsigned(functions.length);
    functions.forEach((_, index) => out.unsigned(typeIndices[imports.length + index]!));
  });
  write(section.export, (out) => {
    const exported = functions.filter((each) => each.exported);
    out.unsigned(exported.length);
    for (const each of exported) {
      out.text(each.name);
      out.byte(0);
      out.unsigned(callables.indexOf(each));
    }
  });
  const indices = new Map(callables.map((each, index) => [each, index]));
  write(section.code, (out) => {
    out.unsigned(functions.length);
    for (const each of functions) out.sized((body) => new FunctionEncoder(body, each, indices).encode());
  });
  // The names, for stack traces and profilers.
  write(0, (out) => {
    out.text("name");
    out.byte(1);
    out.sized((names) => {
      names.unsigned(callables.length);
      callables.forEach(({ name }, index) => {
        names.unsigned(index);
        names.text(name);
      });
    });
  });
  return bytes.result();
}

class FunctionEncoder {
  readonly #bytes: Bytes;
  readonly #function: WasmFunction;
  readonly #locals = new Map<Local, number>();
  readonly #functions: ReadonlyMap<Callable, number>;
  readonly #labels: Label[] = [];

  constructor(bytes: Bytes, encoded: WasmFunction, functions: ReadonlyMap<Callable, number>) {
    this.#bytes = bytes;
    this.#function = encoded;
    this.#functions = functions;
  }

  encode(): void {
    const bytes = this.#bytes;
    const { parameters, locals, body } = this.#function;
    for (const parameter of parameters) this.#locals.set(parameter, this.#locals.size);
    // Locals of one type come together, so that their declaration is short.
    const groups = valueTypes.map((type) => ({ type, group: locals.filter((local) => local.type === type) }))
      .filter(({ group }) => group.length > 0);
    bytes.unsigned(groups.length);
    for (const { type, group } of groups) {
      bytes.unsigned(group.length);
      bytes.byte(typeCodes[type]);
      for (const local of group) this.#locals.set(local, this.#locals.size);
    }
    this.#sequence(body);
    bytes.byte(0x0b);
  }

  #sequence(codes: readonly Code[]): void {
    for (const code of codes) this.#code(code);
  }

  #local(local: Local): number {
    const index = this.#locals.get(local);
    if (index === undefined) {
      throw new Error(`Cannot encode ${this.#function.name}: it has no local ${local.name}`);
    }
    return index;
  }

  #depth(label: Label): number {
    const index = this.#labels.lastIndexOf(label);
    if (index < 0) {
      throw new Error(`Cannot encode ${this.#function.name}: a branch to ${label.name} is not inside of it`);
    }
    return this.#labels.length - 1 - index;
  }

  #instruction(code: number): void {
    if (code < simdPrefix) {
      this.#bytes.byte(code);
      return;
    }
    this.#bytes.byte(0xfd);
    this.#bytes.unsigned(code - simdPrefix);
  }

  #code({ form, args }: Code): void {
    const bytes = this.#bytes;
    this.#sequence(args);
    switch (form.kind) {
      case "plain":
        this.#instruction(form.instruction.code);
        return;
      case "access":
        this.#instruction(form.instruction.code);
        bytes.unsigned(Math.log2(form.instruction.width!)); // a load or store has one
        bytes.unsigned(form.offset);
        if (form.lane !== undefined) bytes.byte(form.lane);
        return;
      case "lane":
        this.#instruction(form.instruction.code);
        bytes.byte(form.lane);
        return;
      case "shuffle":
        this.#instruction(simdPrefix + 13);
        bytes.raw(form.lanes);
        return;
      case "constant":
        this.#constant(form.type, form.words);
        return;
      case "get":
        bytes.byte(0x20);
        bytes.unsigned(this.#local(form.local));
        return;
      case "set":
        bytes.byte(0x21);
        bytes.unsigned(this.#local(form.local));
        return;
      case "call": {
        const index = this.#functions.get(form.target);
        if (index === undefined) {
          throw new Error(`Cannot encode ${this.#function.name}: its module has no function ${form.target.name}`);
        }
        bytes.byte(0x10);
        bytes.unsigned(index);
        return;
      }
      case "select":
        if (args[0]!.type !== "v128") bytes.byte(0x1b);
        else bytes.raw([0x1c, 1, typeCodes.v128]);
        return;
      case "branch":
        bytes.byte(form.conditional ? 0x0d : 0x0c);
        bytes.unsigned(this.#depth(form.label));
        return;
      case "block":
      case "loop":
        this.#nested(form.kind === "block" ? 0x02 : 0x03, form.label, form.body);
        return;
      case "if":
        bytes.raw([0x04, emptyBlock]);
        this.#labels.push(noLabel);
        this.#sequence(form.body);
        if (form.otherwise.length > 0) {
          bytes.byte(0x05);
          this.#sequence(form.otherwise);
        }
        this.#labels.pop();
        bytes.byte(0x0b);
        return;
      default:
        form satisfies never;
    }
  }

  #nested(code: number, label: Label, body: readonly Code[]): void {
    this.#bytes.raw([code, emptyBlock]);
    this.#labels.push(label);
    this.#sequence(body);
    this.#labels.pop();
    this.#bytes.byte(0x0b);
  }

  #constant(type: ValueType, words: readonly number[]): void {
    const bytes = this.#bytes;
    switch (type) {
      case "i32":
        bytes.byte(0x41);
        bytes.signed(words[0]!);
        return;
      case "f64":
        bytes.byte(0x44);
        break;
      case "v128":
        this.#instruction(simdPrefix + 12);
        break;
      default:
        throw new TypeError(`Cannot encode a constant of type ${type}: kernels need none`);
    }
    for (const word of words) bytes.word(word);
  }
}
