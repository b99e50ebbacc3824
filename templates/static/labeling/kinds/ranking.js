// Puts options in order, best first. A digit gives its option the next place; on an option that has focus, the arrows go
// to its neighbours, and with Shift they move it. Until every option has a place the question is not answered.

export function mount(question, page) {
  const { rules, place } = question;
  const { options, words } = rules;
  const title = (value) => options.find((option) => option.value === value).title;
  const known = options.map((option) => option.value);
  const begun = question.get();
  let ranked = Array.isArray(begun) ? begun.filter((value, index) => known.includes(value) && begun.indexOf(value) === index) : [];

  const list = document.createElement("ol");
  list.className = "ranking";
  list.ariaLabel = words.list;
  const again = button(words.again, "0", restart);
  again.classList.add("button", "button-quiet", "button-small");
  const hint = document.createElement("p");
  hint.className = "muted small";
  hint.textContent = words.hint;
  place.append(list, again, hint);

  const order = () => [...ranked, ...known.filter((value) => !ranked.includes(value))];

  function button(text, key, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(text);
    if (key) {
      const kbd = document.createElement("kbd");
      kbd.ariaHidden = "true";
      kbd.textContent = key;
      made.append(" ", kbd);
      Object.assign(made.dataset, { answerKey: key, keyLabel: text });
    }
    made.addEventListener("click", press);
    return made;
  }

  function draw() {
    list.replaceChildren(...order().map(row));
    again.hidden = !ranked.length;
    question.keys();
  }

  function row(value) {
    const line = document.createElement("li");
    line.dataset.value = value;
    line.className = ranked.includes(value) ? "ranking-row" : "ranking-row is-unranked";
    const at = document.createElement("span");
    at.className = "ranking-place num";
    at.textContent = ranked.includes(value) ? String(ranked.indexOf(value) + 1) : "–";
    const name = button(title(value), options.find((option) => option.value === value).key, () => put(value));
    name.className = "ranking-name";
    if (!ranked.includes(value)) name.ariaDescription = words.unranked;
    line.append(at, name, arrow("↑", value, -1, words.up), arrow("↓", value, 1, words.down));
    return line;
  }

  function arrow(sign, value, step, label) {
    const made = button(sign, "", () => shift(value, step));
    made.className = "button button-quiet button-small";
    made.tabIndex = -1; // by keyboard: Shift and an arrow, on the option itself
    made.ariaLabel = page.fill(label, { title: title(value) });
    return made;
  }

  const nameOf = (value) => list.querySelector(`[data-value="${CSS.escape(value)}"] .ranking-name`);

  function write(value) {
    question.set(ranked.length ? ranked : undefined);
    const focused = list.contains(document.activeElement) || document.activeElement === again;
    draw();
    if (focused) nameOf(value).focus();
    if (ranked.includes(value)) {
      page.say(page.fill(words.placed, { title: title(value), n: ranked.indexOf(value) + 1, of: known.length }));
    }
  }

  // The next place; the last option needs no key, it has only one place left.
  function put(value) {
    if (ranked.includes(value)) return nameOf(value).focus();
    ranked.push(value);
    if (ranked.length === known.length - 1) ranked = order();
    write(value);
  }

  // Moving one says where all are.
  function shift(value, step) {
    const moved = order();
    const from = moved.indexOf(value);
    const to = Math.min(Math.max(from + step, 0), moved.length - 1);
    moved.splice(to, 0, ...moved.splice(from, 1));
    ranked = moved;
    write(value);
  }

  function restart() {
    ranked = [];
    write(known[0]);
  }

  list.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // Space presses a name; Enter submits, here as everywhere
      return question.element.form.requestSubmit();
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { value } = event.target.closest("li").dataset;
    if (event.shiftKey) return shift(value, step);
    const all = order();
    nameOf(all[Math.min(Math.max(all.indexOf(value) + step, 0), all.length - 1)]).focus();
  });

  draw();
  return { focus: () => list.querySelector(".ranking-name").focus() };
}
