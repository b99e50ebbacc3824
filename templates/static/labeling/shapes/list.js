// The shapes of a question in words, beside the picture. Arrows select, Space goes to the picture.

import { element } from "./nodes.js";

export class List {
  #rows = [];

  constructor(board, id, colourOf) {
    Object.assign(this, { board, id, colourOf });
    const named = { role: "listbox", ariaLabel: board.words.list };
    this.element = element("ol", { className: "shape-list", tabIndex: 0, hidden: true, ...named });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", ({ target }) => {
      const index = [...this.element.children].indexOf(target.closest("li"));
      if (index >= 0) board.select(index);
    });
  }

  show() {
    const { shapes, selected } = this.board;
    this.element.hidden = !shapes.length;
    shapes.forEach((shape, index) => this.#row(shape, index, index === selected));
    for (const { line } of this.#rows.splice(shapes.length)) line.remove();
    const line = this.#rows[selected]?.line;
    if (!line) return this.element.removeAttribute("aria-activedescendant");
    this.element.setAttribute("aria-activedescendant", line.id);
    const { offsetTop, offsetHeight } = line;
    const { scrollTop, clientHeight } = this.element;
    const isSeen = offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight;
    if (!isSeen) this.element.scrollTop = offsetTop - clientHeight / 2; // the page itself stays where it is
  }

  #row(shape, index, isSelected) {
    const row = (this.#rows[index] ??= this.#add(index));
    if (row.isSelected !== isSelected) row.line.ariaSelected = String(isSelected);
    row.isSelected = isSelected;
    if (row.shape === shape) return;
    row.shape = shape;
    row.name.className = `badge-mark mark-${this.colourOf(shape.label)}`;
    row.name.textContent = this.board.titles.get(shape.label);
    row.where.textContent = this.board.wordsOf(shape);
  }

  #add(index) {
    const line = element("li", { role: "option", id: `${this.id}-${index}`, ariaSelected: "false" });
    const name = element("span");
    const where = element("span", { className: "muted small" });
    line.append(element("span", { className: "muted num", textContent: index + 1 }), " ", name, " ", where);
    this.element.append(line);
    return { line, name, where, isSelected: false };
  }

  #key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === " ") this.board.stage.element.focus();
    else if (by) this.board.step(by);
    else return;
    event.preventDefault();
  }
}
