/**
 * The library in a browser: in pages that are isolated from others, where threads share memory, and in plain ones; on the
 * page's own thread and in a worker of the user's; and under content security policies. All train to the losses that Deno
 * comes to, and the page stays alive.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { writeModules } from "../../.ci/dist.ts";
import { reasonToSkipNode, reasonToSkipPackage, reasonToSkipPackages } from "../node/install.ts";
import { assertClose } from "../sabinasz/problems.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What the training of one net came to. */
interface Trained {
  readonly first: number;
  readonly last: number;
  readonly explained: string;
  /** Frames that came beside awaited calls. */
  readonly frames: number;
}

/** What `train.js` finds. */
interface Found {
  readonly threads: number;
  readonly tiny: Trained;
  readonly wide?: Trained;
}

/** What `drive.mjs` prints of a page. */
interface Visited extends Found {
  readonly errors: readonly string[];
  readonly error?: string;
  readonly isolated: boolean;
}

/** A page, and what is to be found there. */
interface Case {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly isolated: boolean;
  readonly threads: number;
  /** How the tiny net is computed, and how the wide one, which is left out where that would take long. */
  readonly tiny: RegExp;
  readonly wide: RegExp | undefined;
}

/** How many frames are waited for beside each net. */
const frames = 20;

const js = /JavaScript emitter/;
const wasm = /WebAssembly emitter/;
const reference = /by the reference implementations/;

/** Policies, and what they leave: kernels of the tiny net, kernels of the wide one, and whether threads may start. */
const policies = [
  { name: "no policy", policy: undefined, tiny: js, wide: wasm, mayStart: true },
  { name: "unsafe-eval", policy: "script-src 'self' 'unsafe-eval'", tiny: js, wide: wasm, mayStart: false },
  { name: "wasm-unsafe-eval", policy: "script-src 'self' 'wasm-unsafe-eval'", tiny: wasm, wide: wasm, mayStart: false },
  {
    name: "wasm-unsafe-eval and workers from blobs",
    policy: "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
    tiny: wasm,
    wide: wasm,
    mayStart: false, // what threads are told by is generated JavaScript
  },
  { name: "nothing but 'self'", policy: "script-src 'self'", tiny: reference, wide: undefined, mayStart: false },
] as const;

const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const cases: Case[] = policies.flatMap(({ name, policy, tiny, wide, mayStart }) =>
  [true, false].flatMap((isolated) =>
    [false, true].map((inWorker) => ({
      name: `${isolated ? "isolated" : "plain"}, with ${name}, ${
        inWorker ? "in a worker of its own" : "on its thread"
      }`,
      headers: {
        ...(isolated ? isolation : {}),
        ...(policy === undefined ? {} : { "Content-Security-Policy": `default-src 'self'; ${policy}` }),
      },
      query: `?frames=${frames}${inWorker ? "&worker" : ""}${wide === undefined ? "" : "&wide"}`,
      isolated,
      threads: isolated && mayStart ? 2 : 1,
      tiny,
      wide,
    }))
  )
);

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

function reasonToSkip(): string | undefined {
  if (process.versions["bun"] !== undefined) return "pages are the same under Bun";
  if (browser === undefined) return "there is no Chromium";
  return reasonToSkipPackage() ?? reasonToSkipNode() ?? reasonToSkipPackages(here);
}

describe("a page that is", () => {
  const reason = reasonToSkip();
  const folder = mkdtempSync(join(tmpdir(), "tensorloom-browser-"));
  let expected: Found;
  let visited: Record<string, Visited>;

  before(async () => {
    if (reason !== undefined) return;
    writeModules(folder);
    const args = [join(here, "drive.mjs"), browser!, join(folder, "tensorloom.js"), JSON.stringify(cases)];
    const { status, stdout, stderr } = spawnSync("node", args, { encoding: "utf8", timeout: 1_200_000 });
    assertEquals(status, 0, stdout + stderr);
    visited = JSON.parse(stdout) as Record<string, Visited>; // that is what it prints
    const { train } = await import(new URL("train.js", import.meta.url).href) as {
      train(library: unknown, options: { readonly wide: boolean; readonly frames: number }): Promise<Found>; // JavaScript, for pages
    };
    expected = await train(await import("../../mod.ts"), { wide: true, frames: 1 });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const assertTrained = (actual: Trained, right: Trained, explained: RegExp): void => {
    assertMatch(actual.explained, explained);
    // Engines and kernels differ in how they round, and a trajectory keeps four digits of float32.
    assertClose([actual.first, actual.last], [right.first, right.last], 1e-4, 0);
    assertGreater(right.first, actual.last);
    assertEquals(actual.frames, frames);
  };

  for (const { name, isolated, threads, tiny, wide } of cases) {
    it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, () => {
      const found = visited[name]!;
      assertEquals([found.errors, found.error], [[], undefined]);
      assertEquals([found.isolated, found.threads], [isolated, threads]);
      assertTrained(found.tiny, expected.tiny, tiny);
      if (wide !== undefined) assertTrained(found.wide!, expected.wide!, wide);
    });
  }
});
