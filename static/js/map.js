// The map of images: pointing at one shows it, a click opens it; with the keyboard arrows walk from point to point.

import { chartIn } from "./charts.js";

const box = document.querySelector("[data-map]");
const card = box.querySelector("[data-map-card]");
const picture = Object.assign(new Image(144, 144), { alt: "" });
const words = card.querySelector(".map-card-words");
const ROW = 2; // where a point's row stands, after x and y
const GAP = 14; // px between a point and its card
const LINGER = 250; // ms for the pointer to reach the card
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

let chart;
let points = []; // {series, index, label, x, y, row}
let current = null;
let leaving = 0;

const addressOf = (template, row) => template.replace("/0/", `/${row}/`);

function show(point) {
  clearTimeout(leaving);
  if (current !== point) {
    lift();
    current = point;
    picture.src = addressOf(box.dataset.thumbUrl, point.row);
    picture.alt = `Image ${point.row}`;
    words.textContent = words.title = point.label;
    card.prepend(picture);
    card.href = addressOf(box.dataset.imageUrl, point.row);
    chart.dispatchAction({ type: "highlight", seriesIndex: point.series, dataIndex: point.index });
  }
  card.hidden = false;
  place();
}

function place() {
  const [x, y] = chart.convertToPixel({ seriesIndex: current.series }, [current.x, current.y]);
  const left = x + GAP + card.offsetWidth > box.clientWidth ? x - GAP - card.offsetWidth : x + GAP;
  const top = Math.min(Math.max(0, y - card.offsetHeight / 2), chart.getHeight() - card.offsetHeight);
  card.style.left = `${Math.max(0, left)}px`;
  card.style.top = `${top}px`;
}

function lift() {
  if (current) chart.dispatchAction({ type: "downplay", seriesIndex: current.series, dataIndex: current.index });
}

function hide() {
  card.hidden = true;
  lift();
  current = null;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(hide, LINGER);
}

const find = ({ seriesIndex, dataIndex }) => points.find((one) => one.series === seriesIndex && one.index === dataIndex);

function open({ event, ...params }) {
  const point = find(params);
  if (!point) return;
  const isTouch = event?.event?.pointerType === "touch" || matchMedia("(hover: none)").matches;
  if (isTouch) show(point); // the card is the link
  else if (event?.event?.ctrlKey || event?.event?.metaKey) window.open(addressOf(box.dataset.imageUrl, point.row), "_blank", "noopener");
  else location.assign(addressOf(box.dataset.imageUrl, point.row));
}

function watch() {
  const drawn = chartIn(box.querySelector("[data-chart]"));
  if (!drawn || drawn.chart === chart) return;
  chart = drawn.chart;
  current = null;
  card.hidden = true;
  points = drawn.options.series.flatMap(({ name, data }, series) =>
    data.map((value, index) => ({ series, index, label: name, x: value[0], y: value[1], row: value[ROW] })));
  chart.on("mouseover", "series", (params) => show(find(params)));
  chart.on("mouseout", "series", leave);
  chart.on("click", "series", open);
  chart.on("legendselectchanged", hide);
  chart.on("datazoom", hide);
}
box.addEventListener("chart:drawn", watch);
watch();
card.addEventListener("pointerenter", () => clearTimeout(leaving));
card.addEventListener("pointerleave", leave);

// With the keyboard: the nearest point in the direction of the arrow.
function isShown(point) {
  return chart.getOption().legend[0].selected?.[point.label] !== false;
}

function next([right, up]) {
  const shown = points.filter(isShown);
  if (!current) return shown.reduce((best, one) => (!best || one.x ** 2 + one.y ** 2 < best.x ** 2 + best.y ** 2 ? one : best), null);
  let found = null;
  let nearest = Infinity;
  for (const one of shown) {
    const [dx, dy] = [one.x - current.x, one.y - current.y];
    const along = dx * right + dy * up;
    const aside = Math.abs(dx * up) + Math.abs(dy * right);
    if (along > 0 && aside <= along && along ** 2 + aside ** 2 < nearest) [found, nearest] = [one, along ** 2 + aside ** 2];
  }
  return found;
}

box.tabIndex = 0;
box.setAttribute("role", "group");
box.setAttribute("aria-label", "Map of the images. Arrows go from image to image, Enter opens one.");
box.addEventListener("keydown", (event) => {
  if (event.target !== box || !chart) return;
  if (event.key === "Escape") hide();
  if (event.key === "Enter" && current) location.assign(card.href);
  if (!DIRECTIONS[event.key]) return;
  event.preventDefault();
  const point = next(DIRECTIONS[event.key]);
  if (!point) return;
  show(point);
  document.getElementById("announcer").textContent = `${point.label}, image ${point.row}`;
});
box.addEventListener("focusout", (event) => {
  if (!box.contains(event.relatedTarget)) hide();
});
addEventListener("resize", hide);
