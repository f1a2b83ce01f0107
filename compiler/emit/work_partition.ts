/**
 * Work partitions: how the work of a kernel can be cut into calls.
 * @module
 */

/** The work of a kernel in units of which a call computes those from `begin` to `end`. */
export interface WorkPartition {
  readonly units: number;
  /** A call stays within one such number of units: a row that is computed in pieces. */
  readonly period: number;
  /** How much one unit is: elements, or multiplications of a contraction. */
  readonly unitWork: number;
  /** So many units are never cut apart. */
  readonly together: number;
  /** The fewest units that are worth a call of their own. */
  readonly leastUnits: number;
  /** How many numbers each chunk leaves for `finalize`. */
  readonly slots: number;
}
