/**
 * A WebAssembly loop that multiplies and adds out of registers alone: what the arithmetic units reach when nothing else is
 * in their way, and no matrix product can pass.
 */

/** As many as hide the latency of an operation on two units. */
const accumulators = 12;
const lanes = 4;

/** Of one pass of the loop: a multiplication and an addition in every lane. */
export const operationsPerPass = 2 * accumulators * lanes;

const indices = Array.from({ length: accumulators }, (_, index) => index + 1); // local 0 is the number of passes
const [factor, addend] = [accumulators + 1, accumulators + 2];

/** A section of a module, or anything else that begins with its length (below 128²) in bytes. */
const sized = (bytes: readonly number[]): number[] => [bytes.length & 127 | 128, bytes.length >> 7, ...bytes];

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const f32x4Add = [0xfd, 0xe4, 0x01];
const f32x4Mul = [0xfd, 0xe6, 0x01];
const relaxedMadd = [0xfd, 0x85, 0x02];
/** Sets a local to four times the float32 of the given upper half; 0x3f00 is 0.5, 0x3f80 is 1. */
const setSplat = (local: number, half: number): number[] => [
  ...[0x43, 0, 0, half & 255, half >> 8], // f32.const
  ...[0xfd, 0x13], // f32x4.splat
  ...set(local),
];

/** A module that exports `f(passes)`: so many times, each accumulator is halved and 1 is added. */
function moduleBytes(fused: boolean): Uint8Array<ArrayBuffer> {
  const step = (local: number): number[] =>
    fused
      ? [...get(local), ...get(factor), ...get(addend), ...relaxedMadd, ...set(local)]
      : [...get(local), ...get(factor), ...f32x4Mul, ...get(addend), ...f32x4Add, ...set(local)];
  const body = [
    ...[1, accumulators + 2, 0x7b], // locals: all v128
    ...setSplat(factor, 0x3f00),
    ...setSplat(addend, 0x3f80),
    ...[0x03, 0x40], // loop
    ...indices.flatMap(step),
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b], // until --passes is 0
    ...get(1), // the sum is returned, so that nothing can be left out
    ...indices.slice(1).flatMap((local) => [...get(local), ...f32x4Add]),
    ...[0xfd, 0x1f, 0, 0x0b], // f32x4.extract_lane, end
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized([1, 0x60, 1, 0x7f, 1, 0x7d])], // a type: i32 to f32
    ...[3, ...sized([1, 0])], // a function of it
    ...[7, ...sized([1, 1, 0x66, 0, 0])], // exported as f
    ...[10, ...sized([1, ...sized(body)])],
  ]);
}

/** Whether multiplications and additions are one instruction here. */
export const fused = WebAssembly.validate(moduleBytes(true));

const { f } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(fused))).exports;
const loop = f as (passes: number) => number; // as it is typed above

const passes = 100_000;

/** Runs the loop from one moment to another, in milliseconds since 1970; gives operations per nanosecond. */
export function multiplyAddRate(start: number, end: number): number {
  const now = (): number => performance.timeOrigin + performance.now();
  let operations = 0;
  while (now() < start) loop(passes); // warm by then
  const begun = now();
  while (now() < end) {
    if (loop(passes) !== 2 * accumulators) {
      throw new Error("Cannot measure: the loop computes something else");
    }
    operations += passes * operationsPerPass;
  }
  return operations / (now() - begun) / 1e6;
}
