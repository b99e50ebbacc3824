// What a press on the picture means. On a handle of the selected shape it changes it, within it it moves it; elsewhere a
// drag draws a box, and a click selects the smallest shape below or is a point of a polygon.

import { area, contains } from "./geometry.js";

const reach = (event) => (event.pointerType === "mouse" ? 9 : 22);

export class Pointing {
  points = null; // of a polygon that is not closed yet
  #isArmed = false;

  constructor(board) {
    this.board = board;
    this.kind = board.kind;
  }

  // The next press draws, whatever lies below it.
  arm() {
    this.#isArmed = true;
  }

  stop() {
    this.points = null;
    this.#isArmed = false;
    this.board.paint.draft(null);
    this.board.show();
  }

  press(point, event) {
    const { kind, board } = this;
    const shape = this.#isArmed || this.points ? null : board.chosen;
    const far = reach(event);
    const at = shape ? this.#near(kind.handles(shape), point, far) : -1;
    if (at >= 0) return this.#changing((now) => kind.dragged(shape, at, now), at);
    const ghost = shape ? this.#near(kind.ghosts(shape), point, far) : -1;
    if (ghost >= 0) return this.#changing((now) => kind.withPoint(shape, ghost, now), ghost + 1, point);
    if (shape && contains(kind.corners(shape), point)) return this.#moving(shape, point);
    return kind.byPoints ? this.#adding(far) : this.#stretching(point);
  }

  over(point, event) {
    const { kind, board } = this;
    if (this.points) board.paint.draft([...this.points, point]);
    const shape = this.#isArmed || this.points ? null : board.chosen;
    if (!shape) return "";
    if (this.#near([...kind.handles(shape), ...kind.ghosts(shape)], point, reach(event)) >= 0) return "handle";
    return contains(kind.corners(shape), point) ? "shape" : "";
  }

  #near(points, point, far) {
    const away = points.map((one) => this.board.stage.distance(one, point));
    const at = away.indexOf(Math.min(...away));
    return away[at] <= far ? at : -1;
  }

  // A point goes with the hand; clicked it is chosen, so that keys move it or take it away.
  #changing(shapeAt, index, added = null) {
    const { board } = this;
    const point = this.kind.byPoints ? index : -1;
    return {
      drag: (now) => board.paint.one(board.selected, shapeAt(now), point),
      drop: (now) => board.change(shapeAt(now), { point }),
      click: () => (added ? board.change(shapeAt(added), { point }) : board.point(point)),
      cancel: () => board.show(),
    };
  }

  #moving(shape, [x, y]) {
    const { board, kind } = this;
    const to = ([nowX, nowY]) => kind.moved(shape, nowX - x, nowY - y);
    return {
      drag: (now) => board.paint.one(board.selected, to(now)),
      drop: (now) => board.change(to(now)),
      click: (now) => board.select(this.#below(now)),
      cancel: () => board.show(),
    };
  }

  #stretching(start) {
    const { board, kind } = this;
    return {
      drag: (now) => board.paint.draft(kind.corners(kind.between(start, now, board.label)), true),
      drop: (now) => {
        this.stop();
        board.add(kind.between(start, now, board.label));
      },
      click: (now) => board.select(this.#below(now)),
      cancel: () => this.stop(),
    };
  }

  // A press that moves a little is a point all the same, where it ends.
  #adding(far) {
    const put = (now) => this.#put(now, far);
    return { drag: (now) => this.points && this.board.paint.draft([...this.points, now]), drop: put, click: put };
  }

  #put(point, far) {
    const { board } = this;
    if (!this.points) {
      const below = this.#isArmed ? -1 : this.#below(point);
      board.select(below, below >= 0);
      if (below >= 0 || board.isFull()) return;
      this.points = [];
    }
    const known = [this.points[0], this.points.at(-1)].filter(Boolean);
    if (this.#near(known, point, far) < 0) this.points.push(point);
    else if (this.points.length >= 3) return this.close();
    board.paint.draft([...this.points, point]);
    board.say(board.words.points, { n: this.points.length });
  }

  // Enter, a double click, or a click on the first point.
  close() {
    const { points, board } = this;
    if (points.length < 3) return board.say(board.words.fewer);
    this.stop();
    board.add(this.kind.through(points, board.label));
  }

  back() {
    this.points.pop();
    if (!this.points.length) return this.stop();
    this.board.paint.draft([...this.points, this.points.at(-1)]);
    this.board.say(this.board.words.points, { n: this.points.length });
  }

  // The smallest shape below a point; the one that is selected comes last, so that clicks go through what lies on it.
  #below(point) {
    const { shapes, selected } = this.board;
    const sizes = shapes.map((shape, index) => {
      const corners = this.kind.corners(shape);
      return contains(corners, point) ? area(corners) + (index === selected ? 1 : 0) : Infinity;
    });
    const least = Math.min(...sizes);
    return least < Infinity ? sizes.indexOf(least) : -1;
  }
}
