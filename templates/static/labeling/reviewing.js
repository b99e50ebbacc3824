// The review page without page loads: verdicts go out and the next answer comes in by fetch. While it is open it keeps
// the answer before its reviewer.

import { begin, focusFirst } from "./answering.js";

const RENEW_MS = 60_000;
const judged = () => document.querySelector("form#judge");
const announce = (words) => document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));

function tell(words) {
  const status = document.querySelector("[data-lease-status]");
  if (status) status.textContent = words;
}

const post = (form, url, submitter) =>
  fetch(url, {
    method: "POST",
    body: new FormData(form, submitter),
    headers: { "X-Fragment": "1" },
    redirect: "manual",
  });

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form[data-judge]")) return;
  event.preventDefault();
  send(form, event.submitter);
});

async function send(form, submitter) {
  let answer;
  try {
    answer = await post(form, form.getAttribute("action"), submitter);
    if (answer.status >= 500) throw new Error(String(answer.status));
  } catch {
    form.ariaBusy = null; // it may be sent again: a verdict counts once
    form.closest("dialog")?.close(); // what was typed in it stays
    tell(judged().dataset.away);
    announce(judged().dataset.away);
    return;
  }
  const onwards = answer.headers.get("X-Onwards");
  if (onwards) location.assign(onwards);
  else if ([200, 403, 409, 422].includes(answer.status)) show(await answer.text());
  else location.reload(); // signed out, or no longer allowed: the page itself says it best
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const old = document.querySelectorAll("[data-work]");
  old[0].before(fresh.content);
  for (const part of old) part.remove();
  arrive();
}

// Focus is never lost: it goes to the answer, or to what has to be read first.
async function arrive() {
  const form = judged();
  if (form) {
    const wrong = form.querySelector("[data-error-summary]");
    if (form.querySelector("[data-questions]")) await begin(form);
    if (wrong || !form.querySelector("[data-questions]") || !focusFirst()) {
      (wrong ?? document.querySelector("#task-title")).focus({ preventScroll: true });
    }
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

if (judged()?.querySelector("[data-questions]")) begin(judged()).then(focusFirst);

setInterval(async () => {
  const form = judged();
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
