/**
 * The instructions of WebAssembly that kernels are made of: codes, operands and results, as the core specification and
 * its proposals for SIMD and relaxed SIMD list them (https://webassembly.github.io/spec/core/binary/instructions.html).
 * @module
 */

/** The types of values on the stack. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Bytes by which a memory access is aligned, which is also how many of memory it takes. */
type Width = 1 | 2 | 4 | 8 | 16;

/** What an instruction is encoded as, takes and gives. */
export interface WasmInstruction<P extends readonly ValueType[] = readonly ValueType[], R = ValueType | undefined> {
  /** One byte, or two with the prefix of SIMD instructions: `0xfd` and a number. */
  readonly code: number;
  readonly params: P;
  readonly result: R;
  /** For a load or a store, how many bytes of memory it touches. */
  readonly width?: Width;
  /** For an instruction on one lane, how many there are. */
  readonly lanes?: number;
}

/** Added to the number of an instruction that has the prefix `0xfd`. */
export const simdPrefix = 0x10000;

function defineInstructions<
  const P extends readonly ValueType[],
  const R extends ValueType | undefined,
  N extends string,
>(
  params: P,
  result: R,
  codes: Readonly<Record<N, number>>,
): Record<N, WasmInstruction<P, R>> {
  const entries = Object.entries(codes) as [N, number][]; // its keys are its names
  return Object.fromEntries(entries.map(([name, code]) => [name, { code, params, result }])) as Record<
    N,
    WasmInstruction<P, R> // as many as there were names
  >;
}

/** The same for instructions with the prefix of SIMD. */
function simd<const P extends readonly ValueType[], const R extends ValueType | undefined, N extends string>(
  params: P,
  result: R,
  codes: Readonly<Record<N, number>>,
): Record<N, WasmInstruction<P, R>> {
  const table = defineInstructions(params, result, codes);
  for (const name in table) table[name] = { ...table[name], code: table[name].code + simdPrefix };
  return table;
}

/** The same for loads and stores of so many bytes, and with `lanes` of one lane of so many. */
function accessInstructions<P extends readonly ValueType[], R, N extends string>(
  width: Width,
  table: Record<N, WasmInstruction<P, R>>,
  lanes?: number,
): Record<N, WasmInstruction<P, R>> {
  for (const name in table) table[name] = { ...table[name], width, ...(lanes !== undefined && { lanes }) };
  return table;
}

function lane<P extends readonly ValueType[], R, N extends string>(
  lanes: number,
  table: Record<N, WasmInstruction<P, R>>,
): Record<N, WasmInstruction<P, R>> {
  for (const name in table) table[name] = { ...table[name], lanes };
  return table;
}

/** The instructions, but those with a form of their own: constants, locals, calls, shuffles and control. */
export const instructions = {
  ...defineInstructions([], undefined, { "unreachable": 0x00 }),
  ...defineInstructions(["i32"], "i32", { "i32.eqz": 0x45 }),
  ...defineInstructions(["i32", "i32"], "i32", {
    "i32.eq": 0x46,
    "i32.ne": 0x47,
    "i32.lt_s": 0x48,
    "i32.lt_u": 0x49,
    "i32.gt_s": 0x4a,
    "i32.le_s": 0x4c,
    "i32.le_u": 0x4d,
    "i32.ge_s": 0x4e,
    "i32.ge_u": 0x4f,
    "i32.add": 0x6a,
    "i32.sub": 0x6b,
    "i32.mul": 0x6c,
    "i32.div_u": 0x6e,
    "i32.and": 0x71,
    "i32.or": 0x72,
    "i32.shl": 0x74,
    "i32.shr_u": 0x76,
  }),
  ...defineInstructions(["f64", "f64"], "f64", {
    "f64.add": 0xa0,
    "f64.mul": 0xa2,
  }),
  ...defineInstructions(["i32"], "f64", { "f64.convert_i32_s": 0xb7, "f64.convert_i32_u": 0xb8 }),
  ...defineInstructions(["f32"], "f64", { "f64.promote_f32": 0xbb }),
  ...defineInstructions(["f64"], "f32", { "f32.demote_f64": 0xb6 }),

  ...accessInstructions(4, defineInstructions(["i32"], "i32", { "i32.load": 0x28 })),
  ...accessInstructions(1, defineInstructions(["i32"], "i32", { "i32.load8_s": 0x2c, "i32.load8_u": 0x2d })),
  ...accessInstructions(4, defineInstructions(["i32"], "f32", { "f32.load": 0x2a })),
  ...accessInstructions(8, defineInstructions(["i32"], "f64", { "f64.load": 0x2b })),
  ...accessInstructions(4, defineInstructions(["i32", "i32"], undefined, { "i32.store": 0x36 })),
  ...accessInstructions(8, defineInstructions(["i32", "f64"], undefined, { "f64.store": 0x39 })),

  ...accessInstructions(16, simd(["i32"], "v128", { "v128.load": 0 })),
  ...accessInstructions(4, simd(["i32"], "v128", { "v128.load32_splat": 9, "v128.load32_zero": 92 })),
  ...accessInstructions(8, simd(["i32"], "v128", { "v128.load64_splat": 10, "v128.load64_zero": 93 })),
  ...accessInstructions(16, simd(["i32", "v128"], undefined, { "v128.store": 11 })),
  ...accessInstructions(1, simd(["i32", "v128"], "v128", { "v128.load8_lane": 84 }), 16),
  ...accessInstructions(4, simd(["i32", "v128"], "v128", { "v128.load32_lane": 86 }), 4),
  ...accessInstructions(8, simd(["i32", "v128"], "v128", { "v128.load64_lane": 87 }), 2),
  ...accessInstructions(1, simd(["i32", "v128"], undefined, { "v128.store8_lane": 88 }), 16),
  ...accessInstructions(4, simd(["i32", "v128"], undefined, { "v128.store32_lane": 90 }), 4),
  ...accessInstructions(8, simd(["i32", "v128"], undefined, { "v128.store64_lane": 91 }), 2),

  ...simd(["i32"], "v128", { "i32x4.splat": 17 }),
  ...simd(["f64"], "v128", { "f64x2.splat": 20 }),
  ...lane(4, simd(["v128"], "i32", { "i32x4.extract_lane": 27 })),
  ...lane(4, simd(["v128", "i32"], "v128", { "i32x4.replace_lane": 28 })),
  ...lane(4, simd(["v128"], "f32", { "f32x4.extract_lane": 31 })),
  ...lane(4, simd(["v128", "f32"], "v128", { "f32x4.replace_lane": 32 })),
  ...lane(2, simd(["v128"], "f64", { "f64x2.extract_lane": 33 })),
  ...lane(2, simd(["v128", "f64"], "v128", { "f64x2.replace_lane": 34 })),

  ...simd(["v128", "v128"], "v128", {
    "i32x4.eq": 55,
    "i32x4.ne": 56,
    "i32x4.lt_s": 57,
    "i32x4.lt_u": 58,
    "i32x4.gt_s": 59,
    "i32x4.gt_u": 60,
    "i32x4.le_s": 61,
    "i32x4.le_u": 62,
    "i32x4.ge_s": 63,
    "i32x4.ge_u": 64,
    "f32x4.eq": 65,
    "f32x4.ne": 66,
    "f32x4.lt": 67,
    "f32x4.gt": 68,
    "f32x4.le": 69,
    "f32x4.ge": 70,
    "f64x2.eq": 71,
    "f64x2.ne": 72,
    "f64x2.lt": 73,
    "f64x2.gt": 74,
    "f64x2.le": 75,
    "f64x2.ge": 76,
    "v128.and": 78,
    "v128.andnot": 79,
    "v128.or": 80,
    "v128.xor": 81,
    "i8x16.narrow_i16x8_s": 101,
    "i8x16.narrow_i16x8_u": 102,
    "i16x8.narrow_i32x4_s": 133,
    "i16x8.narrow_i32x4_u": 134,
    "i32x4.add": 174,
    "i32x4.sub": 177,
    "i32x4.mul": 181,
    "i32x4.min_s": 182,
    "i32x4.min_u": 183,
    "i32x4.max_s": 184,
    "i32x4.max_u": 185,
    "i64x2.add": 206,
    "i64x2.sub": 209,
    "f32x4.add": 228,
    "f32x4.sub": 229,
    "f32x4.mul": 230,
    "f32x4.div": 231,
    "f32x4.min": 232,
    "f32x4.max": 233,
    "f32x4.pmin": 234,
    "f32x4.pmax": 235,
    "f64x2.add": 240,
    "f64x2.sub": 241,
    "f64x2.mul": 242,
    "f64x2.div": 243,
    "f64x2.min": 244,
    "f64x2.max": 245,
    "f64x2.pmin": 246,
    "f64x2.pmax": 247,
  }),
  ...simd(["v128"], "v128", {
    "v128.not": 77,
    "f32x4.demote_f64x2_zero": 94,
    "f64x2.promote_low_f32x4": 95,
    "f32x4.ceil": 103,
    "f32x4.floor": 104,
    "f32x4.nearest": 106,
    "f64x2.ceil": 116,
    "f64x2.floor": 117,
    "i16x8.extend_low_i8x16_s": 135,
    "i16x8.extend_low_i8x16_u": 137,
    "f64x2.nearest": 148,
    "i32x4.abs": 160,
    "i32x4.neg": 161,
    "i32x4.extend_low_i16x8_s": 167,
    "i32x4.extend_low_i16x8_u": 169,
    "f32x4.abs": 224,
    "f32x4.neg": 225,
    "f32x4.sqrt": 227,
    "f64x2.abs": 236,
    "f64x2.neg": 237,
    "f64x2.sqrt": 239,
    "i32x4.trunc_sat_f32x4_s": 248,
    "f32x4.convert_i32x4_s": 250,
    "f32x4.convert_i32x4_u": 251,
    "i32x4.trunc_sat_f64x2_s_zero": 252,
    "i32x4.trunc_sat_f64x2_u_zero": 253,
    "f64x2.convert_low_i32x4_s": 254,
    "f64x2.convert_low_i32x4_u": 255,
  }),
  ...simd(["v128"], "i32", { "v128.any_true": 83, "i32x4.all_true": 163 }),
  ...simd(["v128", "i32"], "v128", {
    "i32x4.shl": 171,
    "i32x4.shr_s": 172,
    "i64x2.shl": 203,
    "i64x2.shr_u": 205,
  }),
  ...simd(["v128", "v128", "v128"], "v128", {
    "v128.bitselect": 82,
    "f32x4.relaxed_madd": 0x105,
    "f64x2.relaxed_madd": 0x107,
  }),
} satisfies Readonly<Record<string, WasmInstruction>>;

/** The name of an instruction, as the text format has it. */
export type InstructionName = keyof typeof instructions;
