/** A user's worker: trains like the page. */
import * as library from "/tensorloom.js";
import { train } from "/train.js";

onmessage = ({ data }) =>
  train(library, data).catch((error) => ({ error: String(error.stack) })).then((found) => postMessage(found));
