// The keys of a page, read from the page itself: data-key on controls, data-go on links, data-list and data-search.
// What a key does is always something that can also be clicked; a key press clicks it.

const SWITCH = "sluice-keys-off";
const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const GO_WINDOW_MS = 1500;
let goPressedAt = -Infinity;

const off = () => {
  try {
    return localStorage.getItem(SWITCH) === "1";
  } catch {
    return false;
  }
};

// A key belongs to the topmost open dialog; what lies beneath is out of reach.
const scope = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
const visible = (element) => element.getClientRects().length > 0;
const find = (attribute, key) =>
  [...scope().querySelectorAll(`[${attribute}]`)].find((it) => it.getAttribute(attribute) === key && visible(it));

function press(element) {
  if (element.getAttribute("aria-disabled") === "true") {
    const why = document.getElementById(element.getAttribute("aria-describedby"));
    document.dispatchEvent(new CustomEvent("sluice:say", { detail: why?.textContent ?? "" }));
    element.focus();
  } else if (element.matches(TYPING)) {
    element.focus();
  } else {
    element.click();
  }
}

function move(step) {
  const rows = [...scope().querySelectorAll("[data-list] [data-row], [data-list][data-row]")].filter(visible);
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1)];
  let target = next.querySelector("a[href], button");
  if (!target) {
    next.tabIndex = -1;
    target = next;
  }
  target.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

// Enter and Space already mean something on whatever can be pressed.
const pressesItself = (event) =>
  (event.key === "Enter" || event.key === " ") && event.target.closest?.("a, button, summary, [role=button]");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.(`${TYPING}, [data-keys-off]`) || pressesItself(event)) return;
  const single = event.key.length === 1;
  if (single && off() && event.key !== "?") return;
  if (handle(event.key)) event.preventDefault();
});

function handle(key) {
  const going = performance.now() - goPressedAt < GO_WINDOW_MS;
  goPressedAt = -Infinity;
  if (going) {
    const place = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (place) {
      place.click();
      return true;
    }
  }
  const control = find("data-key", key) ?? find("data-key", key.toLowerCase());
  if (control) {
    press(control);
    return true;
  }
  if (key === "g" && document.querySelector("[data-go]")) {
    goPressedAt = performance.now();
    return true;
  }
  if (key === "j" || key === "k") return move(key === "j" ? 1 : -1);
  const search = key === "/" && [...scope().querySelectorAll("[data-search]")].find(visible);
  if (search) {
    search.focus();
    search.select?.();
    return true;
  }
  return false;
}

// The help says what is on this page at this moment.
function row(presses, words) {
  const line = document.createElement("div");
  const term = document.createElement("dt");
  const hint = document.createElement("span");
  hint.className = "key-hint";
  for (const one of presses) {
    const kbd = document.createElement("kbd");
    kbd.textContent = one;
    hint.append(kbd);
  }
  term.append(hint);
  const meaning = document.createElement("dd");
  meaning.textContent = words;
  line.append(term, meaning);
  return line;
}

function fill(help, name, elements, presses) {
  const section = help.querySelector(`[data-keys-of="${name}"]`);
  const seen = new Map();
  for (const it of elements) {
    const key = it.dataset.key ?? it.dataset.go;
    if (!seen.has(key)) seen.set(key, it.dataset.keyLabel || it.textContent.trim());
  }
  section.hidden = seen.size === 0;
  section.querySelector("dl").replaceChildren(...[...seen].map(([key, words]) => row(presses(key), words)));
}

document.addEventListener("sluice:opening", (event) => {
  const help = event.target;
  if (help.id !== "key-help") return;
  const outside = (it) => !help.contains(it);
  const onPage = [...document.querySelectorAll("[data-key]")].filter((it) => outside(it) && visible(it) && it.dataset.key !== "?");
  fill(help, "page", onPage, (key) => [key]);
  fill(help, "go", [...document.querySelectorAll("[data-go]")].filter(outside), (key) => ["g", key]);
  for (const line of help.querySelectorAll("[data-keys-if]")) line.hidden = !document.querySelector(line.dataset.keysIf);
  help.querySelector("[data-keys-switch]").checked = !off();
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-keys-switch]")) return;
  try {
    localStorage.setItem(SWITCH, event.target.checked ? "" : "1");
  } catch {
    // the keys stay as they are
  }
});
