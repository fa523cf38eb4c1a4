// The image grid: filters apply as they change, "More images" appends. And arrows in the viewer.

const bar = document.querySelector("[data-filter-bar]");
bar?.addEventListener("change", (event) => {
  if (event.target.matches("select")) bar.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const more = event.target.closest("[data-more]");
  if (!more || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  more.setAttribute("aria-busy", "true");
  const answer = await fetch(more.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) {
    window.location.assign(more.href);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const grid = document.querySelector(".image-grid");
  const first = page.querySelector(".image-grid a");
  grid.append(...page.querySelectorAll(".image-grid > li"));
  const next = page.querySelector("[data-more]");
  first?.focus({ preventScroll: true });
  if (next) more.replaceWith(next);
  else more.remove();
});

if (document.querySelector("[data-viewer]")) {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    const where = { ArrowLeft: "before", ArrowRight: "after", k: "before", j: "after" }[event.key];
    if (where) document.querySelector(`[data-viewer-${where}]`)?.click();
  });
}
