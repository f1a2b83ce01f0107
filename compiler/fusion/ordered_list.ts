/**
 * Order maintenance: a linked list that tells which of two items comes first without walking it. Every item has a
 * label, and labels grow along the list; where there is no room between two, those around them are spread anew.
 * @module
 */

/** What an item of an ordered list holds for the list; nobody else changes it. */
export interface Linked<T> {
  label: number;
  previous: T | undefined;
  next: T | undefined;
}

/** Labels of items that are appended differ by this much: room for those that come between them later. */
const spacing = 2 ** 20;

/** How much denser the labels of half a range may be than those of the whole. */
const crowding = 1.5;

/** Items in an order. Inserting one takes time that grows with the logarithm of the length, averaged over many. */
export class OrderedList<T extends Linked<T>> {
  #last: T | undefined;

  /** Adds an item at the end. */
  append(item: T): void {
    const last = this.#last;
    item.label = last === undefined ? 0 : last.label + spacing;
    this.#link(last, item, undefined);
  }

  /** Takes an item out. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous !== undefined) previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }

  /** Moves an item to the place directly before another. */
  moveBefore(item: T, place: T): void {
    if (place.previous === item) return;
    this.remove(item);
    const { previous } = place;
    if (previous === undefined) {
      item.label = place.label - spacing;
    } else {
      if (place.label - previous.label < 2) spreadLabels(place);
      item.label = Math.floor((previous.label + place.label) / 2);
    }
    this.#link(previous, item, place);
  }

  /** Moves an item to the place directly after another. */
  moveAfter(item: T, place: T): void {
    if (place.next === item) return;
    if (place.next !== undefined) {
      this.moveBefore(item, place.next);
      return;
    }
    this.remove(item);
    this.append(item);
  }

  #link(previous: T | undefined, item: T, next: T | undefined): void {
    item.previous = previous;
    item.next = next;
    if (previous !== undefined) previous.next = item;
    if (next === undefined) this.#last = item;
    else next.previous = item;
  }
}

/**
 * Gives the items around `place` labels at equal distances: those of the smallest range, a power of two, that is not
 * crowded. The larger a range, the sparser it has to be, so that it takes many insertions to crowd it again.
 */
function spreadLabels<T extends Linked<T>>(place: T): void {
  let [first, last, count] = [place, place, 1];
  for (let width = 4, most = 2;; width *= 2, most *= 2 / crowding) {
    const start = Math.floor(place.label / width) * width;
    for (; first.previous !== undefined && first.previous.label >= start; count++) first = first.previous;
    for (; last.next !== undefined && last.next.label < start + width; count++) last = last.next;
    if (count > most) continue;
    const step = Math.floor(width / count);
    let label = start + Math.floor(step / 2);
    for (let item: T | undefined = first; item !== undefined; item = item === last ? undefined : item.next) {
      item.label = label;
      label += step;
    }
    return;
  }
}
