/**
 * The same work, done here and by other libraries: by turns in one run, checked to agree, as a table.
 *
 *     deno task bench:peers
 *     bun bench/peers/main.ts --work matmul --runtimes ours,pytorch --rounds 15
 *
 * `--work` takes a part of a name, and may be given several times; `--threads` says how many threads works are done on that
 * do not say themselves; `--json` prints a row of JSON for each runtime's part instead of the table. The exit status is 1
 * when results differ from float64 ones by more than a work tolerates.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compare, type Patience, Peers } from "./compare.ts";
import { limitsOf } from "./limits.ts";
import { columns, describeLimits, type Line, rowsOf, tableOf } from "./table.ts";
import { type Work, works } from "./works.ts";

/** What is asked for on the command line. */
interface Options {
  readonly chosen: readonly Work[];
  readonly runtimes: readonly string[];
  readonly threads: number;
  readonly patience: Patience;
  readonly json: boolean;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    throw new RangeError(`Cannot use --${name} ${text}: it takes a whole number from 1`);
  }
  return Number(text);
}

function optionsFrom(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      work: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "15" },
      threads: { type: "string", default: `${navigator.hardwareConcurrency}` },
      runtimes: { type: "string", default: Object.keys(columns).join() },
      json: { type: "boolean", default: false },
    },
  });
  const { work, runtimes, threads, rounds, json } = values;
  const chosen = works.filter(({ name }) => work.length === 0 || work.some((part) => name.includes(part)));
  if (chosen.length === 0) {
    throw new RangeError(`Cannot find work ${work.join(", ")}: there is ${works.map(({ name }) => name).join("; ")}`);
  }
  const asked = runtimes.split(",");
  const unknown = asked.filter((name) => columns[name] === undefined);
  if (unknown.length > 0) {
    throw new RangeError(`Cannot use runtimes ${unknown.join(", ")}: there are ${Object.keys(columns).join(", ")}`);
  }
  return {
    chosen,
    runtimes: asked,
    threads: wholeNumber("threads", threads),
    patience: { rounds: wholeNumber("rounds", rounds), turn: 20, warmUp: 300 },
    json,
  };
}

/** The libraries are installed beside this file, the first time they are wanted. */
function install(): void {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  if (existsSync(`${folder}/node_modules`)) return;
  console.error("npm ci --prefix bench/peers");
  const { error, status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", folder], {
    stdio: ["ignore", "ignore", "inherit"], // standard output may be JSON
    shell: process.platform === "win32",
  });
  if (error !== undefined || status !== 0) {
    console.error(
      `Cannot install the libraries: ${error?.message ?? `npm ended with ${status}`}; going on without them`,
    );
  }
}

async function main({ chosen, runtimes, threads, patience, json }: Options): Promise<void> {
  if (runtimes.some((runtime) => columns[runtime]!.family === "javascript")) {
    install();
  }
  const peers = new Peers();
  try {
    const counts = [...new Set([1, threads, ...chosen.flatMap((work) => work.threads ?? [])])].sort((a, b) => a - b);
    const limits = await limitsOf(peers, counts, patience);
    if (!json) console.log(`${describeLimits(limits)}\n`);
    const lines: Line[] = [];
    for (const work of chosen) {
      for (const count of work.threads ?? [threads]) {
        if (!json) console.error(`${work.name} …`);
        const line = { work, threads: count, outcomes: await compare(work, count, runtimes, peers, patience) };
        lines.push(line);
        if (json) {
          for (const row of rowsOf(line)) console.log(JSON.stringify(row));
        }
        for (const [runtime, outcome] of line.outcomes) {
          if (!("disagreement" in outcome)) continue;
          console.error(`${work.name}: ${columns[runtime]!.title} disagrees: ${outcome.disagreement}`);
          process.exitCode = 1;
        }
      }
    }
    if (!json) console.log(tableOf(lines, runtimes, limits));
  } finally {
    peers.end();
  }
}

let options: Options | undefined;
try {
  options = optionsFrom(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
if (options !== undefined) await main(options);
