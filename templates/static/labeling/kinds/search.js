// Options that are too many for a page: typed for, or looked through from the top of their tree. The server finds them.
//
// In the box: type, arrows up and down choose, Enter takes; with nothing typed, arrow down shows the top, right opens
// what lies below an option, left goes back up. Backspace in an empty box takes out what was chosen last.

const WAIT_MS = 120;

export function mount(question, page) {
  const { element, rules } = question;
  const root = element.querySelector("[data-finder]");
  const box = root.querySelector("[data-finder-box]");
  const input = box.querySelector("input");
  const list = box.querySelector("ul");
  const says = box.querySelector("[data-finder-says]");
  const chips = root.querySelector("[data-chosen]");
  const many = rules.kind === "choices";
  const { words } = rules;
  const above = []; // the options whose insides are shown, the last one now
  let options = [];
  let at = -1;
  let timer = null;
  let asking = 0;

  root.querySelector("[data-finder-plain]").remove();
  box.hidden = false;
  for (const chip of [...chips.children]) chip.replaceWith(chipOf(chip.dataset.value, chip.textContent));

  function chipOf(value, title) {
    const chip = document.createElement("li");
    chip.className = "chip finder-chip";
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: element.dataset.field, value });
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "chip-remove", textContent: "×", ariaLabel: page.fill(words.remove, { title }) });
    remove.addEventListener("click", () => take(chip, title));
    chip.append(document.createTextNode(title), field, remove);
    return chip;
  }

  function changed() {
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function take(chip, title) {
    chip.remove();
    page.say(page.fill(words.removed, { title }));
    input.focus();
    changed();
  }

  function choose(option) {
    if (!many) chips.replaceChildren();
    const known = [...chips.querySelectorAll("input")].some((field) => field.value === option.value);
    if (!known) chips.append(chipOf(option.value, option.title));
    page.say(page.fill(words.chosen, option));
    input.value = "";
    close();
    changed();
  }

  function close() {
    clearTimeout(timer);
    asking += 1;
    list.hidden = true;
    input.ariaExpanded = "false";
    input.removeAttribute("aria-activedescendant");
    says.textContent = "";
    above.length = 0;
    options = [];
    at = -1;
  }

  async function ask() {
    const mine = (asking += 1);
    const typed = input.value.trim();
    const of = typed ? `&q=${encodeURIComponent(typed)}` : `&below=${encodeURIComponent(above.at(-1)?.value ?? "")}`;
    try {
      const answer = await fetch(root.dataset.optionsUrl + of, { redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      if (mine === asking) show(found);
    } catch {
      if (mine === asking) says.textContent = words.away;
    }
  }

  function show({ options: found, count }) {
    options = found;
    list.replaceChildren(...options.map(row));
    list.hidden = !options.length;
    input.ariaExpanded = String(options.length > 0);
    const more = count - options.length;
    says.textContent = !options.length ? words.nothing : more > 0 ? page.fill(words.more, { n: more }) : "";
    page.say(options.length ? page.fill(words.found, { n: count }) : words.nothing);
    point(options.length ? 0 : -1);
  }

  function row(option, index) {
    const line = document.createElement("li");
    Object.assign(line, { role: "option", id: `${list.id}-${index}`, className: "finder-row" });
    const path = document.createElement("span");
    path.className = "muted small";
    path.textContent = [...option.above, ""].join(" › ");
    line.append(path, option.title);
    if (option.below) {
      const below = document.createElement("span");
      below.className = "muted small finder-below";
      below.textContent = page.fill(words.inside, { n: option.below });
      line.append(below);
    }
    line.addEventListener("pointerdown", (event) => event.preventDefault()); // focus stays in the box
    line.addEventListener("click", () => choose(option));
    return line;
  }

  function point(to) {
    at = to;
    [...list.children].forEach((line, index) => (line.ariaSelected = String(index === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function goIn() {
    if (input.value || !options[at]?.below) return false;
    above.push(options[at]);
    ask();
    return true;
  }

  function goUp() {
    if (input.value || !above.length) return false;
    above.pop();
    ask();
    return true;
  }

  const KEYS = {
    ArrowDown: () => (list.hidden ? ask() : point(Math.min(at + 1, options.length - 1)), true),
    ArrowUp: () => !list.hidden && (point(Math.max(at - 1, 0)), true),
    ArrowRight: goIn,
    ArrowLeft: goUp,
    Enter: () => !list.hidden && at >= 0 && (choose(options[at]), true),
    Escape: () => !list.hidden && (close(), true),
    Backspace() {
      const last = chips.lastElementChild;
      if (input.value || !last) return false;
      take(last, last.firstChild.textContent);
      return true;
    },
  };

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]?.()) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    above.length = 0;
    if (input.value.trim()) timer = setTimeout(ask, WAIT_MS);
    else close();
  });
  input.addEventListener("blur", close);

  return { focus: () => input.focus() };
}
