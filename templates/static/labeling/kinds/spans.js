// Marks passages of a text. In the text: arrows move the caret (with Ctrl or Alt by words, Home and End by lines), Shift
// selects, a label's key or button marks what is selected; Delete takes away the mark at the caret. A mouse selects too.
// Offsets are code points, half-open; marks may overlap.

import { Text } from "./text.js";

const COLOURS = 6;

export function mount(question, page) {
  const { rules, place } = question;
  const { options, words } = rules;
  const text = new Text(page.words ?? "");
  const titles = new Map(options.map((option) => [option.value, option.title]));
  const colours = new Map(options.map((option, index) => [option.value, index % COLOURS]));
  const begun = question.get();
  let spans = Array.isArray(begun) ? begun.filter(fits) : [];
  let caret = 0;
  let anchor = 0;

  function fits(span) {
    return titles.has(span?.label) && span.start < span.end && text.slice(span.start, span.end) === span.text;
  }

  const area = document.createElement("div");
  Object.assign(area, { tabIndex: 0, className: "marking", role: "application", ariaLabel: words.text });
  area.dataset.ofQuestion = rules.name;
  const shown = page.media.querySelector(".task-text") ?? page.media.querySelector(".media-words");
  if (shown) shown.hidden = true;
  page.media.append(area);
  page.media.removeAttribute("tabindex"); // the text in it has the focus

  const labels = document.createElement("div");
  labels.className = "marking-labels widget-keys";
  const listed = document.createElement("ol");
  listed.className = "marking-list";
  const none = document.createElement("p");
  none.className = "muted small";
  none.textContent = words.none;
  const hint = document.createElement("p");
  hint.className = "muted small";
  hint.textContent = words.hint;
  place.append(labels, hint, none, listed);
  labels.append(...options.map(labelButton));

  function labelButton({ value, title, key }) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: `button button-secondary button-small mark-${colours.get(value)}` });
    made.append(title);
    if (key) {
      const kbd = document.createElement("kbd");
      kbd.ariaHidden = "true";
      kbd.textContent = key;
      made.append(" ", kbd);
      Object.assign(made.dataset, { answerKey: key, keyLabel: title });
    }
    made.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
    made.addEventListener("click", () => mark(value));
    return made;
  }

  const selected = () => [Math.min(caret, anchor), Math.max(caret, anchor)];

  function mark(label) {
    const [start, end] = selected();
    if (start === end) return page.say(words.nothing);
    if (rules.max && spans.length >= rules.max) return page.say(page.fill(words.most, { n: rules.max }));
    const span = { start, end, text: text.slice(start, end), label };
    const same = (one) => one.start === start && one.end === end && one.label === label;
    if (!spans.some(same)) spans = [...spans, span].sort((one, other) => one.start - other.start || one.end - other.end);
    anchor = caret;
    write(page.fill(words.marked, { text: span.text, label: titles.get(label) }));
  }

  function unmark(span) {
    spans = spans.filter((one) => one !== span);
    write(page.fill(words.removed, span));
    area.focus();
  }

  function write(said) {
    question.set(spans);
    page.say(said);
    draw();
  }

  // The text in pieces that begin and end where marks, the selection and the caret do.
  function draw() {
    const [from, to] = selected();
    const cuts = new Set([0, from, to, caret, text.length, ...spans.flatMap((span) => [span.start, span.end])]);
    const bounds = [...cuts].sort((one, other) => one - other);
    const parts = [];
    bounds.forEach((start, index) => {
      for (const span of spans) if (span.end === start) parts.push(tag(span));
      if (start === caret) parts.push(caretMark());
      const end = bounds[index + 1];
      if (end !== undefined) parts.push(piece(start, end, from <= start && end <= to));
    });
    area.replaceChildren(...parts);
    list();
  }

  function piece(start, end, isSelected) {
    const made = document.createElement("span");
    made.dataset.start = start;
    made.textContent = text.slice(start, end);
    const over = spans.filter((span) => span.start <= start && end <= span.end);
    made.className = [...(isSelected ? ["is-selected"] : []), ...(over.length ? ["mark", `mark-${colours.get(over.at(-1).label)}`] : []), ...(over.length > 1 ? ["is-over"] : [])].join(" ");
    return made;
  }

  function tag(span) {
    const made = document.createElement("span");
    made.className = `mark-tag mark-${colours.get(span.label)}`;
    made.dataset.label = titles.get(span.label);
    made.ariaHidden = "true";
    return made;
  }

  function caretMark() {
    const made = document.createElement("span");
    made.className = "caret";
    return made;
  }

  function list() {
    none.hidden = spans.length > 0;
    listed.replaceChildren(
      ...spans.map((span) => {
        const line = document.createElement("li");
        const name = document.createElement("span");
        name.className = `badge-mark mark-${colours.get(span.label)}`;
        name.textContent = titles.get(span.label);
        const words_ = document.createElement("span");
        words_.className = "marking-words";
        words_.textContent = span.text;
        const remove = document.createElement("button");
        Object.assign(remove, { type: "button", className: "chip-remove", textContent: "×" });
        remove.ariaLabel = page.fill(words.remove, { label: titles.get(span.label), text: span.text });
        remove.addEventListener("click", () => unmark(span));
        line.append(name, words_, remove);
        return line;
      }),
    );
  }

  function goTo(offset, extends_) {
    caret = offset;
    if (!extends_) anchor = caret;
    draw();
    area.querySelector(".caret").scrollIntoView({ block: "nearest" });
    const [start, end] = selected();
    if (start < end) page.say(page.fill(words.selected, { text: text.slice(start, end) }));
    else page.say(text.slice(caret, text.after(caret, true)));
  }

  // The offset a line higher or lower, below the caret as it is seen.
  function vertically(step) {
    const box = area.querySelector(".caret").getBoundingClientRect();
    const y = step < 0 ? box.top - box.height / 2 : box.bottom + box.height / 2;
    return offsetAt(box.left, y) ?? (step < 0 ? 0 : text.length);
  }

  function offsetAt(x, y) {
    const spot = document.caretPositionFromPoint?.(x, y);
    if (spot) return offsetOf(spot.offsetNode, spot.offset);
    const range = document.caretRangeFromPoint?.(x, y);
    return range ? offsetOf(range.startContainer, range.startOffset) : null;
  }

  // From a place in the page to an offset of the text: the units before it in its piece, as code points.
  function offsetOf(node, units) {
    const holder = node.nodeType === Node.TEXT_NODE ? node.parentElement : node.childNodes[units] ?? node.lastElementChild;
    const within = holder?.closest?.("[data-start]");
    if (!within || !area.contains(within)) return null;
    const before = node.nodeType === Node.TEXT_NODE ? [...node.data.slice(0, units)].length : 0;
    return Number(within.dataset.start) + before;
  }

  const MOVES = {
    ArrowLeft: (byWord) => text.before(caret, byWord),
    ArrowRight: (byWord) => text.after(caret, byWord),
    ArrowUp: () => vertically(-1),
    ArrowDown: () => vertically(1),
    Home: (byWord) => (byWord ? 0 : text.lineStart(caret)),
    End: (byWord) => (byWord ? text.length : text.lineEnd(caret)),
  };

  area.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (move && !event.metaKey) {
      event.preventDefault();
      goTo(move(event.ctrlKey || event.altKey), event.shiftKey);
    } else if (event.key === "Delete") {
      const at = spans.findLast((span) => span.start <= caret && caret <= span.end);
      if (!at) return;
      event.preventDefault();
      unmark(at);
    }
  });

  area.addEventListener("pointerup", () => {
    const { anchorNode, anchorOffset, focusNode, focusOffset } = getSelection();
    const [from, to] = [anchorNode && offsetOf(anchorNode, anchorOffset), focusNode && offsetOf(focusNode, focusOffset)];
    if (from === null || to === null) return;
    anchor = from;
    goTo(to, true);
    getSelection().removeAllRanges();
  });

  // Whoever has to answer and marks nothing says that there is nothing to mark.
  if (begun === undefined && rules.required) question.start([]);
  draw();
  return { focus: () => area.focus({ preventScroll: true }) };
}
