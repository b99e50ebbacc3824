// The shapes of one question: which there are, which one is selected, and what is done to them. Every change is written
// into the answer, can be undone, and is said to who does not see it.

import { bounds } from "./geometry.js";
import { History } from "./history.js";

export class Board {
  selected = -1;
  at = -1; // the point of the selected polygon that keys move
  #history = new History();

  constructor({ question, page, kind, stage, paint, changed }) {
    Object.assign(this, { question, page, kind, stage, paint, changed });
    this.words = question.rules.words;
    this.titles = new Map(question.rules.options.map(({ value, title }) => [value, title]));
    this.label = question.rules.options[0].value;
    this.most = Math.min(question.rules.max ?? Infinity, question.rules.limit);
    const begun = question.get();
    this.shapes = Array.isArray(begun) ? begun.filter((shape) => this.titles.has(shape?.label) && kind.fits(shape)) : [];
  }

  get chosen() {
    return this.shapes[this.selected] ?? null;
  }

  say(words, values = {}) {
    this.page.say(this.page.fill(words, values));
  }

  // A shape in words, as in labeling/answers/marked.py.
  wordsOf(shape) {
    const corners = this.kind.corners(shape);
    const shares = Object.entries(bounds(corners)).map(([side, share]) => [side, Math.round(share * 100)]);
    const place = this.page.fill(this.words.place, { ...Object.fromEntries(shares), n: corners.length });
    return this.kind.isWrong?.(shape) ? `${place}. ${this.words.crosses}` : place;
  }

  tell(index) {
    const shape = this.shapes[index];
    const values = { label: this.titles.get(shape.label), n: index + 1, of: this.shapes.length };
    this.say(this.words.one, { ...values, place: this.wordsOf(shape) });
  }

  show() {
    this.paint.all(this.shapes, this.selected, this.at);
    this.changed();
  }

  select(index, isSaid = true) {
    this.selected = index;
    this.at = -1;
    if (this.chosen) this.label = this.chosen.label;
    this.show();
    if (this.chosen && isSaid) this.tell(index);
  }

  step(by) {
    if (!this.shapes.length) return this.say(this.words.none);
    const from = this.selected < 0 && by < 0 ? 0 : this.selected;
    this.select((from + by + this.shapes.length) % this.shapes.length);
  }

  point(index) {
    this.at = index;
    this.show();
    if (index < 0) this.tell(this.selected);
    else this.#tellPoint();
  }

  #tellPoint() {
    const points = this.kind.corners(this.chosen);
    const [x, y] = points[this.at].map((share) => Math.round(share * 100));
    this.say(this.words.point, { n: this.at + 1, of: points.length, x, y });
  }

  stepPoint(by) {
    if (!this.chosen || !this.kind.byPoints) return;
    const { length } = this.chosen.points;
    this.point(this.at < 0 && by < 0 ? length - 1 : (this.at + by + length) % length);
  }

  isFull() {
    const full = this.shapes.length >= this.most;
    if (full) this.say(this.words.most, { n: this.most });
    return full;
  }

  add(shape) {
    if (this.isFull()) return;
    this.#write([...this.shapes, shape], this.shapes.length);
    this.tell(this.selected);
  }

  // The selected shape is now another; with `tag`, like changes in a row are undone together.
  change(shape, { point = this.at, tag = null } = {}) {
    this.#write(this.shapes.with(this.selected, shape), this.selected, point, tag && `${tag} ${this.selected} ${point}`);
    if (point >= 0) this.#tellPoint();
    else this.tell(this.selected);
  }

  // Moves the point that is chosen, or all of the shape; `isGrowing` stretches it instead.
  nudge(dx, dy, isGrowing) {
    const { kind, chosen, at } = this;
    if (isGrowing) return this.change(kind.grown(chosen, dx, dy), { point: -1, tag: "grow" });
    if (at < 0) return this.change(kind.moved(chosen, dx, dy), { tag: "move" });
    const [x, y] = chosen.points[at];
    this.change(kind.dragged(chosen, at, [x + dx, y + dy]), { tag: "point" });
  }

  addPoint() {
    if (!this.chosen || this.at < 0) return;
    this.change(this.kind.withPoint(this.chosen, this.at, this.kind.ghosts(this.chosen)[this.at]), { point: this.at + 1 });
  }

  remove() {
    if (!this.chosen) return this.say(this.words.nothing);
    if (this.at >= 0) {
      const fewer = this.kind.without(this.chosen, this.at);
      return fewer ? this.change(fewer, { point: Math.max(this.at - 1, 0) }) : this.say(this.words.fewer);
    }
    const values = { label: this.titles.get(this.chosen.label), n: this.selected + 1 };
    const left = this.shapes.toSpliced(this.selected, 1);
    this.#write(left, Math.min(this.selected, left.length - 1));
    this.say(this.words.removed, values);
  }

  relabel(value) {
    this.label = value;
    if (this.chosen && this.chosen.label !== value) this.change({ ...this.chosen, label: value });
    else {
      this.changed();
      this.say(this.words.next, { label: this.titles.get(value) });
    }
  }

  undo() {
    this.#go(this.#history.undo(this.shapes), this.words.undone);
  }

  redo() {
    this.#go(this.#history.redo(this.shapes), this.words.redone);
  }

  #go(state, words) {
    if (!state) return this.say(this.words.nothingToUndo);
    this.#set(state, Math.min(this.selected, state.length - 1), -1);
    this.say(words, { n: state.length });
  }

  #write(shapes, selected, point = -1, tag = null) {
    this.#history.keep(this.shapes, tag);
    this.#set(shapes, selected, point);
  }

  #set(shapes, selected, point) {
    this.shapes = shapes;
    this.selected = selected;
    this.at = point;
    if (this.chosen) this.label = this.chosen.label;
    this.question.set(shapes);
    this.show();
  }
}
