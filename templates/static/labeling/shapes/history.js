// What the shapes were, to go back and forth. Changes of the same kind in a row (`tag`) are one step.

export class History {
  #before = [];
  #after = [];
  #tag = null;

  keep(state, tag = null) {
    if (!tag || tag !== this.#tag) this.#before.push(state);
    this.#after = [];
    this.#tag = tag;
  }

  undo(state) {
    return this.#go(this.#before, this.#after, state);
  }

  redo(state) {
    return this.#go(this.#after, this.#before, state);
  }

  #go(from, to, state) {
    if (!from.length) return null;
    to.push(state);
    this.#tag = null;
    return from.pop();
  }
}
