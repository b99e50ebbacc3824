// A page about something that is still going on fetches itself until it is over: main says how often (data-fresh-s).
// Nothing is taken from under a person's hands: while the focus is inside, or a dialog is open, the page waits.

import { same, swap as put } from "./swapping.js";

const main = document.querySelector("main");
const seconds = (element) => Number(element?.dataset.freshS ?? 0);
const isInUse = () => main.contains(document.activeElement) && document.activeElement !== main;
const mayChange = () => !document.hidden && !isInUse() && !document.querySelector("dialog[open]");

async function look() {
  if (mayChange()) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.ok && mayChange()) swap(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main"));
    } catch {
      // The server is away; the next look tells.
    }
  }
  wait();
}

function swap(fresh) {
  if (!fresh || same(main, fresh)) return;
  put(main, fresh);
  if (fresh.dataset.freshS) return;
  delete main.dataset.freshS;
  const words = main.querySelector("h1, .badge")?.textContent.trim() ?? "";
  document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));
}

function wait() {
  if (seconds(main)) setTimeout(look, seconds(main) * 1000);
}

wait();
