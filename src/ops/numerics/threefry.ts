/**
 * The Threefry-2x32 block function with 20 rounds, of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC 2011).
 * @module
 */

const parity = 0x1bd11bda;
const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;

/** Two random words of 32 bits for a key and a counter of two words each; words are unsigned. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0, key1, parity ^ key0 ^ key1] as const;
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 5; round++) {
    for (const distance of rotations[round % 2]!) {
      x = (x + y) | 0;
      y = ((y << distance) | (y >>> (32 - distance))) ^ x;
    }
    x = (x + keys[(round + 1) % 3]!) | 0;
    y = (y + keys[(round + 2) % 3]! + round + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}
