// Keeps what has been begun: a moment after the last change, and when the page goes away.

const WAIT_MS = 1200;
let timer = null;
let dirty = false;

const form = () => document.querySelector("form#answer");

function tell(words) {
  const status = document.querySelector("[data-draft-status]");
  if (status) status.textContent = words;
}

// The draft is no longer wanted: its task is submitted, skipped, or another's.
export function forget() {
  clearTimeout(timer);
  timer = null;
  dirty = false;
}

async function keep() {
  const of = form();
  if (!of || !dirty) return;
  dirty = false;
  try {
    const answer = await fetch(of.dataset.draft, { method: "POST", body: new FormData(of), redirect: "error" });
    if (!answer.ok) throw new Error(answer.statusText);
    if (of === form() && (await answer.json()).kept) tell(of.dataset.draftKept);
  } catch {
    if (of !== form()) return;
    dirty = true; // the next change, or leaving the page, tries again
    tell(of.dataset.draftAway);
  }
}

function changed(event) {
  if (!event.target.closest?.("form#answer")) return;
  dirty = true;
  tell("");
  clearTimeout(timer);
  timer = setTimeout(keep, WAIT_MS);
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);

function leave() {
  const of = form();
  if (of && dirty && navigator.sendBeacon(of.dataset.draft, new FormData(of))) dirty = false;
}

addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => document.hidden && leave());
