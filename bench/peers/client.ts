/** A process that computes, seen by the program that compares: questions and answers of `protocol.ts`. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Answer, Greeting, Opened, Request } from "./protocol.ts";
import { Missing } from "./runtime.ts";
import type { Work } from "./works.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** How the process of a runtime is started. */
function commandOf(runtime: string, threads: number): readonly [tool: string, ...args: string[]] {
  if (runtime === "pytorch" || runtime === "numpy") {
    return ["python3", "-B", "peer.py", runtime, `${threads}`];
  }
  const run = process.versions["deno"] === undefined ? [] : ["run", "--allow-all", "--quiet"];
  return [process.execPath, ...run, "serve.ts", runtime, `${threads}`];
}

/** A runtime in a process of its own. */
export class Peer {
  /** Which runtime. */
  readonly runtime: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #notStarted: Promise<never>;
  #greeting: Greeting | undefined;
  #complaints = "";

  constructor(runtime: string, threads: number) {
    this.runtime = runtime;
    const [tool, ...args] = commandOf(runtime, threads);
    this.#child = spawn(tool, args, { cwd: folder });
    this.#notStarted = new Promise((_, reject) => {
      this.#child.on("error", ({ message }) => reject(new Error(`${tool} does not start: ${message}`)));
    });
    this.#notStarted.catch(() => {}); // whoever reads is told
    this.#child.stdin.on("error", () => {}); // it has ended, and the missing answer says so
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => this.#complaints += text);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What the process said first: its version, and how many threads it has. Throws a {@linkcode Missing} if it cannot be. */
  async greeting(): Promise<{ readonly version: string; readonly threads: number }> {
    // A process that ends before it has said anything cannot take part.
    const missing = ({ message }: Error): Greeting => ({ missing: message });
    const greeting = this.#greeting ??= await this.#read<Greeting>().catch(missing);
    if ("missing" in greeting) throw new Missing(greeting.missing);
    return greeting;
  }

  /** Has it get ready for a work, and do it once. */
  async open(work: Work, warmUp: number, reference = false): Promise<Opened> {
    const answer = await this.#ask({ ask: "open", work, reference, warmUp });
    if ("opened" in answer) return answer.opened;
    throw new Error(`Cannot open ${work.name}: ${this.runtime} answered ${JSON.stringify(answer)}`);
  }

  /** Milliseconds that the open work takes, from about so many. */
  async time(milliseconds: number): Promise<number> {
    const answer = await this.#ask({ ask: "time", milliseconds });
    if ("milliseconds" in answer) return answer.milliseconds;
    throw new Error(`Cannot take time: ${this.runtime} answered ${JSON.stringify(answer)}`);
  }

  /** Has it forget the open work. */
  async close(): Promise<void> {
    await this.#ask({ ask: "close" });
  }

  /** Ends the process. */
  end(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  async #ask(request: Request): Promise<Exclude<Answer, { missing: string } | { failed: string }>> {
    await this.greeting();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#read<Answer>();
    if ("missing" in answer) throw new Missing(answer.missing);
    if ("failed" in answer) throw new Error(answer.failed);
    return answer;
  }

  /** The next line, which is what serve.ts and peer.py send. */
  async #read<T>(): Promise<T> {
    const { value, done } = await Promise.race([this.#lines.next(), this.#notStarted]);
    if (done !== true) return JSON.parse(value) as T;
    throw new Error(this.#complaints.trim().split("\n").at(-1) || "it ended");
  }
}
