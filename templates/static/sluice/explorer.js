// The explorer: looks while somebody types, keeps the address, suggests what may stand at the cursor.
// Every look is a part that the server has drawn; without this file the form's button fetches the whole page.

import { complete } from "./completing.js";
import { parsed, same, swap } from "./swapping.js";

const PAUSE_MS = 180;
const form = document.getElementById("explorer");
const field = form?.elements.where;
const count = document.getElementById("count");
const found = document.getElementById("found");
const marks = form?.querySelector("[data-marks-here]");
let looking = new AbortController();
let pause = 0;
let again = 0;

const state = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
const say = (words) => document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));

async function part(url, signal) {
  const answer = await fetch(`${url}?${state()}`, { signal, headers: { Accept: "text/html" }, redirect: "error" });
  if (!answer.ok) throw new Error(answer.statusText);
  return parsed(await answer.text());
}

// `quiet`: nobody typed, the page looks again by itself; it takes nothing from under a person's hands.
async function look({ quiet = false } = {}) {
  clearTimeout(pause);
  clearTimeout(again);
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  count.ariaBusy = "true";
  try {
    const fresh = await part(form.dataset.countUrl, signal);
    const [usable, unfinished] = ["[data-usable]", "[data-unfinished]"].map((it) => fresh.querySelector(it) !== null);
    place(count, fresh, quiet);
    if (!quiet) told();
    found.hidden = !usable && !unfinished;
    if (usable) place(found, await part(form.dataset.foundUrl, signal), quiet);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (!quiet) say(form.dataset.away);
    count.classList.add("is-old");
  }
  count.ariaBusy = null;
  soon();
}

function place(target, fresh, quiet) {
  const holder = document.createElement("div");
  holder.append(fresh);
  const inUse = quiet && target.contains(document.activeElement);
  if (!inUse && !same(target, holder)) swap(target, holder);
  target.classList.remove("is-old");
}

// What the count says is read aloud; mistakes are underlined where they are; the buttons say what would be saved.
function told() {
  say(count.querySelector("[data-say], .panel-title")?.textContent.trim() ?? "");
  underline();
  const words = form.querySelector("[data-save-words]");
  const isFamily = count.querySelector("[data-family]") !== null;
  if (words) words.textContent = isFamily ? words.dataset.family : words.dataset.slice;
  const queue = document.querySelector("[data-queue]");
  if (queue) {
    queue.hidden = isFamily;
    const address = new URL(queue.href);
    address.searchParams.set("condition", field.value);
    queue.href = address;
  }
}

function underline() {
  const drawn = count.querySelector("[data-marks]");
  marks.replaceChildren(...(drawn ? [...drawn.cloneNode(true).childNodes] : []));
  field.ariaInvalid = drawn ? "true" : null;
  marks.scrollTop = field.scrollTop;
}

function soon() {
  const after = Number(count.querySelector("[data-again-s]")?.dataset.againS ?? 0);
  if (!after) return;
  again = setTimeout(() => (document.hidden ? soon() : look({ quiet: true })), after * 1000);
}

// The address says what is shown. Typing rewrites it; a step that was clicked can be taken back.
function remember(step) {
  const address = `${location.pathname}?${state()}`;
  if (step) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  const starts = document.querySelector("[data-starts]");
  if (starts) starts.hidden = field.value !== "";
}

function take(text, step) {
  field.value = text;
  marks.replaceChildren();
  remember(step);
  look();
}

if (form) {
  complete(field, document.getElementById("completions"), form, marks);
  field.addEventListener("input", () => {
    marks.replaceChildren();
    count.classList.add("is-old");
    found.classList.add("is-old");
    clearTimeout(pause);
    pause = setTimeout(() => {
      remember(false);
      look();
    }, PAUSE_MS);
  });
  field.addEventListener("scroll", () => (marks.scrollTop = field.scrollTop));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    remember(false);
    look();
  });
  form.addEventListener("submit", (event) => {
    if (!event.submitter || event.submitter.hasAttribute("formaction")) return; // another stream, or on to saving
    event.preventDefault();
    remember(true);
    look();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-where]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    take(link.dataset.where, true);
    field.focus();
  });
  window.addEventListener("popstate", () => {
    field.value = new URLSearchParams(location.search).get("where") ?? "";
    marks.replaceChildren();
    remember(false);
    look();
  });
  document.documentElement.classList.add("is-scripted");
  underline();
  soon();
}
