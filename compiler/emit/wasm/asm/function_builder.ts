/**
 * Functions of WebAssembly, written statement by statement.
 * @module
 */
import type { Callable, Code, Form, Label, Local } from "./code.ts";
import { get } from "./code.ts";
import type { ValueType } from "./instructions.ts";

/** A function whose code is complete. */
export interface WasmFunction extends Callable {
  readonly parameters: readonly Local[];
  readonly locals: readonly Local[];
  readonly body: readonly Code[];
  /** Whether it can be called from outside of its module. */
  readonly exported: boolean;
}

/** Builds one function. */
export class FunctionBuilder {
  readonly #name: string;
  readonly #parameters: Local[] = [];
  readonly #locals: Local[] = [];
  readonly #body: Code[] = [];
  readonly #constants = new Map<string, Local>();
  readonly #head: Code[] = [];
  #current = this.#body;
  #labels = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Adds a parameter. */
  parameter<T extends ValueType>(name: string, type: T): Local<T> {
    const local: Local<T> = { name, type };
    this.#parameters.push(local);
    return local;
  }

  /** Adds a variable; it is 0 at first. */
  local<T extends ValueType>(name: string, type: T): Local<T> {
    const local: Local<T> = { name, type };
    this.#locals.push(local);
    return local;
  }

  /** A variable that is given a value here. Returns code that reads it. */
  let<T extends ValueType>(name: string, value: Code<T>): Code<T> {
    const local = this.local(name, value.type);
    this.set(local, value);
    return get(local);
  }

  /** A constant that is kept in a variable, so that loops do not make it again and again. */
  constant<T extends ValueType>(value: Code<T>): Code<T> {
    if (value.form.kind !== "constant") throw new TypeError(`Cannot keep ${value.form.kind} as a constant: it is none`);
    const key = `${value.type} ${value.form.words.join()}`;
    let local = this.#constants.get(key) as Local<T> | undefined; // the key has its type
    if (local === undefined) {
      local = this.local(`c${this.#constants.size}`, value.type);
      this.#constants.set(key, local);
      this.#head.push({ type: undefined, form: { kind: "set", local }, args: [value] });
    }
    return get(local);
  }

  /** Gives a variable a value. */
  set<T extends ValueType>(local: Local<T>, value: Code<T>): void {
    if (value.type !== local.type) {
      throw new TypeError(`Cannot set ${local.name}: it is ${local.type}, and the value ${value.type}`);
    }
    this.#push({ kind: "set", local }, [value]);
  }

  /** An instruction that leaves nothing: a store. */
  do(code: Code<undefined>): void {
    this.#current.push(code);
  }

  /** A call of a function that returns nothing. */
  call(target: Callable & { readonly result: undefined }, ...args: readonly Code<ValueType>[]): void {
    if (args.length !== target.params.length || args.some(({ type }, index) => type !== target.params[index])) {
      const given = args.map(({ type }) => type).join(", ");
      throw new TypeError(
        `Cannot call ${target.name}: it takes (${target.params.join(", ")}) and was given (${given})`,
      );
    }
    this.#push({ kind: "call", target }, args);
  }

  /** Statements that run where the condition is not 0, and others that run where it is. */
  if(condition: Code<"i32">, body: () => void, otherwise?: () => void): void {
    const then = this.#collect(body);
    const rest = otherwise === undefined ? [] : this.#collect(otherwise);
    this.#push({ kind: "if", label: this.#label("if"), body: then, otherwise: rest }, [condition]);
  }

  /** Statements that a branch to their label leaves. */
  block(body: (end: Label) => void): void {
    const label = this.#label("end");
    this.#push({ kind: "block", label, body: this.#collect(() => body(label)) }, []);
  }

  /** Statements that a branch to their label begins again. */
  loop(body: (again: Label) => void): void {
    const label = this.#label("again");
    this.#push({ kind: "loop", label, body: this.#collect(() => body(label)) }, []);
  }

  /** Statements that run as long as the condition is not 0; it is looked at before each time. */
  while(condition: () => Code<"i32">, body: () => void): void {
    // Looked at once before and then at the end: the loop itself has one branch.
    this.if(condition(), () =>
      this.loop((again) => {
        body();
        this.branchIf(condition(), again);
      }));
  }

  /** Goes on at a label. */
  branch(label: Label): void {
    this.#push({ kind: "branch", label, conditional: false }, []);
  }

  /** Goes on at a label where the condition is not 0. */
  branchIf(condition: Code<"i32">, label: Label): void {
    this.#push({ kind: "branch", label, conditional: true }, [condition]);
  }

  /** The function; `result` is the value that it returns. */
  end(options: { readonly exported: boolean }): WasmFunction & { readonly result: undefined };
  end<T extends ValueType>(
    options: { readonly exported: boolean },
    result: Code<T>,
  ): WasmFunction & { readonly result: T };
  end({ exported }: { readonly exported: boolean }, result?: Code<ValueType>): WasmFunction {
    if (result !== undefined) this.#body.push(result);
    return {
      name: this.#name,
      params: this.#parameters.map(({ type }) => type),
      result: result?.type,
      parameters: this.#parameters,
      locals: this.#locals,
      body: [...this.#head, ...this.#body],
      exported,
    };
  }

  #push(form: Form, args: readonly Code<ValueType>[]): void {
    this.#current.push({ type: undefined, form, args });
  }

  #label(kind: string): Label {
    return { name: `${kind}${this.#labels++}` };
  }

  #collect(body: () => void): Code[] {
    const outer = this.#current;
    const inner: Code[] = this.#current = [];
    try {
      body();
    } finally {
      this.#current = outer;
    }
    return inner;
  }
}
