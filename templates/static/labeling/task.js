// The task page without page loads: answers go out and the next task comes in by fetch. While it is open it keeps the
// lease, and measures how long it was in front of the person.

import { fetchAfter, taken } from "./ahead.js";
import { begin, focusFirst, park, unpark } from "./answering.js";
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

const works = () => [...document.querySelectorAll("[data-work]")];
const leaseOf = (form) => form?.querySelector("[name=lease]").value;
let sending = Promise.resolve();

// One after the other: the next task is on the page at once where it was fetched ahead, its answer waits for this one's.
function send(form, submitter) {
  sending = sending.then(() => form.isConnected && sendNow(form, submitter));
}

async function sendNow(form, submitter) {
  let answer;
  forget();
  const going = post(form, form.getAttribute("action"), submitter);
  const left = form.matches("#answer") ? showAhead() : null;
  try {
    answer = await going;
    if (answer.status >= 500) throw new Error(String(answer.status));
  } catch {
    if (left) putBack(left);
    form.ariaBusy = null; // it may be sent again: the same answer twice is one answer
    tell(task().dataset.away);
    return;
  }
  const onwards = answer.headers.get("X-Onwards");
  if (form.matches("#undo") && answer.status >= 400) {
    form.ariaBusy = null;
    tell((await answer.json()).sentence);
  } else if (onwards) location.assign(onwards);
  else if ([200, 409, 422].includes(answer.status)) settle(await answer.text(), left);
  else location.reload(); // signed out, or no longer allowed: the page itself says it best
}

// What the server says comes next: usually what is there already.
function settle(html, left) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const form = fresh.content.querySelector("form#answer");
  if (!left || leaseOf(form) !== leaseOf(task())) return show(fresh.content);
  if (form.dataset.said) {
    announce(form.dataset.said);
    tell(form.dataset.said);
  }
  fetchAfter(task());
}

// The next task takes the place of this one; what was there, to put back. Null: it is not here.
function showAhead() {
  const nodes = taken();
  if (!nodes) return null;
  const left = { nodes: works(), questions: park() };
  replace(nodes);
  arrive(false);
  return left;
}

function putBack(left) {
  replace(left.nodes);
  unpark(left.questions);
  document.querySelector("#task-title").focus({ preventScroll: true });
  announce(task().dataset.away);
  fetchAfter(task());
}

function replace(nodes) {
  const old = works();
  const open = guideline()?.open;
  old[0].before(...nodes);
  for (const part of old) part.remove();
  if (open !== undefined && guideline()) guideline().open = open; // who has read it need not close it again
  active = 0;
  since = document.hidden ? null : performance.now();
}

function show(content) {
  replace([content]);
  arrive();
}

// Focus is never lost: it goes to the question, or to what has to be read first.
async function arrive(andAhead = true) {
  const form = task();
  if (form) {
    if (andAhead) fetchAfter(form);
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

if (task()) fetchAfter(task());
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
