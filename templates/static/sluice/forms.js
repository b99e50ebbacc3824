// Forms: focus goes to the error summary, a second submit is swallowed, a filter applies itself.

document.querySelector("[data-error-summary]")?.focus();

document.addEventListener("click", (event) => {
  // A disabled button that can be reached does nothing.
  if (event.target.closest?.("[aria-disabled=true]")) event.preventDefault();
  const link = event.target.closest?.("[data-error-summary] a");
  if (!link) return;
  const field = document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "center" });
  field.focus();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-once]")) return;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
});

// Coming back by the browser's button finds the form usable.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy=true]")) form.ariaBusy = null;
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form?.requestSubmit();
});
