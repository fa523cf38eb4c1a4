// What is drawn on images: boxes, masks, labels. The choice is kept for the grid and for the viewer apart.

const DEFAULTS = { grid: "names", viewer: "" }; // what is off until someone chooses
const root = document.documentElement;

function read(place) {
  try {
    return localStorage.getItem(`overlays-off:${place}`) ?? DEFAULTS[place];
  } catch {
    return DEFAULTS[place];
  }
}

function write(place, off) {
  try {
    localStorage.setItem(`overlays-off:${place}`, off);
  } catch { /* private window: it lasts for this page */ }
}

/** Make page and buttons say what is chosen. */
export function showOverlays() {
  const group = document.querySelector("[data-overlays]");
  if (!group) return;
  const off = read(group.dataset.overlays).split(" ");
  root.dataset.overlaysOff = off.join(" ");
  for (const button of group.querySelectorAll("[data-overlay]")) {
    button.setAttribute("aria-pressed", String(!off.includes(button.dataset.overlay)));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-overlay]");
  if (!button) return;
  const place = button.closest("[data-overlays]").dataset.overlays;
  const off = new Set(read(place).split(" ").filter(Boolean));
  if (!off.delete(button.dataset.overlay)) off.add(button.dataset.overlay);
  write(place, [...off].join(" "));
  showOverlays();
});

showOverlays();
