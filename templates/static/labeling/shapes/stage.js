// The picture of a task as something to draw on: it is fitted into its place, zoomed (wheel, two fingers, buttons) and
// moved (Space or the middle button and drag, two fingers). One stage serves all questions about the picture; the
// current one's drawing is told of presses.

import { clamp } from "./geometry.js";
import { element as make, svg } from "./nodes.js";

const MOST = 16;
const STEP = 1.25;
const stages = new WeakMap();

// The stage of a task; null where there is no picture.
export function stageOf(page, words) {
  const image = page.media.querySelector("img.media-image");
  if (!stages.has(page.media) && image) stages.set(page.media, new Stage(page.media, image, words));
  return stages.get(page.media) ?? null;
}

class Stage {
  drawings = [];
  active = null;
  zoom = 1;
  #left = 0;
  #top = 0;
  #fitted = { width: 1, height: 1 };
  #fingers = new Map();
  #gesture = null;
  #isSpace = false;

  constructor(media, image, words) {
    this.image = image;
    this.overlay = svg("svg", { class: "stage-over", "aria-hidden": "true", focusable: "false" });
    this.cross = svg("g", { class: "stage-cross" });
    this.cross.append(svg("line", { y1: "0", y2: "100%" }), svg("line", { x1: "0", x2: "100%" }));
    this.overlay.append(this.cross);
    this.view = make("div", { className: "stage-view" });
    this.element = make("div", { className: "stage", tabIndex: 0, role: "application", ariaLabel: words.picture });
    this.tools = make("div", { className: "stage-tools widget-keys", role: "group", ariaLabel: words.zoom });
    const holder = make("div", { className: "stage-holder" });
    image.replaceWith(holder);
    image.draggable = false;
    this.view.append(image, this.overlay);
    this.element.append(this.view);
    this.broken = make("p", { className: "stage-broken muted", textContent: words.broken, hidden: true });
    holder.append(this.element, this.tools, this.broken);
    media.removeAttribute("tabindex"); // the picture in it has the focus
    image.addEventListener("load", () => this.fit());
    image.addEventListener("error", () => this.#fail());
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.#listen();
    if (image.complete && !image.naturalWidth && image.src) image.src = image.src; // it failed before: let it say so
  }

  get isBroken() {
    return !this.broken.hidden;
  }

  // What nobody sees nobody draws on.
  #fail() {
    this.broken.hidden = false;
    this.element.hidden = true;
    this.tools.hidden = true;
  }

  get pixels() {
    return { width: this.image.naturalWidth || 1, height: this.image.naturalHeight || 1 };
  }

  // How large the picture is on the screen.
  get size() {
    return { width: this.#fitted.width * this.zoom, height: this.#fitted.height * this.zoom };
  }

  add(drawing) {
    this.drawings.push(drawing);
    this.overlay.insertBefore(drawing.layer, this.cross);
    this.use(this.active ?? drawing);
  }

  // The drawing that presses and keys go to.
  use(drawing) {
    this.active = drawing;
    for (const part of [this.element, this.tools]) part.dataset.ofQuestion = drawing.name;
    for (const one of this.drawings) one.layer.classList.toggle("is-active", one === drawing);
    this.overlay.insertBefore(drawing.layer, this.cross);
  }

  fit() {
    const { clientWidth, clientHeight } = this.element;
    const { width, height } = this.pixels;
    const scale = Math.min(clientWidth / width, clientHeight / height);
    this.#fitted = { width: width * scale, height: height * scale };
    this.#place();
  }

  #place() {
    const { width, height } = this.size;
    const { clientWidth, clientHeight } = this.element;
    const held = (at, room, length) => (length <= room ? (room - length) / 2 : clamp(at, room - length, 0));
    this.#left = held(this.#left, clientWidth, width);
    this.#top = held(this.#top, clientHeight, height);
    Object.assign(this.view.style, { inlineSize: `${width}px`, blockSize: `${height}px` });
    this.view.style.translate = `${this.#left}px ${this.#top}px`;
  }

  // `at`, on the screen, stays where it is; the middle of the stage if nothing else is said.
  zoomTo(zoom, at = null) {
    const box = this.element.getBoundingClientRect();
    const [x, y] = at ? [at[0] - box.left, at[1] - box.top] : [box.width / 2, box.height / 2];
    const next = clamp(zoom, 1, MOST);
    this.#left = x - ((x - this.#left) * next) / this.zoom;
    this.#top = y - ((y - this.#top) * next) / this.zoom;
    this.zoom = next;
    this.#place();
  }

  zoomBy(steps, at) {
    this.zoomTo(this.zoom * STEP ** steps, at);
  }

  pan(dx, dy) {
    this.#left += dx;
    this.#top += dy;
    this.#place();
  }

  // The point of the picture below a place on the screen.
  at({ clientX, clientY }) {
    const box = this.view.getBoundingClientRect();
    return [clamp((clientX - box.left) / box.width, 0, 1), clamp((clientY - box.top) / box.height, 0, 1)];
  }

  // How far two points of the picture are from each other on the screen.
  distance([x1, y1], [x2, y2]) {
    const { width, height } = this.size;
    return Math.hypot((x1 - x2) * width, (y1 - y2) * height);
  }

  #listen() {
    const { element } = this;
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#up(event));
    element.addEventListener("pointercancel", (event) => this.#up(event, true));
    element.addEventListener("pointerleave", () => this.#hover(null));
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("keyup", (event) => event.key === " " && this.#grab(false));
    element.addEventListener("blur", () => this.#grab(false));
  }

  #wheel(event) {
    event.preventDefault();
    this.zoomBy(event.deltaY < 0 ? 1 : -1, [event.clientX, event.clientY]);
  }

  #grab(isSpace) {
    this.#isSpace = isSpace;
    this.element.classList.toggle("is-grabbing", isSpace);
  }

  #key(event) {
    if (event.key === " ") {
      this.#grab(true);
      event.preventDefault();
    } else if (this.active?.key(event)) {
      event.preventDefault();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey) {
      const way = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
      if (!way || this.zoom === 1) return;
      this.pan(...way);
      event.preventDefault();
    }
  }

  #down(event) {
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#fingers.size === 2) {
      this.#gesture?.cancel?.();
      this.#gesture = this.#pinching();
    } else if (this.#fingers.size === 1) {
      const isPan = this.#isSpace || event.button === 1;
      this.#gesture = isPan ? this.#panning(event) : event.button === 0 ? this.#drawing(event) : null;
    }
  }

  #move(event) {
    if (!this.#fingers.has(event.pointerId)) return this.#hover(event);
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.#gesture?.move(event);
    if (event.pointerType === "mouse") this.#hover(event);
  }

  #up(event, isCancelled = false) {
    if (!this.#fingers.delete(event.pointerId)) return;
    const gesture = this.#gesture;
    this.#gesture = null; // a finger that stays after two draws nothing
    if (isCancelled) gesture?.cancel?.();
    else gesture?.up?.(event);
  }

  #hover(event) {
    const point = event && event.pointerType === "mouse" ? this.at(event) : null;
    this.cross.classList.toggle("is-shown", point !== null);
    if (point) {
      const [down, across] = this.cross.children;
      for (const name of ["x1", "x2"]) down.setAttribute(name, `${point[0] * 100}%`);
      for (const name of ["y1", "y2"]) across.setAttribute(name, `${point[1] * 100}%`);
    }
    this.element.dataset.over = (point && this.active?.over(point, event)) ?? "";
  }

  // What was pressed at first is told apart from a drag by a few pixels.
  #drawing(event) {
    const [start, far] = [[event.clientX, event.clientY], event.pointerType === "mouse" ? 4 : 10];
    const inner = this.active?.press(this.at(event), event);
    let isDrag = false;
    return {
      move: (now) => {
        isDrag ||= Math.hypot(now.clientX - start[0], now.clientY - start[1]) >= far;
        if (isDrag) inner?.drag?.(this.at(now));
      },
      up: (now) => (isDrag ? inner?.drop?.(this.at(now)) : inner?.click?.(this.at(now))),
      cancel: () => inner?.cancel?.(),
    };
  }

  #panning(event) {
    let last = [event.clientX, event.clientY];
    return {
      move: ({ clientX, clientY }) => {
        this.pan(clientX - last[0], clientY - last[1]);
        last = [clientX, clientY];
      },
    };
  }

  #pinching() {
    const measure = () => {
      const [[x1, y1], [x2, y2]] = [...this.#fingers.values()];
      return { middle: [(x1 + x2) / 2, (y1 + y2) / 2], apart: Math.hypot(x1 - x2, y1 - y2) || 1 };
    };
    let last = measure();
    return {
      move: () => {
        if (this.#fingers.size < 2) return;
        const now = measure();
        this.pan(now.middle[0] - last.middle[0], now.middle[1] - last.middle[1]);
        this.zoomTo((this.zoom * now.apart) / last.apart, now.middle);
        last = now;
      },
    };
  }
}
