// The search box over the settings: a setting stays while every word of the query is in its words.
export function makeSearch(form) {
  const block = form.querySelector("[data-search]");
  const box = block?.querySelector("input");
  if (!box) return;
  const count = block.querySelector("[role=status]");
  const folded = form.querySelector("#settings .job-advanced");
  const wasOpen = folded.open;
  block.hidden = false;
  box.addEventListener("input", (event) => {
    event.stopPropagation(); // it is no field of the job
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = filter(form, words);
    folded.open = words.length ? folded.querySelector("[data-field]:not([hidden])") !== null : wasOpen;
    count.textContent = words.length ? `${found} setting${found === 1 ? "" : "s"} found` : "";
  });
}

function filter(form, words) {
  let found = 0;
  for (const field of form.querySelectorAll("[data-field]")) {
    const fits = words.every((word) => field.dataset.field.includes(word));
    field.hidden = !fits;
    found += fits ? 1 : 0;
  }
  for (const group of form.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-field]:not([hidden])");
  }
  return found;
}
