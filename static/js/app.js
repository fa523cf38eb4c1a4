// What every page has: colours, copy buttons, dialogs, and the modules a page's content asks for.

import "./keyboard.js";
import "./live.js";
import { mountCharts } from "./charts.js";
import { onSettle } from "./settled.js";

const say = (words) => (document.getElementById("announcer").textContent = words);

function showTheme() {
  const choice = document.documentElement.dataset.themeChoice;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    if (button.tagName === "BUTTON") button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
}

async function copy(button) {
  const text = button.closest(".copy-block").querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https the clipboard is closed to scripts: select it, so that Ctrl-C copies.
    getSelection().selectAllChildren(button.closest(".copy-block").querySelector("code"));
    say("Selected. Press Ctrl and C to copy.");
    return;
  }
  button.classList.add("is-done");
  say("Copied");
  setTimeout(() => button.classList.remove("is-done"), 1500);
}

/** A region that scrolls must be reachable by keyboard. */
function reachScrollers(root) {
  for (const box of root.querySelectorAll(".table-responsive, pre, .page-tabs")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (!scrolls || box.hasAttribute("tabindex") || box.querySelector("a, button, input, select")) continue;
    box.tabIndex = 0;
    if (box.tagName === "DIV") {
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", box.querySelector("caption")?.textContent || "Table");
    }
  }
}

document.addEventListener("click", (event) => {
  const theme = event.target.closest("button[data-theme-choice]");
  if (theme) document.dispatchEvent(new CustomEvent("theme:choose", { detail: theme.dataset.themeChoice }));
  if (theme) showTheme();
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog).showModal();
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});
// A second click on the way to the answer must not send twice. Coming back by the browser's button opens it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented || form.hasAttribute("hx-post")) return;
  setTimeout(() => form.querySelectorAll("button:enabled:not([type=button])").forEach((button) => {
    button.disabled = true;
    button.dataset.sent = "";
  }));
});
addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((button) => {
  button.disabled = false;
  delete button.dataset.sent;
}));

function settle(root) {
  reachScrollers(root);
  mountCharts(root);
}
onSettle(() => settle(document));
document.addEventListener("toggle", (event) => reachScrollers(event.target), true);
showTheme();
settle(document);
