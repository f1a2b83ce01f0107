/**
 * Public functions: what a user calls. A call is checked by the function's signature, and the stack of an error that
 * leaves it begins where it was called.
 * @module
 */
import { type Call, captureCall, type Class, type EntryPoint, fromCall, fromCaller } from "./caller.ts";
import { checkArguments, type Plan, planOf, type Signature, wrongCount } from "./signature.ts";

/** What a public function is made of. */
interface Made {
  readonly plan: Plan;
  readonly body: Body;
}

/** What a public function does. No function takes more arguments than these. */
type Body = (first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;

/** Public functions by themselves. Of those that are not made here, and of classes, only the plan is known. */
const functions = new WeakMap<EntryPoint | Class, Pick<Made, "plan"> & Partial<Made>>();

/** The signature of a public function or class. */
export function signatureOf(entry: EntryPoint | Class): Signature | undefined {
  return functions.get(entry)?.plan.signature;
}

/** Says that a class, or a function that checks its calls itself, takes what the plan says. */
export function signed(entry: EntryPoint | Class, plan: Plan): void {
  functions.set(entry, { plan });
}

/** Gives a public function its name, and remembers what it is made of. */
export function named<F extends EntryPoint>(entry: EntryPoint, plan: Plan, body: EntryPoint): F {
  const { name } = plan.signature;
  Object.defineProperty(entry, "name", { value: name.slice(name.lastIndexOf(".") + 1) });
  functions.set(entry, { plan, body: body as unknown as Body }); // it takes what the signature says
  return entry as F; // the caller says what type it has
}

/** Makes `body` a public function with this signature. */
export function publicFunction<F extends EntryPoint>(signature: Signature, body: F): F {
  const plan = planOf(signature);
  const { least, most, isChecked } = plan;
  const run = body as unknown as Body; // it takes what the signature says
  // Named parameters, because gathering arguments into an array would cost as much as a small operation.
  function entry(first: unknown, second: unknown, third: unknown, fourth: unknown): unknown {
    try {
      const count = arguments.length;
      if (count < least || count > most) throw wrongCount(plan, count);
      if (isChecked) checkArguments(plan, first, second, third, fourth);
      return run(first, second, third, fourth);
    } catch (error) {
      throw fromCaller(error, entry);
    }
  }
  return named(entry, plan, body);
}

/** The same for what gives a promise: the stack of what it is rejected with begins at the call, too. */
export function publicAsync<A extends readonly unknown[], R>(
  signature: Signature,
  body: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  const plan = planOf(signature);
  const run = async (call: Call, args: A): Promise<R> => {
    try {
      if (args.length < plan.least || args.length > plan.most) throw wrongCount(plan, args.length);
      checkArguments(plan, args[0], args[1], undefined, undefined);
      return await body(...args);
    } catch (error) {
      throw fromCall(error, call);
    }
  };
  function entry(...args: A): Promise<R> {
    return run(captureCall(entry), args);
  }
  return named(entry, plan, body);
}

/** A public function as a method, whose first argument is what it is called on. */
export function methodOf(of: EntryPoint): (this: unknown, ...rest: never[]) => unknown {
  const { plan, body } = functions.get(of) as Made; // every operation's function was made here
  const { least, most, isChecked } = plan;
  function method(this: unknown, second: unknown, third: unknown, fourth: unknown): unknown {
    try {
      const count = arguments.length + 1;
      if (count < least || count > most) throw wrongCount(plan, count);
      if (isChecked) checkArguments(plan, this, second, third, fourth);
      return body(this, second, third, fourth);
    } catch (error) {
      throw fromCaller(error, method);
    }
  }
  return method;
}

/** Checks a call of `entry`, a constructor or a function that does not pass through {@linkcode publicFunction}. */
export function checkCall(
  plan: Plan,
  entry: EntryPoint | Class,
  count: number,
  first?: unknown,
  second?: unknown,
): void {
  try {
    if (count < plan.least || count > plan.most) throw wrongCount(plan, count);
    checkArguments(plan, first, second, undefined, undefined);
  } catch (error) {
    throw fromCaller(error, entry);
  }
}

/** A function of any number of arguments, from which errors begin where it is called. */
export function variadic<F extends EntryPoint>(body: F): F {
  function entry(this: unknown, ...args: never[]): unknown {
    try {
      return body.apply(this, args);
    } catch (error) {
      throw fromCaller(error, entry);
    }
  }
  return Object.defineProperty(entry, "name", { value: body.name }) as EntryPoint as F; // it takes and returns the same
}

/** Makes methods and accessors of a class, which are as their signatures say, public functions. */
export function publicMembers(owner: object, ...signatures: readonly Signature[]): void {
  for (const signature of signatures) {
    const name = signature.name.slice(signature.name.lastIndexOf(".") + 1);
    const { value, get, set, ...rest } = Object.getOwnPropertyDescriptor(owner, name)!; // it names a member
    const plan = planOf(signature);
    Object.defineProperty(owner, name, {
      ...rest,
      ...(value !== undefined && { value: publicMethod(plan, value as Method) }), // a member that is no accessor is a method
      ...(get !== undefined && { get: variadic(get) }),
      ...(set !== undefined && { set: publicMethod(plan, set) as (value: unknown) => void }), // it has one argument
    });
  }
}

type Method = (this: unknown, first: unknown, second: unknown) => unknown;

function publicMethod(plan: Plan, body: Method): Method {
  function method(this: unknown, first: unknown, second: unknown): unknown {
    try {
      const count = arguments.length;
      if (count < plan.least || count > plan.most) throw wrongCount(plan, count);
      if (plan.isChecked) checkArguments(plan, first, second, undefined, undefined);
      return body.call(this, first, second);
    } catch (error) {
      throw fromCaller(error, method);
    }
  }
  return named(method as EntryPoint, plan, body as EntryPoint) as Method; // `this` is not among the arguments of an Entry
}
