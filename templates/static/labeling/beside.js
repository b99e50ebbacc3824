// What stands beside a task and is fetched when somebody opens it: never before the task itself is there.
//
//     <dialog> ... <div data-loads="address" data-away="words"></div>     filled each time it is opened
//     <details data-beside> ... <div data-loads>      filled the first time it is opened
//     a form within it is sent by fetch, and what the server says takes its place
//     [data-pin-on] is a picture on which a press fills the fields `across` and `down` of the form below it

import { parsed } from "../sluice/swapping.js";

const WITH = { headers: { "X-Fragment": "1" }, redirect: "manual" };

async function fill(place, going) {
  try {
    const answer = await going;
    if (!answer.ok && ![403, 409, 422].includes(answer.status)) throw new Error(String(answer.status));
    place.replaceChildren(parsed(await answer.text()));
  } catch {
    delete place.dataset.loaded;
    const words = document.createElement("p");
    words.className = "tone-bad";
    words.role = "alert";
    words.textContent = place.dataset.away;
    place.prepend(words); // what was typed stays below it
    for (const form of place.querySelectorAll("form")) form.ariaBusy = null;
  }
}

document.addEventListener("sluice:opening", (event) => {
  const place = event.target.querySelector("[data-loads]");
  if (place) fill(place, fetch(place.dataset.loads, WITH));
});

document.addEventListener(
  "toggle",
  (event) => {
    const place = event.target.matches?.("[data-beside][open]") && event.target.querySelector("[data-loads]");
    if (!place || place.dataset.loaded) return;
    place.dataset.loaded = "yes";
    fill(place, fetch(place.dataset.loads, WITH));
  },
  { capture: true }, // it does not bubble
);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const place = form.closest("[data-loads]");
  if (!place || event.defaultPrevented) return;
  event.preventDefault();
  fill(place, fetch(form.getAttribute("action"), { ...WITH, method: "POST", body: new FormData(form, event.submitter) }));
});

document.addEventListener("click", (event) => {
  const picture = event.target.closest("[data-pin-on]");
  const form = picture?.closest("[data-loads]").querySelector("form:has([name=across])");
  const image = picture?.querySelector("img");
  if (!form || !image.naturalWidth) return;
  const box = image.getBoundingClientRect();
  const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  form.closest("details").open = true;
  form.querySelector("[name=across]").value = (across * 100).toFixed(1);
  form.querySelector("[name=down]").value = (down * 100).toFixed(1);
  const spot = picture.querySelector("[data-new-pin]") ?? document.createElementNS("http://www.w3.org/2000/svg", "circle");
  spot.setAttribute("class", "pin");
  spot.setAttribute("data-new-pin", "");
  spot.setAttribute("r", "7");
  spot.setAttribute("cx", `${across * 100}%`);
  spot.setAttribute("cy", `${down * 100}%`);
  picture.querySelector("svg").append(spot);
  form.querySelector("[name=body]").focus();
});
