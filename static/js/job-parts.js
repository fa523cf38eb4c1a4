// Another task or kind of network has other fields: the server draws them anew, the reader stays where they were.
export function replaceParts(form, state) {
  const kept = remember(form);
  for (const [name, html] of Object.entries(state.parts)) {
    form.querySelector(`[data-part="${name}"]`).innerHTML = html;
  }
  form.elements.shape.value = state.shape;
  restore(form, kept);
}

function remember(form) {
  const focused = document.activeElement;
  return {
    id: form.contains(focused) ? focused.id : "",
    name: form.contains(focused) ? focused.name : "",
    value: focused?.value ?? "",
    isOpen: form.querySelector("#settings .job-advanced")?.open ?? false,
    scroll: window.scrollY,
  };
}

function restore(form, kept) {
  const folded = form.querySelector("#settings .job-advanced");
  if (folded && kept.isOpen) folded.open = true;
  const again = find(form, kept);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  window.scrollTo({ top: kept.scroll, behavior: "instant" });
}

function find(form, kept) {
  if (kept.id) return document.getElementById(kept.id);
  if (!kept.name) return null;
  const control = form.elements.namedItem(kept.name);
  return control instanceof RadioNodeList ? [...control].find((radio) => radio.value === kept.value) : control;
}
