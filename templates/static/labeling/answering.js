// The questions of a task: which one the keys belong to, which are asked, and what their answers are.
//
// A kind of question that the page cannot ask with plain fields is one small module, `kinds/<kind>.js`, with
//
//     export function mount(question, page) { ...; return { focus() } }
//
// called once for every question of that kind when its task comes onto the page; what it draws goes away with the task.
//
//     question.rules      its JSON from the server: name, kind, required, min, max, options [{value, title, key}], words
//     question.element    its fieldset
//     question.place      the empty element to draw in (below the title)
//     question.get()      the answer so far, as JSON; undefined where there is none (a draft may be of any shape)
//     question.set(value) write the answer into the hidden field (undefined: none); the page then looks which questions
//                         are asked, and keeps the draft
//     question.start(value)   the same for what a question begins with: it is no change, and no draft
//     question.keys()     call it after drawing controls anew: whatever has data-answer-key="x" (and data-key-label) is
//                         clicked by that key while the question is the current one, and `?` lists it
//     question.enter()    make it the current one; done by itself when focus comes into its fieldset, or into an element
//                         elsewhere with data-of-question="<name>" (on the media, say)
//     page.media          the section that shows the example; a kind may draw over it
//     page.words          the example's text, where there are passages to mark
//     page.say(words)     tell screen readers
//     page.fill(words, {n: 3})    "{n} found" -> "3 found"
//
// `focus()`, if there is one, is called where the question is gone to by key. Keys that only make sense with focus (an
// arrow moves a caret) are the module's own: it listens on its element and calls preventDefault() on what it used.

import { isVisible } from "./visible.js";

const FORM = "form:has([data-questions])"; // a task, or what a reviewer puts right
const FIELDS = "input:not([type=checkbox], [type=radio], [type=hidden]), textarea";
let questions = [];
let current = null;
let pressed = null; // the key that is going down, to tell a choice by key from one by mouse or by arrows

const say = (words) => document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Reads the questions of a task that has just come, and draws those that need a script.
export async function begin(form) {
  const page = {
    media: form.querySelector(".task-media"),
    words: JSON.parse(document.getElementById("task-words")?.textContent ?? "null"),
    say,
    fill,
  };
  questions = [...form.querySelectorAll("[data-question]")].map(questionOf);
  current = null;
  await Promise.all(questions.map((question) => draw(question, page)));
  look();
  make(asked().find(isOpen) ?? asked()[0]);
}

// Where focus goes when the task comes: into the first question, if it has a place of its own for it.
export const focusFirst = () => {
  if (!current?.handle?.focus) return false;
  current.handle.focus();
  return true;
};

// The questions of a task that leaves the page and may have to come back as it was.
export const park = () => ({ questions, current });
export const unpark = (parked) => {
  ({ questions, current } = parked);
  lend();
};

function questionOf(element) {
  const question = {
    element,
    rules: JSON.parse(document.getElementById(`${element.id}-data`).textContent),
    place: element.querySelector("[data-widget]"),
    get: () => valueOf(question),
    start(value) {
      element.querySelector("[data-answer]").value = value === undefined ? "" : JSON.stringify(value);
    },
    set(value) {
      question.start(value);
      element.querySelector("[data-answer]").dispatchEvent(new Event("change", { bubbles: true }));
    },
    keys: () => lend(),
    enter: () => make(question),
  };
  return question;
}

async function draw(question, page) {
  const { look: how, kind } = question.element.dataset;
  const module = how === "search" ? "search" : how === "script" ? kind : null;
  if (module) question.handle = (await import(`./kinds/${module}.js`)).mount(question, page);
}

// What a question is answered by now, as the server will read it; undefined: it is not answered.
function valueOf({ element, rules }) {
  if (element.dataset.look === "script") {
    const text = element.querySelector("[data-answer]").value;
    return text ? JSON.parse(text) : undefined;
  }
  const values = new FormData(element.form).getAll(element.dataset.field).filter((value) => value !== "");
  if (rules.kind === "choices") return values.length ? values : undefined;
  if (!values.length) return undefined;
  if (rules.kind === "boolean") return values[0] === "true";
  return rules.kind === "number" || rules.kind === "rating" ? Number(values[0]) : values[0];
}

// Nobody has begun with it: marks that have to be set begin with none.
function isOpen(question) {
  const value = question.get();
  return value === undefined || (Array.isArray(value) && !value.length);
}

const asked = () => questions.filter(({ element }) => !element.disabled);

// A question that is not asked is neither shown nor sent.
function look() {
  const given = new Map();
  for (const question of questions) {
    const { element, rules } = question;
    const shown = isVisible(rules.visible_if, given);
    element.disabled = !shown;
    element.toggleAttribute("data-unasked", !shown);
    if (shown) given.set(rules.name, question.get());
  }
  if (current?.element.disabled) make(asked().at(-1));
}

function make(question) {
  if (!question || question === current) return;
  current = question;
  for (const { element } of questions) element.classList.toggle("is-current", element === current.element);
  lend();
}

// The keys belong to one question at a time, so that each may use the same digits.
function lend() {
  for (const control of document.querySelectorAll(`${FORM} [data-answer-key]`)) {
    const of = control.closest("[data-question], [data-of-question]");
    const name = of.dataset.question ?? of.dataset.ofQuestion;
    if (name === current?.rules.name) control.dataset.key = control.dataset.answerKey;
    else delete control.dataset.key;
  }
}

function goTo(question) {
  make(question);
  const field = question.element.querySelector(FIELDS);
  if (question.handle?.focus) question.handle.focus();
  else if (field) field.focus();
  else question.element.focus();
  question.element.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const list = asked();
  const inside = current?.element.contains(document.activeElement) || document.activeElement.closest("[data-of-question]");
  const next = inside ? list[list.indexOf(current) + step] : current;
  if (next) goTo(next);
}

document.addEventListener("keydown", (event) => (pressed = event.key), { capture: true });
document.addEventListener("keyup", () => (pressed = null), { capture: true });

document.addEventListener("keydown", (event) => {
  const form = document.querySelector(FORM);
  if (!form || event.isComposing || event.defaultPrevented || event.altKey) return;
  const typing = event.target.closest?.(FIELDS);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "Escape" && typing && form.contains(typing)) {
    typing.closest("[data-question]")?.focus();
  } else if ((event.key === "j" || event.key === "k") && !typing && !event.ctrlKey && !event.metaKey) {
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
  }
});

document.addEventListener("focusin", (event) => {
  const of = event.target.closest?.("[data-question], [data-of-question]");
  const name = of?.dataset.question ?? of?.dataset.ofQuestion;
  if (name) make(questions.find((question) => question.rules.name === name));
});

document.addEventListener("change", (event) => {
  if (!event.target.closest(FORM)) return;
  look();
  // One key, one answer, and on: but only where a key chose, not where arrows pass by.
  const { answerKey } = event.target.dataset;
  const next = asked()[asked().indexOf(current) + 1];
  if (event.target.type === "radio" && answerKey && pressed === answerKey && next) goTo(next);
});

document.addEventListener("input", (event) => {
  if (event.target.closest(FORM)) look();
});

document.addEventListener("click", (event) => {
  const to = event.target.closest("[data-to]");
  const question = to && asked().find(({ element }) => element.id === to.dataset.to);
  if (question) goTo(question);
});
