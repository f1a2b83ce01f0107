/**
 * Has a worker of a user's own run a program; see inner_worker.ts. Prints what that says.
 * @module
 */
const worker = new Worker(new URL("inner_worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => {
  console.log(data);
  worker.terminate();
};
worker.postMessage("run");
