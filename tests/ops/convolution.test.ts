import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  compile,
  conv1d,
  conv2d,
  conv3d,
  type ConvolutionOptions,
  type ConvolutionTransposeOptions,
  convTranspose1d,
  convTranspose2d,
  grad,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  zeros,
} from "../../mod.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { graphFunctionOf } from "../compiler/graph_function.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { casesOf, checkCase, checkGraphs, titleOf } from "./torch_cases.ts";

describe("convolution: as PyTorch, result and gradients", () => {
  for (const each of casesOf("conv")) {
    // Every sum of the file's numbers is exact, in float32 too.
    it(titleOf(each), () => {
      checkCase(each, "float64", 0, false);
      checkCase(each, "float32", 0, true);
      checkGraphs(each, 0);
    });
  }
});

describe("convolution: numbers that are not finite", () => {
  type Build = (x: Value, w: Value) => Value;
  /** A result in every way there is. */
  const ways = (build: Build, x: Tensor, w: Tensor): [way: string, result: Tensor][] => {
    const fn = graphFunctionOf((x, w) => [build(x!, w!)], [x, w]);
    return [
      ["reference", referenceExecutor.compile(fn, {}).run([x, w], [])[0]!],
      ["eager", build(x, w) as Tensor], // of tensors
      ["js", compile(build, { emitter: "js" })(x, w) as Tensor],
      ["wasm", compile(build, { emitter: "wasm" })(x, w) as Tensor],
      ["exact", compile(build, { exact: true })(x, w) as Tensor],
    ];
  };
  const [x, w] = [tensor([[[1, 2, 3, 4]]]), tensor([[[1, 2, Infinity]]])];

  it("meet zeros of the padding as PyTorch's do", () => {
    const cases: [ConvolutionOptions, number[]][] = [
      [{ padding: 1 }, [Infinity, Infinity, Infinity, NaN]],
      [{ padding: 2, dilation: 2 }, [Infinity, Infinity, NaN, NaN]],
      [{ stride: 2, padding: 1 }, [Infinity, Infinity]],
    ];
    for (const [options, expected] of cases) {
      for (const [way, result] of ways((x, w) => conv1d(x, w, options), x, w)) {
        assertEquals([...result.data], expected, way);
      }
    }
  });

  it("give the same in every way, transposed and in gradients too", () => {
    const next = randomTensor([4000], 0, 1, 5).data.values();
    const draw = (count: number): number => Math.floor(next.next().value! * count);
    const numbers = (shape: readonly number[]): Tensor => {
      const size = shape.reduce((product, length) => product * length, 1);
      return tensor(Float64Array.from({ length: size }, () => [Infinity, NaN][draw(14)] ?? draw(9) - 4), {
        shape,
        dtype: "float32",
      });
    };
    for (let round = 0; round < 24; round++) {
      const [groups, size, length] = [1 + draw(2), 1 + draw(3), 3 + draw(4)];
      const options = { stride: 1 + draw(3), dilation: 1 + draw(2), padding: draw(2), groups };
      if (length + 2 * options.padding < (size - 1) * options.dilation + 1) continue;
      const [x, w] = [numbers([1, 2 * groups, length]), numbers([2 * groups, 2, size])];
      const turned = { ...options, outputPadding: Math.min(draw(2), Math.max(options.stride, options.dilation) - 1) };
      const builds: Build[] = [
        (x, w) => conv1d(x, w, options),
        (x, w) => grad(([x, w]: Value[]) => conv1d(x!, w!, options).sum())([x, w])[0]!,
        (x, w) => convTranspose1d(x, w, turned),
      ];
      if ((length - 1) * options.stride + (size - 1) * options.dilation + 1 <= 2 * options.padding) builds.pop();
      for (const [index, build] of builds.entries()) {
        const [[, expected], ...others] = ways(build, x, w) as [[string, Tensor], ...[string, Tensor][]]; // five
        for (const [way, result] of others) {
          assertEquals([...result.data], [...expected.data], `${way}, ${index}, ${JSON.stringify(turned)}`);
        }
      }
    }
  });
});

describe("convolution: gradients", () => {
  const cases: [x: number[], w: number[], ConvolutionOptions][] = [
    [[1, 2, 5, 4], [3, 2, 3, 2], {}],
    [[2, 5, 4, 2], [2, 1, 2, 3], { groups: 2, padding: [[1, 0], [0, 2]], stride: [2, 1], layout: "NHWC" }],
    [[1, 2, 6, 5], [2, 2, 2, 2], { dilation: 2, padding: "same", stride: 2 }],
    [[1, 2, 5, 6], [2, 2, 2, 2], { stride: 3 }],
  ];
  for (const [x, w, options] of cases) {
    it(`of [${x}] and [${w}] ${JSON.stringify(options)}, twice`, () => {
      checkGradient((x, w) => conv2d(x, w, options).square(), [randomTensor(x), randomTensor(w, -1, 1, 2)], {
        order: 2,
      });
    });
  }
  const transposed: [x: number[], w: number[], ConvolutionTransposeOptions][] = [
    [[1, 2, 3, 4], [2, 3, 3, 2], {}],
    [[1, 3, 3, 2], [2, 2, 2, 3], { groups: 2, stride: [2, 3], padding: [1, 2], outputPadding: [1, 0], layout: "NHWC" }],
    [[1, 1, 4, 3], [1, 2, 2, 2], { dilation: [3, 1], outputPadding: [2, 0], padding: [3, 0] }],
  ];
  for (const [x, w, options] of transposed) {
    it(`of the transpose of [${x}] and [${w}] ${JSON.stringify(options)}, twice`, () => {
      const inputs = [randomTensor(x), randomTensor(w, -1, 1, 2)];
      checkGradient((x, w) => convTranspose2d(x, w, options).square(), inputs, { order: 2 });
    });
  }
  it("are asked for one operand at a time", () => {
    const [x, w] = [randomTensor([1, 1, 3]), randomTensor([1, 1, 2])];
    const both = grad(([x, w]: readonly Value[]) => conv1d(x!, w!).square().sum())([x, w]) as readonly Value[];
    assertEquals(grad((x: Value) => conv1d(x, w).square().sum())(x).toArray(), both[0]!.toArray());
    assertEquals(grad((w: Value) => conv1d(x, w).square().sum())(w).toArray(), both[1]!.toArray());
  });
});

describe("convolution: dtypes", () => {
  it("are promoted, and integers wrap around", () => {
    // By hand: 100·2 + 100·1 = 300, which is 44 in 8 bits.
    const x = tensor([[[100, 100]]], { dtype: "uint8" });
    const w = tensor([[[2, 1]]], { dtype: "uint8" });
    assertEquals(conv1d(x, w).toArray(), [[[44]]]);
    assertEquals(convTranspose1d(x, w).toArray(), [[[200, 44, 100]]]);
    assertEquals(`${conv1d(x, w).type}`, "uint8[1,1,1]");
    const mixed = conv1d(x, tensor([[[0.5, 1]]]));
    assertEquals([mixed.dtype, mixed.toArray()], ["float32", [[[150]]]]);
    assertEquals(conv1d(x, w.astype("int32")).toArray(), [[[300]]]);
  });
  it("of gradients are those of the operands", () => {
    const x = tensor([[[1, 2, 3]]], { dtype: "int32" });
    const gradient = grad((w: Value) => conv1d(x, w).sum())(tensor([[[1, 1]]]));
    assertEquals(`${gradient.type} ${gradient.toArray()}`, "float32[1,1,2] 3,5");
  });
});

describe("convolution: nothing to compute", () => {
  it("gives nothing, or zeros", () => {
    assertEquals(conv2d(zeros([0, 3, 4, 4]), zeros([2, 3, 3, 3])).shape, [0, 2, 2, 2]);
    assertEquals(conv2d(zeros([1, 3, 4, 4]), zeros([0, 3, 3, 3])).shape, [1, 0, 2, 2]);
    assertEquals(conv1d(zeros([1, 0, 3]), zeros([1, 0, 2])).toArray(), [[[0, 0]]]);
    assertEquals(conv1d(zeros([1, 1, 0]), zeros([1, 1, 2]), { padding: 1 }).toArray(), [[[0]]]);
    const empty = zeros([1, 1, 0]);
    assertEquals(grad((x: Value) => conv1d(x, zeros([1, 1, 2]), { padding: 1 }).sum())(empty).shape, [1, 1, 0]);
  });
});

describe("convolution: errors", () => {
  const x = zeros([1, 4, 5, 5]);
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => conv2d(zeros([4, 5, 5]), zeros([2, 4, 3, 3])),
      RangeError,
      "Cannot conv2d float32[4,5,5] and float32[2,4,3,3]: the input needs 4 axes: NCHW",
    ],
    [
      () => conv2d(x, zeros([4, 3, 3])),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[4,3,3]: the weights need 4 axes: out, in / groups, H, W",
    ],
    [
      () => convTranspose1d(zeros([1, 4, 5]), zeros([4, 3])),
      RangeError,
      "Cannot convTranspose1d float32[1,4,5] and float32[4,3]: the weights need 3 axes: in, out / groups, W",
    ],
    [
      () => conv2d(x, zeros([2, 3, 3, 3])),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[2,3,3,3]: the input has 4 channels, and the weights are for 3",
    ],
    [
      () => conv2d(x, zeros([2, 4, 3, 3]), { groups: 2 }),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[2,4,3,3]: the input has 4 channels, and the weights are for 8",
    ],
    [
      () => conv2d(x, zeros([3, 2, 3, 3]), { groups: 2 }),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[3,2,3,3]: 2 groups do not divide the 3 of the weights' axis 0",
    ],
    [
      () => conv2d(x, zeros([2, 4, 0, 3])),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[2,4,0,3]: the weights have an empty window",
    ],
    [
      () => conv2d(x, zeros([2, 4, 3, 7])),
      RangeError,
      "Cannot conv2d float32[1,4,5,5] and float32[2,4,3,7]: a window spans 7 elements, and axis 3 has 5",
    ],
    [
      () => conv2d(x, zeros([2, 4, 3, 3]), { padding: [1, 0], dilation: 4 }),
      RangeError,
      "a window spans 9 elements, and axis 2 has 7 with its padding",
    ],
    [
      () => convTranspose1d(zeros([1, 1, 2]), zeros([1, 1, 2]), { padding: 2 }),
      RangeError,
      "Cannot convTranspose1d float32[1,1,2] and float32[1,1,2]: the padding [2,2] leaves nothing of axis 2",
    ],
    [
      () => conv1d(zeros([1, 1, 3], { dtype: "bool" }), zeros([1, 1, 2])),
      TypeError,
      "Cannot conv1d bool[1,1,3] and float32[1,1,2]: it is not defined for bool",
    ],
    [
      () => conv1d(zeros([1, 1, 3], { dtype: "int32" }), zeros([1, 1, 2], { dtype: "uint32" })),
      TypeError,
      "Cannot conv1d int32[1,1,3] and uint32[1,1,2]: no dtype holds both",
    ],
    [() => conv2d(x, x, { stride: 0 }), RangeError, "Cannot conv2d: the option stride is 0, not a whole number ≥ 1"],
    [() => conv2d(x, x, { stride: [1] }), RangeError, "Cannot conv2d: the stride [1] is for 1 axes, not 2"],
    [
      () => conv2d(x, x, { dilation: 1.5 }),
      RangeError,
      "Cannot conv2d: the option dilation is 1.5, not a whole number ≥ 1",
    ],
    [() => conv2d(x, x, { groups: 0 }), RangeError, "Cannot conv2d: the option groups is 0, not a whole number ≥ 1"],
    [() => conv2d(x, x, { padding: -1 }), RangeError, 'Cannot conv2d: the option padding is -1, not "valid", "same"'],
    [() => conv2d(x, x, { padding: [1, 2, 3] }), RangeError, "Cannot conv2d: the padding is for 3 axes, not 2"],
    [
      () => conv3d(x, x, { layout: "NHWC" }),
      TypeError,
      'Cannot conv3d: the option layout is the string "NHWC", not "NCDHW" or "NDHWC"',
    ],
    [
      () => conv2d(x, x, { padding: "full" } as unknown as ConvolutionOptions), // what the types do not allow
      TypeError,
      'Cannot conv2d: the option padding is the string "full", not "valid", "same"',
    ],
    [
      () => convTranspose2d(x, x, { padding: "same" } as unknown as ConvolutionTransposeOptions), // the same
      TypeError,
      'Cannot convTranspose2d: the padding "same" does not say how long the result is',
    ],
    [
      () => convTranspose2d(x, x, { stride: 2, outputPadding: 2 }),
      RangeError,
      "Cannot convTranspose2d: the outputPadding 2 is not less than the stride 2 or the dilation 1",
    ],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("convolution: kernels", () => {
  const numbers = (shape: number[]): Tensor => randomTensor(shape).astype("float32");
  it("are one for the windows, the contraction, bias and activation", () => {
    const f = compile((x: Value, w: Value, b: Value) => conv2d(x, w, { stride: 2 }).add(b).relu());
    assertEquals(f.kernels(numbers([2, 3, 9, 9]), numbers([4, 3, 3, 3]), numbers([4, 1, 1])), ["k0_contract_add_relu"]);
  });
  it("are one in any layout, for groups, and each channel by itself", () => {
    const cases: [number[], number[], ConvolutionOptions][] = [
      [[2, 9, 9, 4], [4, 4, 3, 3], { layout: "NHWC" }],
      [[2, 4, 9, 9], [6, 2, 3, 3], { groups: 2 }],
      [[2, 9, 9, 4], [6, 2, 3, 3], { groups: 2, layout: "NHWC" }],
      [[2, 9, 9, 4], [4, 1, 3, 3], { groups: 4, layout: "NHWC", dilation: 2 }],
    ];
    for (const [x, w, options] of cases) {
      const f = compile((x: Value, w: Value) => conv2d(x, w, options));
      assertEquals(f.kernels(numbers(x), numbers(w)), ["k0_contract"]);
    }
  });
  it("of a padded one are two more, which put the padding around", () => {
    const f = compile((x: Value, w: Value) => conv2d(x, w, { padding: 1 }));
    const kernels = f.kernels(numbers([1, 2, 5, 5]), numbers([2, 2, 3, 3]));
    assertEquals(kernels, ["k0_pad_fill", "k1_pad_piece", "k2_contract"]);
  });
  it("of the gradient multiply as often as those of the result, whatever the stride", () => {
    for (const [size, stride] of [[4, 4], [1, 2], [4, 2]] as const) {
      const [x, w] = [numbers([1, 2, 8, 8]), numbers([3, 2, size, size])];
      const forward = compile((x: Value) => conv2d(x, w, { stride }));
      const backward = compile(grad((x: Value) => conv2d(x, w, { stride }).sum()));
      const products = (f: typeof forward): number =>
        f.profile(x).rows.filter(({ name }) => name.includes("contract")).reduce((sum, row) => sum + row.operations, 0);
      // By hand: a product and its addition for each place of every window, channel and weight.
      const windows = (Math.floor((8 - size) / stride) + 1) ** 2;
      assertEquals(products(forward), 2 * windows * 3 * 2 * size ** 2);
      // Windows of two strides reach over the edges, where the gradient has zeros.
      const reached = size > stride ? (windows ** 0.5 + 1) ** 2 : windows;
      assertEquals(products(backward), 2 * reached * 3 * 2 * size ** 2);
    }
  });
  it("of a training step have the update in the kernel of the gradient", () => {
    const w = new Variable(numbers([4, 3, 3, 3]), { name: "w" });
    const optimizer = new train.SGD({ learningRate: 0.1 });
    const step = compile((x: Value) => optimizer.minimize(() => conv2d(x, w).square().sum()));
    const x = numbers([2, 3, 6, 6]);
    assertEquals(step.kernels(x).filter((name) => name.includes("contract")).length, 2);
    assertEquals(step.kernels(x).at(-1), "k2_contract_mul_sub");
  });
});
