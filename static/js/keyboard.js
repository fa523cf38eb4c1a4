// The keys of the `?` dialog: `/`, `g` then a letter, j k Enter in grids and tables.

let waitsForGo = 0;

const isTyping = (target) => target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable], dialog[open]") !== null;

function search() {
  const box = document.querySelector("main [data-search], main input[type=search]");
  if (box) {
    box.focus();
    box.select();
    return true;
  }
  const jobs = document.querySelector(".rail [data-go=j]");
  if (jobs) location.assign(`${jobs.href}#search`);
  return Boolean(jobs);
}

const items = () => [...document.querySelectorAll("[data-keys] [data-key-item]")].filter((item) => item.offsetParent);

function move(step) {
  const list = items();
  if (!list.length) return false;
  const at = list.findIndex((item) => item.classList.contains("is-picked"));
  const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
  list.forEach((item) => item.classList.toggle("is-picked", item === next));
  const target = next.matches("a") ? next : next.querySelector("a");
  target?.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function open() {
  const picked = items().find((item) => item.classList.contains("is-picked"));
  const link = picked?.matches("a") ? picked : picked?.querySelector("a");
  if (!link || document.activeElement === link) return false; // the browser opens a focused link itself
  link.click();
  return true;
}

function go(letter) {
  const link = document.querySelector(`.rail [data-go="${CSS.escape(letter)}"]`);
  if (link) location.assign(link.href);
  return Boolean(link);
}

function help() {
  const dialog = document.getElementById("key-help");
  if (!dialog.open) dialog.showModal();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const wasGo = Date.now() - waitsForGo < 1500;
  waitsForGo = event.key === "g" && !wasGo ? Date.now() : 0;
  const actions = { "/": search, "?": help, j: () => move(1), k: () => move(-1), Enter: open };
  const done = wasGo && /^[a-z]$/.test(event.key) ? go(event.key) : actions[event.key]?.();
  if (done) event.preventDefault();
});

if (location.hash === "#search") search();
