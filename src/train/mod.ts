/**
 * Training: optimizers.
 * @module
 */
export { Optimizer } from "./optimizer.ts";
export { Adam, type AdamOptions, GradientDescentOptimizer, SGD, type SGDOptions } from "./optimizers.ts";
