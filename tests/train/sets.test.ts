// One optimizer that updates now these Variables, now those.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { compile, type DType, Graph, Session, tensor, train, type Value, Variable } from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";
// Made with PyTorch 2.13 in float64: torch.optim.Adam and torch.optim.SGD over three parameters, of which each step of the
// schedule gives gradients to some, and None to the others.
import expected from "./pytorch_sets.json" with { type: "json" };

type Run = "Adam" | "Adam with other constants" | "momentum";
type Name = "a" | "b" | "c";
type Parameters = Record<Name, Variable>;

const optimizers: Record<Run, () => train.Optimizer> = {
  "Adam": () => new train.Adam({ learningRate: 0.1 }),
  "Adam with other constants": () => new train.Adam({ learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }),
  "momentum": () => new train.SGD({ learningRate: 0.1, momentum: 0.9 }),
};

const x = tensor([0.5, -1, 2], { dtype: "float64" });
const target = tensor([0.9, -0.4], { dtype: "float64" });
const lossOf = ({ a, b, c }: Parameters): Value =>
  b.matmul(a.mul(x)).tanh().add(c).sub(target).square().sum().add(a.square().sum().mul(0.1));
const parameters = (dtype: DType = "float64"): Parameters => {
  const { a, b, c } = expected.start;
  return { a: new Variable(a, { dtype }), b: new Variable(b, { dtype }), c: new Variable(c, { dtype }) };
};
const chosen = (all: Parameters, names: string): Variable[] => ([...names] as Name[]).map((name) => all[name]);

/** A step that updates the Variables of these names, and returns the loss. */
type Step = (names: string) => number;

/** The ways to make steps: each is given the parameters and an optimizer. */
const ways: Record<string, (all: Parameters, optimizer: train.Optimizer) => Step> = {
  "eager": (all, optimizer) => (names) => optimizer.minimize(() => lossOf(all), chosen(all, names)).item(),
  "compiled, a function for each set": (all, optimizer) => {
    const steps = new Map<string, () => Value>();
    return (names) => {
      let step = steps.get(names);
      if (step === undefined) {
        steps.set(names, step = compile(() => optimizer.minimize(() => lossOf(all), chosen(all, names))));
      }
      return step().item();
    };
  },
  "compiled, the set an argument": (all, optimizer) => {
    const step = compile((names: string) => optimizer.minimize(() => lossOf(all), chosen(all, names)));
    return (names) => step(names).item();
  },
  "compiled, the Variables arguments": (all, optimizer) => {
    const step = compile((given: Parameters, names: string) =>
      optimizer.minimize(() => lossOf(given), chosen(given, names))
    );
    return (names) => step(all, names).item();
  },
  "in all these ways by turns": (all, optimizer) => {
    const steps = Object.entries(ways).slice(0, -1).map(([, way]) => way(all, optimizer));
    let turn = 0;
    return (names) => steps[turn++ % steps.length]!(names);
  },
};

for (const run of Object.keys(optimizers) as Run[]) { // the keys of a Record
  describe(`${run} over changing sets of Variables, as PyTorch`, () => {
    const check = (all: Parameters, optimizer: train.Optimizer, step: Step): void => {
      assertClose(expected.schedule.map(step), expected[run].losses, 1e-12);
      for (const name of ["a", "b", "c"] as const) {
        assertClose(all[name].value, expected[run][name], 1e-12);
        const slots = optimizer.slotsOf(all[name]);
        const reference = expected[run];
        if ("steps" in reference) assertEquals(slots.get("step")!.value.item(), reference.steps[name], name);
      }
    };

    for (const [name, way] of Object.entries(ways)) {
      it(name, () => {
        const [all, optimizer] = [parameters(), optimizers[run]()];
        check(all, optimizer, way(all, optimizer));
      });
    }

    for (const mode of ["reference", "compiled"] as const) {
      it(`in a session (${mode})`, () => {
        new Graph().asDefault(() => {
          const [all, optimizer] = [parameters(), optimizers[run]()];
          const loss = lossOf(all);
          const session = new Session({ mode });
          const nodes = new Map<string, train.Minimize>();
          check(all, optimizer, (names) => {
            const node = nodes.get(names) ?? optimizer.minimize(loss, chosen(all, names));
            nodes.set(names, node);
            return session.run([loss, node] as const, [])[0].item();
          });
        });
      });
    }
  });
}

describe("Adam's counters", () => {
  const scalars = (): [Variable, Variable] => [new Variable(1), new Variable(2)];

  it("are one for Variables that are always updated together, and cost nothing more", () => {
    const optimizer = new train.Adam();
    const all = Array.from({ length: 12 }, () => new Variable([1, 2, 3, 4]));
    const step = compile(() =>
      optimizer.minimize(() => all.map((each) => each.square().sum()).reduce((s, y) => s.add(y)))
    );
    for (let index = 0; index < 3; index++) step();
    assertEquals(new Set(all.map((each) => optimizer.slotsOf(each).get("step"))).size, 1);
    assertEquals(step.stats.traces, 1);
    assertEquals(step.kernels().length, 3, step.explain()); // the loss, the corrections, and all updates
  });

  it("of two sets that take turns are two, and no program is made anew", () => {
    const [w, v] = scalars();
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const [first, second] = [w, v].map((each) => compile(() => optimizer.minimize(() => w.mul(v).square(), [each])));
    for (let index = 0; index < 3; index++) {
      first!();
      if (index > 0) second!();
    }
    const [ofW, ofV] = [w, v].map((each) => optimizer.slotsOf(each).get("step")!);
    assert(ofW !== ofV);
    assertEquals([ofW!.value.item(), ofV!.value.item()], [3, 2]);
    assertEquals([first!.stats.traces, second!.stats.traces], [1, 1]);
  });

  it("are taken apart when one is updated alone, and programs for both are made anew, once", () => {
    const [w, v] = scalars();
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const loss = () => w.mul(v).square();
    const [both, one] = [compile(() => optimizer.minimize(loss)), compile(() => optimizer.minimize(loss, [w]))];
    for (const step of [both, both, one, both, one, both]) step();
    assertEquals([w, v].map((each) => optimizer.slotsOf(each).get("step")!.value.item()), [6, 4]);
    assertEquals([both.stats.traces, one.stats.traces], [2, 1]);
    assertEquals(
      both.stats.lastRecompile,
      "Variables that an optimizer had only updated together were updated apart",
    );
  });

  it("are taken apart within one step, too", () => {
    const steps = (w: Variable, v: Variable, optimizer: train.Optimizer) => (): Value => {
      optimizer.minimize(() => w.mul(v).square());
      return optimizer.minimize(() => w.mul(v).square(), [v]);
    };
    const [a, b] = [scalars(), scalars()];
    const [first, second] = [new train.Adam({ learningRate: 0.1 }), new train.Adam({ learningRate: 0.1 })];
    const [eager, compiled] = [steps(...a, first), compile(steps(...b, second))];
    for (let index = 0; index < 3; index++) assertClose(compiled(), eager().item(), 1e-6);
    for (const [[w, v], optimizer] of [[a, first], [b, second]] as const) {
      assertEquals([w, v].map((each) => optimizer.slotsOf(each).get("step")!.value.item()), [3, 6]);
    }
    assertEquals(compiled.stats.traces, 2);
  });

  it("of a Variable that comes later begin at one", () => {
    const [w, late] = scalars();
    const optimizer = new train.Adam({ learningRate: 0.5 });
    for (let index = 0; index < 5; index++) optimizer.minimize(() => w.square());
    optimizer.minimize(() => w.square().add(late.square()));
    assertClose(late.value, 1.5, 1e-6); // the first step is as long as the learning rate
    const steps = [w, late].map((each) => optimizer.slotsOf(each).get("step")!);
    assertEquals(steps.map((each) => each.value.item()), [6, 1]);
    assert(steps.every((each) => each instanceof Variable));
    optimizer.minimize(() => w.square().add(late.square()));
    assertStrictEquals(optimizer.slotsOf(late).get("step"), steps[1]);
  });

  it("follow asynchronous runs", async () => {
    const [w, v] = scalars();
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const loss = () => w.mul(v).square();
    const [both, one] = [compile(() => optimizer.minimize(loss)), compile(() => optimizer.minimize(loss, [w]))];
    await Promise.all([both.async(), both.async(), one.async(), both.async(), one.async()]);
    assertEquals([w, v].map((each) => optimizer.slotsOf(each).get("step")!.value.item()), [5, 3]);
  });
});
