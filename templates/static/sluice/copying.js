// Copies what a button names, and says so in words and to screen readers.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "";
  if (await copy(text)) confirm(button);
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // plain http: no clipboard, but a selection can be copied
  }
}

function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function confirm(button) {
  const words = button.dataset.copied ?? "";
  button.classList.add("is-copied");
  document.dispatchEvent(new CustomEvent("sluice:say", { detail: words }));
  const label = button.querySelector("[data-copy-label]");
  const before = label?.textContent;
  if (label) label.textContent = words;
  setTimeout(() => {
    button.classList.remove("is-copied");
    if (label) label.textContent = before;
  }, 1600);
}
