// The image grid: filters apply as they change, more images come as one scrolls, the size of pictures is kept.

import { showOverlays } from "./overlay.js";
import { showSelection } from "./selection.js";
import { onSettle } from "./settled.js";

const AHEAD = "1200px"; // so far below the screen the next page is asked for
const SIZE = "tile-size";
const bar = () => document.querySelector("[data-filter-bar]");

// Empty fields ask nothing and have no place in the address.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target !== bar()) return;
  const fields = event.detail.formData;
  for (const name of new Set(fields.keys())) {
    const values = fields.getAll(name).filter((value) => value !== "");
    fields.delete(name);
    values.forEach((value) => fields.append(name, value));
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== bar() || !event.detail.successful) return;
  document.getElementById("label").value = "";
  document.getElementById("announcer").textContent = document.getElementById("filter-count").textContent;
});

// Searching as one types.
let refining = 0;
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-refine]")) return;
  clearTimeout(refining);
  refining = setTimeout(() => window.htmx.trigger(bar(), "refine"), 400);
});

// The label field: the server knows all labels, the list under the field holds those that match.
let asking = 0;
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-labels]");
  if (!field) return;
  clearTimeout(asking);
  if ([...field.list.options].some((option) => option.value === field.value) && event.inputType !== "insertText") {
    window.htmx.trigger(bar(), "refine");
    return;
  }
  asking = setTimeout(() => complete(field), 150);
});

async function complete(field) {
  const text = field.value;
  const answer = await fetch(`${field.dataset.labels}&q=${encodeURIComponent(text)}`);
  if (!answer.ok || field.value !== text) return;
  const { items } = await answer.json();
  field.list.replaceChildren(...items.map(({ label, images }) => {
    const option = document.createElement("option");
    option.value = label;
    option.textContent = `${images.toLocaleString("en")} images`;
    return option;
  }));
}

// More images before the end is reached. Without a script, or when it fails, the link itself leads on.
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    window.htmx?.trigger(target, "more");
  }
}, { rootMargin: `0px 0px ${AHEAD} 0px` });

let pressed = 0; // images there were when someone pressed "More images": the focus goes on to the next
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-more]")) pressed = document.querySelectorAll("[data-grid] > .tile").length;
});

function showSize() {
  const slider = document.querySelector("[data-tile-size]");
  if (!slider) return;
  try {
    slider.value = localStorage.getItem(SIZE) ?? "2";
  } catch { /* private window */ }
  document.documentElement.dataset.tileSize = slider.value;
}
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-tile-size]")) return;
  document.documentElement.dataset.tileSize = event.target.value;
  try {
    localStorage.setItem(SIZE, event.target.value);
  } catch { /* private window */ }
});

function settle() {
  document.querySelectorAll("[data-more]").forEach((link) => watcher.observe(link));
  if (pressed) document.querySelectorAll("[data-grid] > .tile > a")[pressed]?.focus({ preventScroll: true });
  pressed = 0;
  showSize();
  showOverlays();
  showSelection();
}
onSettle(settle);
settle();
