/** The page: trains here, or in a worker of its own when the address says so, and leaves what it found in `window.found`. */
import * as library from "/tensorloom.js";
import { train } from "/train.js";

const parameters = new URLSearchParams(location.search);
const options = { wide: parameters.has("wide"), frames: Number(parameters.get("frames")) };

function inWorker() {
  const worker = new Worker("/own_worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(options);
  });
}

(parameters.has("worker") ? inWorker() : train(library, options))
  .catch((error) => ({ error: String(error.stack) }))
  .then((found) => globalThis.found = found);
