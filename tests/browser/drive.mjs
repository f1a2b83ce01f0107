/**
 * Opens pages in a browser without a window, on Node, which the driver wants, and prints what each of them found.
 *
 *     node drive.mjs BROWSER MODULE '[{ "name": "…", "headers": {…}, "query": "?frames=20" }, …]'
 *
 * BROWSER is the path of a Chromium, MODULE that of the library as one module. In a query, `wide` trains the wide net, too,
 * and `worker` trains in a worker of the page's own. `longest` is the longest time between two frames, in milliseconds.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import process from "node:process";
import { chromium } from "playwright-core";

const [browserPath, modulePath, casesText] = process.argv.slice(2);

const here = (name) => readFileSync(new URL(name, import.meta.url));
const script = "text/javascript";
const files = {
  "/": ["text/html", here("index.html")],
  "/tensorloom.js": [script, readFileSync(modulePath)],
  ...Object.fromEntries(["page.js", "own_worker.js", "train.js"].map((name) => [`/${name}`, [script, here(name)]])),
};

/** Serves the files with these headers, on a free port of the loopback address. */
async function serve(headers) {
  const server = createServer((request, response) => {
    const [type, body] = files[new URL(request.url, "http://localhost").pathname] ?? [];
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": type, ...headers }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** What a page found, and which errors nobody caught. */
async function visit(browser, { headers, query }) {
  const server = await serve(headers);
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  try {
    await page.goto(`http://127.0.0.1:${server.address().port}/${query}`);
    await page.waitForFunction(() => globalThis.found !== undefined, undefined, { timeout: 120_000 });
    // Functions, because a policy may forbid the text of one.
    return { errors, ...await page.evaluate(() => ({ isolated: crossOriginIsolated, ...globalThis.found })) };
  } catch (error) {
    return { errors: [...errors, String(error)] };
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

const quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath: browserPath, args: quiet });
const found = {};
for (const each of JSON.parse(casesText)) found[each.name] = await visit(browser, each);
await browser.close();
console.log(JSON.stringify(found, undefined, 2));
