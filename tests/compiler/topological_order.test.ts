// Orders that change while they are asked: compared with searches of the whole graph, and with plain lists.
import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { CriticalPaths } from "../../compiler/fusion/critical_paths.ts";
import { type Linked, OrderedList } from "../../compiler/fusion/ordered_list.ts";
import { TopologicalOrder } from "../../compiler/fusion/topological_order.ts";

interface Item extends Linked<Item> {
  readonly name: number;
  readonly before: Set<Item>;
  readonly after: Set<Item>;
}

function newItem(name: number, before: readonly Item[] = []): Item {
  const item: Item = {
    name,
    before: new Set(before),
    after: new Set(),
    label: 0,
    previous: undefined,
    next: undefined,
  };
  for (const each of before) each.after.add(item);
  return item;
}

/** Numbers from 0 to below `limit`, the same ones every time (the multiplier of Park and Miller). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => (state = state * 48271 % 2147483647) % limit;
}

/** Whether a way leads from `from` to `to`; one of a single step only if it `counts`. */
function leads(from: Item, to: Item, counts: boolean): boolean {
  const seen = new Set<Item>([from]);
  const stack = [from];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    for (const item of next.after) {
      if (item === to && (counts || next !== from)) return true;
      if (item === to || seen.has(item)) continue;
      seen.add(item);
      stack.push(item);
    }
  }
  return false;
}

describe("OrderedList", () => {
  it("keeps labels in the order of its items, wherever they are moved", () => {
    const random = randomNumbers(3);
    const list = new OrderedList<Item>();
    const expected = Array.from({ length: 40 }, (_, name) => newItem(name));
    for (const item of expected) list.append(item);
    for (let step = 0; step < 5_000; step++) {
      // Half of the time into the same gap, which has to be widened again and again.
      const place = step % 2 === 0 ? expected[20]! : expected[random(40)]!;
      const item = expected[random(40)]!;
      if (item === place) continue;
      const isBefore = random(2) === 0;
      expected.splice(expected.indexOf(item), 1);
      expected.splice(expected.indexOf(place) + (isBefore ? 0 : 1), 0, item);
      if (isBefore) list.moveBefore(item, place);
      else list.moveAfter(item, place);
      assert(expected.every(({ label }, index) => index === 0 || expected[index - 1]!.label < label), `step ${step}`);
    }
    assertEquals(expected.map(({ next }) => next?.name), [...expected.slice(1).map(({ name }) => name), undefined]);
  });
});

describe("TopologicalOrder", () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`answers as a search of the whole graph does: seed ${seed}`, () => {
      const random = randomNumbers(seed);
      const order = new TopologicalOrder<Item>({ before: ({ before }) => before, after: ({ after }) => after });
      const items: Item[] = [];
      for (let name = 0; name < 60; name++) {
        items.push(newItem(name, items.length === 0 ? [] : [0, 1].map(() => items[random(items.length)]!)));
        order.append(items[name]!);
      }
      for (let step = 0; step < 400 && items.length > 5; step++) {
        const [a, b] = [items[random(items.length)]!, items[random(items.length)]!];
        if (a === b) continue;
        if (random(3) === 0) {
          const possible = !leads(a, b, false) && !leads(b, a, false);
          assertEquals(order.bringTogether(a, b), possible);
          if (!possible || random(2) === 0) continue;
          for (const item of b.before) if (item !== a) a.before.add(item), item.after.add(a);
          for (const item of b.after) if (item !== a) a.after.add(item), item.before.add(a);
          for (const item of items) item.before.delete(b), item.after.delete(b);
          order.remove(b);
          items.splice(items.indexOf(b), 1);
        } else {
          const possible = !leads(b, a, true);
          assertEquals(order.putBefore(a, b), possible);
          if (!possible || random(4) > 0) continue;
          a.after.add(b);
          b.before.add(a);
        }
        for (const item of items) for (const each of item.before) assert(each.label < item.label);
      }
    });
  }

  /** How many neighbours are looked at when the items at equal depth of a forward and a backward pass are brought together. */
  function looksAt(layers: number): number {
    let looks = 0;
    function* counted(items: Iterable<Item>): Generator<Item> {
      for (const item of items) {
        looks++;
        yield item;
      }
    }
    const items: Item[] = [];
    const add = (before: Item[]): Item => {
      const item = newItem(items.length, before);
      items.push(item);
      return item;
    };
    for (let layer = 0; layer < layers; layer++) add(items.slice(-1));
    for (let layer = layers - 1; layer >= 0; layer--) add([items.at(-1)!, items[layer]!]);
    const paths = new CriticalPaths(items.length, (name) => [...items[name]!.before].map((item) => item.name));
    const order = new TopologicalOrder<Item>({
      before: ({ before }) => counted(before),
      after: ({ after }) => counted(after),
      isKnownToNeed: (item, origin) => paths.leadsTo(origin.name, item.name),
    });
    for (const item of items) order.append(item);
    for (let layer = 0; layer < layers - 1; layer++) {
      assertEquals(order.bringTogether(items[layer]!, items[2 * layers - 1 - layer]!), false);
    }
    return looks;
  }

  it("looks at a number of neighbours that grows with the graph, not with its square", () => {
    assertLessOrEqual(looksAt(4_000), 10 * looksAt(400) + 100);
  });
});

describe("CriticalPaths", () => {
  it("leads to a node from what lies on the way through its deepest inputs", () => {
    const random = randomNumbers(11);
    const inputs = Array.from(
      { length: 200 },
      (_, node) => node === 0 ? [] : Array.from({ length: random(4) }, () => random(node)),
    );
    const paths = new CriticalPaths(inputs.length, (node) => inputs[node]!);
    const depths: number[] = [];
    const ways: number[][] = [];
    inputs.forEach((list, node) => {
      const deepest = list.reduce<number | undefined>(
        (best, input) => best === undefined || depths[input]! > depths[best]! ? input : best,
        undefined,
      );
      depths.push(deepest === undefined ? 0 : depths[deepest]! + 1);
      ways.push([...(deepest === undefined ? [] : ways[deepest]!), node]);
      assertEquals(paths.depthOf(node), depths[node]);
      for (let other = 0; other < inputs.length; other++) {
        if (other <= node) assertEquals(paths.leadsTo(other, node), ways[node]!.includes(other));
      }
    });
  });
});
