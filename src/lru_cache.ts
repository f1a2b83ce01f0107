/**
 * A bounded cache that forgets what was used longest ago.
 * @module
 */

/**
 * A Map of at most `capacity` entries; adding one more drops the least recently used. Looking an entry up counts as a use
 * only once the cache is more than half full: until then the order is that in which entries were set.
 */
export class LruCache<K, V> {
  readonly #capacity: number;
  readonly #entries = new Map<K, V>(); // a Map iterates in insertion order; an entry that is used moves to the end

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value under `key`; a use of it, once the cache is more than half full. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // Moving costs more than looking: the order of entries only matters once the cache fills up.
    if (this.#entries.size * 2 > this.#capacity) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** Adds or replaces an entry. Returns the key of the one that had to go for it. */
  set(key: K, value: V): K | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return undefined;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!); // there is more than one
    return oldest;
  }

  /** The values, beginning with the one that goes first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
