/** A program that imports `mod.ts` from a URL runs under Deno with no flag, no configuration and no prompt. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
// Puts what mod.ts needs from npm into the cache that the remote run reads its packages from.
import "../mod.ts";

const PROGRAM = `import { tensor } from "./mod.ts";
console.log(JSON.stringify(tensor([1, 2]).add(tensor([3, 4])).toArray()));
`;

/** The files a package consists of; a remote import that reads anything else would fail for a user. */
const PUBLISHED = /^\/(mod\.ts|src\/.+\.ts|compiler\/.+\.ts)$/;

interface Server {
  origin: string;
  /** Paths answered with a file. */
  served: Set<string>;
  /** Paths answered with 404. */
  missing: Set<string>;
  close(): Promise<void>;
}

/** Serves the project, and the program beside its `mod.ts`, on a free port of the loopback address. */
async function serve(): Promise<Server> {
  const project = fileURLToPath(new URL("..", import.meta.url));
  const served = new Set<string>();
  const missing = new Set<string>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const text = path === "/program.ts" ? Promise.resolve(PROGRAM) : readFile(join(project, path), "utf8");
    text.then((body) => {
      served.add(path);
      response.writeHead(200, { "content-type": "application/typescript" }).end(body);
    }, () => {
      missing.add(path);
      response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    served,
    missing,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Runs a remote program as a newcomer would: empty folder, empty cache, no flag, no terminal. */
async function denoRun(url: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), "tensorloom-remote-"));
  try {
    // Packages from npm alone come from the usual cache, so that the run needs no network.
    const info = spawnSync("deno", ["info", "--json"], { encoding: "utf8" }).stdout;
    const { npmCache } = JSON.parse(info) as { npmCache: string };
    await symlink(npmCache, join(folder, "npm"), "junction");
    const env: Record<string, string> = { DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
    for (const name of ["PATH", "HOME", "SystemRoot"]) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    return await new Promise((resolve, reject) => {
      const child = spawn("deno", ["run", url], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
      child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why the test cannot run here, or undefined. Neither runtime prints a skip's reason, so it goes into the name. */
function reasonToSkip(): string | undefined {
  if (process.versions["bun"] !== undefined) return "Bun cannot import from http:";
  if (spawnSync("deno", ["--version"]).status !== 0) return "deno is not on PATH";
  return undefined;
}

describe("import from a URL", () => {
  const reason = reasonToSkip();
  const name = "computes with no flag and reads nothing but published files";

  it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, async () => {
    const server = await serve();
    try {
      const { code, stdout, stderr } = await denoRun(`${server.origin}/program.ts`);
      assertEquals({ code, stdout }, { code: 0, stdout: "[4,6]\n" }, stderr);
      assertEquals([...server.missing], []);
      assert(server.served.delete("/program.ts") && server.served.has("/mod.ts"));
      assertEquals([...server.served].filter((path) => !PUBLISHED.test(path)), []);
    } finally {
      await server.close();
    }
  });
});
