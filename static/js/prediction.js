// One predicted image: the keys lead to the next one, and an object lights up on the image and in its list together.

const go = (where) => document.querySelector(`[data-image-${where}]`)?.click();
const keys = { ArrowLeft: "before", k: "before", ArrowRight: "after", j: "after" };

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
  if (!keys[event.key] || (event.key.startsWith("Arrow") && event.target.closest(".table-responsive"))) return;
  event.preventDefault();
  go(keys[event.key]);
});

let lit = null;
document.addEventListener("pointerover", (event) => {
  const object = event.target.closest?.("[data-object]")?.dataset.object ?? null;
  if (object === lit) return;
  lit = object;
  for (const one of document.querySelectorAll("[data-object]")) one.classList.toggle("is-lit", one.dataset.object === lit);
});
