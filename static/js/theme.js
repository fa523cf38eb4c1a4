// Before the first paint: the chosen colours, or the system's. Loaded without `defer` on purpose.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem("theme") || "system"; } catch { return "system"; } };
  const apply = () => {
    const choice = read();
    const theme = choice === "system" ? (system.matches ? "dark" : "light") : choice;
    const changed = document.documentElement.dataset.bsTheme !== theme;
    document.documentElement.dataset.bsTheme = theme;
    document.documentElement.dataset.themeChoice = choice;
    if (changed) document.dispatchEvent(new CustomEvent("theme:changed"));
  };
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("theme:choose", (event) => {
    try { localStorage.setItem("theme", event.detail); } catch { /* private window: it lasts for this page */ }
    apply();
  });
  apply();
})();
