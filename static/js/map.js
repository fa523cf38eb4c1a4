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
let isWalking = false; // by the keyboard: a pointer that lies about takes nothing away

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
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
  isWalking = false;
}

function leave() {
  clearTimeout(leaving);
  if (!isWalking) leaving = setTimeout(hide, LINGER);
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
  points = drawn.options.series.flatMap(({ name, data }, series) =>
    data.map((value, index) => ({ series, index, label: name, x: value[0], y: value[1], row: value[ROW] })));
  chart.on("mouseover", "series", (params) => {
    isWalking = false;
    show(find(params));
  });
  chart.on("mouseout", "series", leave);
  chart.on("click", "series", open);
  chart.on("legendselectchanged", hide);
  chart.on("datazoom", hide);
  const shown = current && points.find((one) => one.row === current.row); // a chart drawn anew shows what the last one did
  current = null;
  if (shown) show(shown);
  else card.hidden = true;
}
box.addEventListener("chart:drawn", watch);
watch();
card.addEventListener("pointerenter", () => clearTimeout(leaving));
card.addEventListener("pointerleave", leave);

function isShown(point) {
  return chart.getOption().legend[0].selected?.[point.label] !== false;
}

const nearest = (candidates, measure) => candidates.reduce((best, one) => (!best || measure(one) < measure(best) ? one : best), null);

// With the keyboard: from the middle on, the nearest point on the arrow's side; what lies aside of it counts as farther.
function next([right, up]) {
  const shown = points.filter(isShown);
  if (!current) {
    const [x, y] = [mean(shown.map((one) => one.x)), mean(shown.map((one) => one.y))];
    return nearest(shown, (one) => (one.x - x) ** 2 + (one.y - y) ** 2);
  }
  const along = (one) => (one.x - current.x) * right + (one.y - current.y) * up;
  const aside = (one) => Math.abs((one.x - current.x) * up) + Math.abs((one.y - current.y) * right);
  return nearest(shown.filter((one) => along(one) > 0), (one) => along(one) ** 2 + 4 * aside(one) ** 2);
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
  isWalking = true;
  show(point);
  document.getElementById("announcer").textContent = `${point.label}, image ${point.row}`;
});
box.addEventListener("focusout", (event) => {
  if (!box.contains(event.relatedTarget)) hide();
});
addEventListener("resize", hide);
