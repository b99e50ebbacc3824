// Sets the chosen light before the first paint; without a choice the system's holds. Not a module: it must not wait.
(() => {
  const root = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem("sluice-theme") || "";
    } catch {
      return ""; // storage is switched off: the system's choice holds
    }
  };
  const apply = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("[data-theme-choice]")) choice.checked = choice.value === read();
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-theme-choice]")) return;
    apply(event.target.value);
    try {
      localStorage.setItem("sluice-theme", event.target.value);
    } catch {
      // the choice lasts for this page only
    }
  });
})();
