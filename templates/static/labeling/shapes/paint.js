// The shapes of one question over the picture: outlines in a square of 1, names and handles in per cent of the picture,
// so that nothing has to be drawn anew when it is zoomed.

import { bounds } from "./geometry.js";
import { svg } from "./nodes.js";

const HALF = 4.5; // pixels of a handle to each side
const percent = (share) => `${share * 100}%`;
const pointsOf = (points) => points.map(([x, y]) => `${x},${y}`).join(" ");

export class Paint {
  #shown = [];

  constructor(kind, colourOf) {
    this.kind = kind;
    this.colourOf = colourOf;
    this.layer = svg("g", { class: "stage-layer" });
    this.outlines = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", width: "100%", height: "100%" });
    this.names = svg("g");
    this.handles = svg("g");
    this.layer.append(this.outlines, this.names, this.handles);
  }

  // Shapes are never changed, only replaced: what is the same one as before is let be, so that thousands are no burden.
  all(shapes, selected, point) {
    this.draft(null);
    shapes.forEach((shape, index) => {
      const parts = (this.#shown[index] ??= this.#add(index));
      const isSelected = index === selected;
      if (parts.shape === shape && parts.isSelected === isSelected) return;
      Object.assign(parts, { shape, isSelected });
      this.#dress(parts);
      this.#lay(parts, shape);
    });
    for (const { halo, line, name } of this.#shown.splice(shapes.length)) [halo, line, name].forEach((part) => part.remove());
    this.#handles(shapes[selected], point);
  }

  // One shape while it changes under the hand.
  one(index, shape, point) {
    this.#shown[index].shape = null;
    this.#lay(this.#shown[index], shape);
    this.#handles(shape, point);
  }

  // What is being drawn and is no shape yet.
  draft(points, isClosed = false) {
    this.outlines.querySelectorAll(".is-draft").forEach((line) => line.remove());
    if (!points) return;
    for (const name of ["shape-halo", "shape"]) {
      this.outlines.append(svg(isClosed ? "polygon" : "polyline", { class: `${name} is-draft`, points: pointsOf(points) }));
    }
    this.handles.replaceChildren(...(isClosed ? [] : points.slice(0, -1).map((point) => this.#handle(point))));
  }

  #add(index) {
    const halo = svg("polygon", { class: "shape-halo" });
    const line = svg("polygon");
    const name = svg("text", { class: "shape-name", dx: "4", dy: "14" });
    name.textContent = String(index + 1);
    this.outlines.append(halo, line);
    this.names.append(name);
    return { halo, line, name };
  }

  #dress({ line, shape, isSelected }) {
    const wrong = this.kind.isWrong?.(shape) ? " is-wrong" : "";
    line.setAttribute("class", `shape mark-${this.colourOf(shape.label)}${isSelected ? " is-selected" : ""}${wrong}`);
  }

  #lay({ halo, line, name }, shape) {
    const corners = this.kind.corners(shape);
    const { left, top } = bounds(corners);
    for (const part of [halo, line]) part.setAttribute("points", pointsOf(corners));
    name.setAttribute("x", percent(left));
    name.setAttribute("y", percent(top));
  }

  #handles(shape, point) {
    if (!shape) return this.handles.replaceChildren();
    const ghosts = this.kind.ghosts(shape).map((at) => this.#handle(at, "is-ghost"));
    const own = this.kind.handles(shape).map((at, index) => this.#handle(at, index === point ? "is-current" : ""));
    this.handles.replaceChildren(...ghosts, ...own);
  }

  #handle([x, y], state = "") {
    const [width, height] = [2 * HALF, 2 * HALF];
    const place = { x: percent(x), y: percent(y), width, height, transform: `translate(${-HALF} ${-HALF})` };
    return svg("rect", { class: `stage-handle ${state}`.trim(), rx: state === "is-ghost" ? HALF : 1, ...place });
  }
}
