// Elements that refresh themselves (the `live` tag): when they may, and what a refresh must leave alone.

import { onSettle } from "./settled.js";

const KEY = "live-off";
const isOn = () => sessionStorage.getItem(KEY) !== "1";

document.addEventListener("htmx:configRequest", (event) => {
  const element = event.target;
  if (!element.hasAttribute?.("data-live")) return;
  event.detail.headers["X-Live"] = "1";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.target;
  if (event.detail.requestConfig.verb !== "get" || event.detail.elt !== element) return;
  const wasLive = event.detail.requestConfig.headers["X-Live"] === "1";
  if (wasLive && (!isOn() || document.hidden || !element.hasAttribute("data-live"))) event.preventDefault();
});

// A refresh that fails (the server restarts) is no alarm: the next one comes. What was there stays.
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401 || event.detail.xhr.status === 403) location.reload();
});

/** What the reader or another module has set on an element is not the server's to undo. */
function keepOpen(name, node) {
  if (name === "open" && ["DETAILS", "DIALOG"].includes(node.tagName)) return false;
  if (["tabindex", "role", "aria-label"].includes(name) && node.matches(".table-responsive, pre")) return false;
  if (name === "class" && node.classList.contains("is-picked")) return false;
  return undefined;
}

function keepUntouched(old) {
  if (old.nodeType !== Node.ELEMENT_NODE) return undefined;
  if (old.hasAttribute("data-chart")) return false; // the canvas in it: charts.js takes the new numbers
  if (old.matches("dialog[open], .dropdown-menu.show")) return false;
  if (old.matches("[data-live-tick]")) return false; // the reader's ticks, which no address holds yet
  if (old === document.activeElement && old.matches("input, select, textarea")) return false;
  const selection = getSelection();
  if (selection.type === "Range" && old.matches("[data-live-text]") && selection.containsNode(old, true)) return false;
  return undefined;
}

function guardMorph() {
  if (!window.Idiomorph) return;
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = keepOpen;
  Idiomorph.defaults.callbacks.beforeNodeMorphed = keepUntouched;
}

function showSwitches() {
  const running = document.querySelector("[data-live]") !== null;
  for (const box of document.querySelectorAll("[data-live-switch]")) {
    box.checked = isOn();
    box.closest("label").hidden = !running;
  }
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-live-switch]")) return;
  sessionStorage.setItem(KEY, event.target.checked ? "0" : "1");
  if (isOn()) refresh();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && isOn()) refresh(); });
function refresh() {
  document.querySelectorAll("[data-live]").forEach((element) => window.htmx?.trigger(element, "live:now"));
}

// A log that was read at its end stays at its end; one scrolled up stays where it is.
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24;
let following = [];
document.addEventListener("htmx:beforeSwap", () => {
  following = [...document.querySelectorAll("[data-follow]")].filter(atEnd).map((box) => box.id);
});
onSettle(() => {
  for (const id of following) document.getElementById(id)?.scrollTo(0, 1e9);
  showSwitches();
});

guardMorph();
showSwitches();
document.querySelectorAll("[data-follow]").forEach((box) => box.scrollTo(0, box.scrollHeight));
