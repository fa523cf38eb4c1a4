// Choosing images: one, a span of them with shift, all that match. Space chooses the one in focus, Escape none.

const form = () => document.querySelector("[data-selection]");
const boxes = () => [...document.querySelectorAll("[data-grid] .tile-check")];
const chosen = () => boxes().filter((box) => box.checked);
let last = null; // where a span with shift begins

/** Say how many are chosen; the bar is there while any is. */
export function showSelection() {
  const bar = form();
  if (!bar) return;
  const all = bar.querySelector("[data-selection-all]");
  const count = chosen().length;
  for (const box of boxes()) {
    box.closest(".tile").classList.toggle("is-chosen", box.checked || all.checked);
    box.disabled = all.checked; // nothing to choose among all
  }
  const words = all.checked ? "All chosen" : `${count.toLocaleString("en")} chosen`;
  bar.querySelector("[data-selection-count]").textContent = words;
  bar.dataset.active = String(count > 0 || all.checked);
  document.querySelector("[data-grid]").toggleAttribute("data-choosing", count > 0);
  if (!count && !all.checked) bar.querySelectorAll("details[open]").forEach((panel) => (panel.open = false));
}

function choose(box, isSpan) {
  const list = boxes();
  const [from, to] = [list.indexOf(last), list.indexOf(box)];
  if (isSpan && from >= 0) {
    for (const one of list.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = box.checked;
  }
  last = box;
  showSelection();
}

function clear() {
  boxes().forEach((box) => (box.checked = false));
  form().querySelector("[data-selection-all]").checked = false;
  last = null;
  showSelection();
}

document.addEventListener("click", (event) => {
  if (event.target.matches(".tile-check")) choose(event.target, event.shiftKey);
  const tile = event.target.closest("[data-grid] > .tile");
  if (tile && event.shiftKey && event.target.closest("a") && last) {
    event.preventDefault(); // a span, not a new window
    const box = tile.querySelector(".tile-check");
    box.checked = true;
    choose(box, true);
  }
  if (event.target.closest("[data-selection-clear]")) clear();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-selection-all]")) showSelection();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !form()) return;
  const box = event.target.closest?.("[data-grid] > .tile")?.querySelector(".tile-check");
  if (event.key === " " && box && event.target !== box) {
    event.preventDefault();
    box.click();
  } else if (event.key === "Escape" && form().dataset.active === "true" && !event.target.closest?.("dialog, input:not(.tile-check)")) {
    clear();
  }
});

// Thousands of numbers go as spans in one field, "3,7-120"; an address (of an export) takes nothing but the choice.
let method = "";
document.addEventListener("submit", (event) => {
  if (event.target === form()) method = event.submitter?.formMethod || event.target.method;
}, true);
document.addEventListener("formdata", (event) => {
  if (event.target !== form()) return;
  const fields = event.formData;
  const rows = fields.getAll("rows").map(Number).sort((one, other) => one - other);
  fields.delete("rows");
  if (rows.length && !fields.has("matching")) fields.set("rows", toSpans(rows));
  if (method !== "get") return;
  for (const name of [...fields.keys()]) if (name !== "rows" && name !== "matching") fields.delete(name);
});

function toSpans(rows) {
  const spans = [];
  for (const row of rows) {
    const span = spans.at(-1);
    if (span && row === span[1] + 1) span[1] = row;
    else spans.push([row, row]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
