// Suggestions below a text: what may stand at the cursor, asked of the server; a list box that the keyboard walks.

const PAUSE_MS = 90;
const SHOWN = 8; // lines at once: the list moves with the keys, and has nothing to scroll
const KINDS_WITH_A_SPACE = new Set(["field", "operator", "keyword", "value", "param"]);

// The server counts characters, the browser halves of the rare ones.
const characters = (text) => [...text].length;
const halves = (text, n) => [...text].slice(0, n).join("").length;

export function complete(field, list, form, mirror) {
  let asking = new AbortController();
  let pause = 0;
  let found = [];
  let active = -1;
  let first = 0; // of the lines that are shown
  let chosen = false; // whether somebody walked the list

  const close = () => {
    clearTimeout(pause);
    asking.abort();
    list.hidden = true;
    active = -1;
    chosen = false;
    field.removeAttribute("aria-activedescendant");
  };

  async function ask(aloud) {
    clearTimeout(pause);
    asking.abort();
    asking = new AbortController();
    const query = new URLSearchParams(new FormData(form));
    query.set("where", field.value);
    query.set("cursor", characters(field.value.slice(0, field.selectionStart)));
    try {
      const answer = await fetch(`${form.dataset.completeUrl}?${query}`, { signal: asking.signal });
      if (!answer.ok) return close();
      found = (await answer.json()).completions.filter((one) => !isThere(one));
    } catch (problem) {
      if (problem.name !== "AbortError") close();
      return;
    }
    // Where only words of the language may follow, nobody has to be told unless they ask.
    const tells = aloud || found.some((one) => one.kind !== "keyword" || one.replace[1] > one.replace[0]);
    if (document.activeElement === field && tells) show(aloud);
    else if (!tells) close();
  }

  // What is typed to its end needs no suggestion.
  const isThere = (one) => field.value.slice(halves(field.value, one.replace[0]), halves(field.value, one.replace[1])) === one.text;

  function show(aloud) {
    if (!found.length) return close();
    list.hidden = false;
    chosen = false;
    first = 0;
    draw();
    const typing = found[0].replace[1] > found[0].replace[0];
    activate(typing ? 0 : -1);
    beside();
    if (aloud) {
      const words = form.dataset.suggested.replace("%", found.length);
      document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));
    }
  }

  function draw() {
    list.replaceChildren(...found.slice(first, first + SHOWN).map((one, index) => row(one, first + index)));
    const below = found.length - first - SHOWN;
    if (below > 0) list.dataset.more = form.dataset.more.replace("%", below);
    else delete list.dataset.more;
  }

  function row(one, index) {
    const line = document.createElement("li");
    line.id = `completion-${index}`;
    line.role = "option";
    line.dataset.index = index;
    line.ariaPosInSet = index + 1;
    line.ariaSetSize = found.length;
    const text = document.createElement("span");
    text.className = "mono";
    text.textContent = one.text;
    const detail = document.createElement("span");
    detail.className = "muted small truncate";
    detail.textContent = one.detail;
    line.append(text, detail);
    return line;
  }

  function activate(index) {
    active = index;
    if (index < 0) return field.removeAttribute("aria-activedescendant");
    first = Math.min(Math.max(first, index - SHOWN + 1), index);
    draw();
    const line = list.children[index - first];
    line.ariaSelected = "true";
    field.setAttribute("aria-activedescendant", line.id);
  }

  // Below the word that it is about: a copy of the text, drawn behind the field, knows where that is.
  function beside() {
    const spot = document.createElement("span");
    const before = document.createElement("span");
    before.textContent = field.value.slice(0, halves(field.value, found[0].replace[0]));
    const copy = mirror.cloneNode(false);
    copy.append(before, spot);
    spot.textContent = "\u200b";
    mirror.after(copy);
    const left = Math.min(spot.offsetLeft, Math.max(0, field.clientWidth - list.offsetWidth));
    list.style.insetInlineStart = `${left}px`;
    list.style.insetBlockStart = `${spot.offsetTop + spot.offsetHeight + 6 - field.scrollTop}px`;
    copy.remove();
  }

  function take(one) {
    const [from, to] = one.replace.map((n) => halves(field.value, n));
    const goesOn = /\($|^timestamp '$/.test(one.text); // its rest is typed inside
    const ends = goesOn || !KINDS_WITH_A_SPACE.has(one.kind) || /^\s/.test(field.value.slice(to));
    field.setRangeText(one.text + (ends ? "" : " "), from, to, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(ask, PAUSE_MS, false);
  });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && open) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate((active + step + found.length + (active < 0 && step < 0 ? 1 : 0)) % found.length);
      chosen = true;
    } else if ((event.key === "ArrowDown" && atEnd()) || (event.key === " " && event.ctrlKey)) {
      event.preventDefault();
      ask(true);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      close();
    } else if (open && active >= 0 && (event.key === "Tab" || (event.key === "Enter" && chosen)) && !event.shiftKey) {
      event.preventDefault();
      take(found[active]);
    } else if (event.key === "Enter") close();
  });
  const atEnd = () => !field.value.slice(field.selectionEnd).includes("\n");
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const line = event.target.closest("[role=option]");
    if (line) take(found[line.dataset.index]);
  });
}
