// A sheet of guesses by keyboard: arrows move between the cells, Space marks one, the key of a class puts it right. While
// it is open it keeps its leases, and measures how long it was in front of the person.

const RENEW_MS = 60_000;
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const form = document.querySelector("form#sheet");
const cells = [...form.querySelectorAll("[data-cell]")];
const markOf = (cell) => cell.querySelector("[data-mark]");
const rightOf = (cell) => cell.querySelector("[data-right]");

let current = cells[0];
let active = 0;
let since = document.hidden ? null : performance.now();

const say = (words) => document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));

document.addEventListener("visibilitychange", () => {
  if (document.hidden && since !== null) {
    active += performance.now() - since;
    since = null;
  } else if (!document.hidden) {
    since = performance.now();
  }
});

form.addEventListener("submit", () => {
  const now = since === null ? 0 : performance.now() - since;
  form.elements.active_s.value = ((active + now) / 1000).toFixed(1);
});

form.addEventListener("focusin", (event) => {
  current = event.target.closest("[data-cell]") ?? current;
});

function goTo(cell) {
  if (!cell) return;
  markOf(cell).focus();
  cell.scrollIntoView({ block: "nearest" });
}

// The cell above or below is the one in the same column of the next row.
function beyond(step) {
  const left = current.offsetLeft;
  const rows = step < 0 ? cells.slice(0, cells.indexOf(current)).reverse() : cells.slice(cells.indexOf(current) + 1);
  return rows.find((cell) => cell.offsetTop !== current.offsetTop && cell.offsetLeft === left);
}

form.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.matches("select, textarea")) return;
  const up = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const step = STEPS[event.key];
  if (!up && !step) return;
  event.preventDefault();
  goTo(up ? beyond(up) : cells[cells.indexOf(current) + step]);
});

// The class that the model says already takes the mark away.
form.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-class]")?.dataset.class;
  if (chosen === undefined) return;
  const isRight = chosen === current.dataset.guess;
  markOf(current).checked = !isRight;
  rightOf(current).value = isRight ? "" : chosen;
  say(`${current.dataset.exampleKey}: ${event.target.closest("[data-class]").querySelector("span").textContent}`);
  markOf(current).focus();
});

form.addEventListener("change", (event) => {
  const cell = event.target.closest("[data-cell]");
  if (!cell) return;
  if (event.target.matches("[data-mark]") && !event.target.checked) rightOf(cell).value = "";
  if (event.target.matches("[data-right]") && event.target.value) markOf(cell).checked = true;
});

const wrong = form.querySelector("[data-error-summary]");
if (wrong) wrong.focus();
else if (document.activeElement === document.body) markOf(current).focus({ preventScroll: true });

setInterval(async () => {
  if (form.dataset.lost) return;
  try {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const answer = await fetch(form.dataset.renew, { method: "POST", body, redirect: "manual" });
    if (answer.status !== 409) return;
    form.dataset.lost = "yes";
    form.querySelector("[data-sheet-status]").textContent = (await answer.json()).sentence;
  } catch {
    // The network is away; the next minute tries again, and the lease lasts longer than that.
  }
}, RENEW_MS);
