// The viewer: zoom and move one image with what is drawn on it, step through the filter, objects and their list.

import "./overlay.js";
import { Stage } from "./stage.js";

const element = document.querySelector("[data-stage]");
const stage = new Stage(element, element.querySelector("img"), element.querySelector("svg.drawing"), showScale);
const STEP = 1.25;
const MOVE = 60; // px a key moves a zoomed image

function showScale(scale) {
  document.querySelector("[data-scale]").textContent = `${Math.round(scale * 100)} %`;
}

const zooms = {
  in: () => stage.zoom(STEP),
  out: () => stage.zoom(1 / STEP),
  fit: () => stage.fit(),
  one: () => stage.setScale(1),
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) zooms[button.dataset.zoom]();
});

function go(where) {
  document.querySelector(`[data-viewer-${where}]`)?.click();
}

const keys = {
  "+": zooms.in,
  "=": zooms.in,
  "-": zooms.out,
  0: zooms.fit,
  1: zooms.one,
  j: () => go("after"),
  k: () => go("before"),
  ArrowLeft: () => (stage.isZoomed ? stage.move(MOVE, 0) : go("before")),
  ArrowRight: () => (stage.isZoomed ? stage.move(-MOVE, 0) : go("after")),
  ArrowUp: () => (stage.isZoomed ? stage.move(0, MOVE) : false),
  ArrowDown: () => (stage.isZoomed ? stage.move(0, -MOVE) : false),
};
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key.startsWith("Arrow") && event.target.closest("pre, .object-list")) return;
  if (keys[event.key] && keys[event.key]() !== false) event.preventDefault();
});

// An object on the image and its line in the list light up together.
const same = (number) => document.querySelectorAll(`[data-object="${CSS.escape(number)}"]`);
let lit = null;
function light(number) {
  if (number === lit) return;
  if (lit !== null) same(lit).forEach((one) => one.classList.remove("is-lit"));
  lit = number;
  element.classList.toggle("has-lit", lit !== null);
  if (lit !== null) same(lit).forEach((one) => one.classList.add("is-lit"));
}
const objectOf = (event) => event.target.closest?.("[data-object]")?.dataset.object ?? null;
document.addEventListener("pointerover", (event) => {
  const number = objectOf(event);
  light(number);
  if (number !== null && element.contains(event.target)) {
    document.querySelector(`.object-list [data-object="${CSS.escape(number)}"]`)?.scrollIntoView({ block: "nearest" });
  }
});
document.addEventListener("focusin", (event) => light(objectOf(event)));
document.addEventListener("click", (event) => {
  const button = event.target.closest(".object-list [data-object]");
  if (!button) return;
  const shape = element.querySelector(`.drawing-boxes [data-object="${CSS.escape(button.dataset.object)}"]`);
  if (shape) stage.show(shape.getBBox());
});
