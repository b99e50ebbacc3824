// The task page without page loads: answers go out and the next task comes in by fetch. While it is open it keeps the
// lease, and measures how long it was in front of the person.

import { begin, focusFirst } from "./answering.js";
import { forget } from "./drafts.js";

const RENEW_MS = 60_000;
const task = () => document.querySelector("form#answer");

let active = 0;
let since = document.hidden ? null : performance.now();

function seconds() {
  return ((active + (since === null ? 0 : performance.now() - since)) / 1000).toFixed(1);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden && since !== null) {
    active += performance.now() - since;
    since = null;
  } else if (!document.hidden) {
    since = performance.now();
  }
});

const announce = (words) => document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));

function tell(words) {
  const status = document.querySelector("[data-lease-status]");
  if (status) status.textContent = words;
}

// Attributes, not properties: a question may be called "action".
const post = (form, url, submitter) => {
  const body = new FormData(form, submitter);
  if (body.has("active_s")) body.set("active_s", seconds());
  return fetch(url, { method: "POST", body, headers: { "X-Fragment": "1" }, redirect: "manual" });
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form#answer, form[data-move]")) return;
  event.preventDefault();
  send(form, event.submitter);
});

const guideline = () => document.querySelector("[data-guideline]");

// The next task comes with the answer's own response. Where the server has handed it out ahead, this is the place to
// show it at once, and to put `form` back if the answer cannot be kept.
async function send(form, submitter) {
  let answer;
  forget();
  try {
    answer = await post(form, form.getAttribute("action"), submitter);
    if (answer.status >= 500) throw new Error(String(answer.status));
  } catch {
    form.ariaBusy = null; // it may be sent again: the same answer twice is one answer
    tell(task().dataset.away);
    return;
  }
  const onwards = answer.headers.get("X-Onwards");
  if (form.matches("#undo") && answer.status >= 400) {
    form.ariaBusy = null;
    tell((await answer.json()).sentence);
  } else if (onwards) location.assign(onwards);
  else if ([200, 409, 422].includes(answer.status)) show(await answer.text());
  else location.reload(); // signed out, or no longer allowed: the page itself says it best
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const old = document.querySelectorAll("[data-work]");
  const open = guideline()?.open;
  old[0].before(fresh.content);
  for (const part of old) part.remove();
  if (open !== undefined && guideline()) guideline().open = open; // who has read it need not close it again
  active = 0;
  since = document.hidden ? null : performance.now();
  arrive();
}

// Focus is never lost: it goes to the question, or to what has to be read first.
async function arrive() {
  const form = task();
  if (form) {
    const wrong = form.querySelector("[data-error-summary]");
    await begin(form);
    if (wrong || !focusFirst()) (wrong ?? document.querySelector("#task-title")).focus({ preventScroll: true });
    scrollTo(0, 0);
    announce(wrong?.textContent ?? `${form.dataset.said} ${form.dataset.next}`);
    if (form.dataset.said) tell(form.dataset.said);
  } else {
    const lost = document.querySelector("[data-lost]");
    lost.tabIndex = -1;
    lost.focus();
    announce(lost.querySelector(".notice-words").textContent);
  }
}

if (task()) begin(task()).then(() => document.activeElement === document.body && focusFirst());

setInterval(async () => {
  const form = task();
  if (!form || form.dataset.lost) return;
  try {
    const answer = await post(form, form.dataset.renew);
    if (answer.status !== 409) return;
    form.dataset.lost = "yes";
    tell((await answer.json()).sentence);
  } catch {
    // The network is away; the next minute tries again, and the lease lasts longer than that.
  }
}, RENEW_MS);
