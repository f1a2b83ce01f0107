/**
 * Training: optimizers.
 * @module
 */
export { Minimize, Optimizer } from "./optimizer.ts";
export { Adam, type AdamOptions, GradientDescentOptimizer, SGD, type SGDOptions } from "./optimizers.ts";
