/**
 * Public functions: what a user calls. A call is checked by the function's signature, and the stack of an error that
 * leaves it begins where it was called.
 * @module
 */
import { type Entry, fromCaller } from "./caller.ts";
import { checkArguments, type Plan, planOf, type Signature, wrongCount } from "./signature.ts";

/** What a public function is made of. */
interface Made {
  readonly plan: Plan;
  readonly body: Body;
}

/** What a public function does. No function takes more arguments than these. */
type Body = (first: unknown, second: unknown, third: unknown, fourth: unknown) => unknown;

const functions = new WeakMap<Entry, Made>();

/** The signature of a public function, or of a method of one. */
export function signatureOf(entry: Entry): Signature | undefined {
  return functions.get(entry)?.plan.signature;
}

/** Gives a public function its name, and remembers what it is made of. */
export function named<F extends Entry>(entry: Entry, plan: Plan, body: Entry): F {
  const { name } = plan.signature;
  Object.defineProperty(entry, "name", { value: name.slice(name.lastIndexOf(".") + 1) });
  functions.set(entry, { plan, body: body as unknown as Body }); // it takes what the signature says
  return entry as F; // the caller says what type it has
}

/** Makes `body` a public function with this signature. */
export function publicFunction<F extends Entry>(signature: Signature, body: F): F {
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

/** A public function as a method, whose first argument is what it is called on. */
export function methodOf(of: Entry): (this: unknown, ...rest: never[]) => unknown {
  const { plan, body } = functions.get(of)!; // every public function was made above
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
