// A question that is answered by shapes on the picture: its labels, its tools, its list of shapes, and its keys.
//
// On the picture: an arrow moves the selected shape by a hundredth of the picture (with Alt by a pixel of it), Shift and
// an arrow stretch it, Page Down and Page Up select the next and the one before, Delete takes away. In the list the
// arrows select. Ctrl+Z and Ctrl+Shift+Z go back and forth in both.

import { Board } from "./board.js";
import { List } from "./list.js";
import { button, element } from "./nodes.js";
import { Paint } from "./paint.js";
import { Pointing } from "./pointing.js";
import { stageOf } from "./stage.js";

const COLOURS = 6;
const STEP = 0.01;
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function drawing(question, page, kind) {
  const { rules, place } = question;
  const { options, words } = rules;
  const stage = stageOf(page, words);
  if (!stage) {
    place.append(element("p", { className: "muted", textContent: words.noPicture }));
    return {};
  }
  const colours = new Map(options.map(({ value }, index) => [value, index % COLOURS]));
  const taken = new Set(options.map(({ key }) => key));
  const free = (key) => (taken.has(key) ? "" : key);
  const paint = new Paint(kind, (label) => colours.get(label));
  const board = new Board({ question, page, kind, stage, paint, changed });
  const pointing = new Pointing(board);

  const labels = element("div", { className: "marking-labels widget-keys", role: "group", ariaLabel: words.labels });
  const tools = element("div", { className: "shape-tools widget-keys", role: "group", ariaLabel: words.tools });
  const none = element("p", { className: "muted small", textContent: words.none });
  const list = new List(board, `${question.element.id}-shapes`, (label) => colours.get(label));
  const hint = element("p", { className: "muted small", textContent: words.hint });

  labels.append(
    ...options.map(({ value, title, key }) => {
      const made = button(title, { key, press: () => board.relabel(value) });
      made.classList.add(`mark-${colours.get(value)}`);
      made.dataset.label = value;
      return made;
    }),
  );

  // By key it is there at once; by hand it is drawn, over other shapes too.
  function begin(event) {
    if (stage.isBroken) return page.say(words.broken);
    const isByHand = event.detail > 0;
    stage.element.focus({ preventScroll: isByHand });
    if (!isByHand) return board.add(kind.inMiddle(board.label));
    board.select(-1);
    pointing.arm();
  }

  tools.append(
    button(words.new, { key: free("n"), press: begin }),
    button(words.remove, { key: "Delete", sign: "Del", press: () => board.remove() }),
    button("↶", { label: words.undo, press: () => board.undo() }),
    button("↷", { label: words.redo, press: () => board.redo() }),
  );
  if (kind.byPoints) {
    tools.append(
      button(words.nextPoint, { key: free("p"), press: () => board.stepPoint(1) }),
      button(words.addPoint, { key: free("a"), press: () => board.addPoint() }),
    );
  }
  if (!stage.tools.hasChildNodes()) {
    stage.tools.append(
      button("−", { key: free("-"), sign: "", label: words.out, press: () => stage.zoomBy(-2) }),
      button("+", { key: free("+"), sign: "", label: words.in, press: () => stage.zoomBy(2) }),
      button(words.fit, { key: free("0"), press: () => stage.zoomTo(1) }),
    );
  }
  place.append(labels, tools, hint, none, list.element);

  function changed() {
    list.show();
    none.hidden = board.shapes.length > 0;
    for (const one of labels.children) one.ariaPressed = String(one.dataset.label === board.label);
  }

  function moves(event) {
    const way = WAYS[event.key];
    if (!way || !board.chosen) return false;
    const { width, height } = stage.pixels;
    const [right, down] = event.altKey ? [1 / width, 1 / height] : [STEP, STEP];
    board.nudge(way[0] * right, way[1] * down, event.shiftKey);
    return true;
  }

  // While a polygon is being drawn these keys are about it.
  const OPEN = { Enter: () => pointing.close(), Backspace: () => pointing.back(), Escape: () => pointing.stop() };
  const KEYS = {
    PageDown: () => (board.step(1), true),
    PageUp: () => (board.step(-1), true),
    Backspace: () => board.chosen && (board.remove(), true),
    Escape: () => board.chosen && (board.at >= 0 ? board.point(-1) : board.select(-1), true),
  };

  function key(event) {
    if (turns(event)) return true;
    if (event.ctrlKey || event.metaKey) return false;
    const open = pointing.points && OPEN[event.key];
    if (open) return open(), true;
    return moves(event) || (KEYS[event.key]?.() ?? false);
  }

  function turns(event) {
    if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(event.key.toLowerCase())) return false;
    if (event.shiftKey || event.key.toLowerCase() === "y") board.redo();
    else board.undo();
    return true;
  }

  question.element.addEventListener("keydown", (event) => turns(event) && event.preventDefault());

  const handle = {
    name: rules.name,
    layer: paint.layer,
    key,
    press: (point, event) => pointing.press(point, event),
    over: (point, event) => pointing.over(point, event),
    focus() {
      stage.use(handle);
      question.keys();
      stage.element.focus({ preventScroll: true });
    },
  };
  stage.add(handle);

  // A question that is not asked shows no shapes; the current one has the picture.
  function follow() {
    const isAsked = !question.element.disabled;
    paint.layer.toggleAttribute("hidden", !isAsked);
    const isCurrent = question.element.classList.contains("is-current");
    if (isAsked && isCurrent && stage.active !== handle) {
      stage.use(handle);
      question.keys();
    }
  }
  new MutationObserver(follow).observe(question.element, { attributes: true, attributeFilter: ["class", "disabled"] });

  // Whoever has to answer and marks nothing says that there is nothing to mark.
  if (question.get() === undefined && rules.required) question.start([]);
  board.show();
  return handle;
}
