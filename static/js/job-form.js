// The New job page: fields and YAML are two views of one document, which the server reads, checks and writes.
import { makeEditor } from "./job-editor.js";
import { makeSearch } from "./job-search.js";
import { replaceParts } from "./job-parts.js";
import { makePreview } from "./job-preview.js";
import { makeSteps } from "./job-steps.js";

const WAIT_MS = 250;
const form = document.getElementById("job-form");
if (form) start(form);

function start(form) {
  const shown = form.elements.document_shown;
  const editor = makeEditor(form, () => changed("document"));
  const steps = makeSteps(form, () => refreshPlan());
  const preview = makePreview(form);
  makeSearch(form);
  let turn = 0; // an answer to an older state is dropped
  let timer = 0;

  form.addEventListener("input", (event) => {
    if (event.target.name === "other_model_name") form.elements.namedItem("training_parameters.model_name").value = "other";
    if (isField(event.target)) changed("fields");
  });
  form.addEventListener("change", () => showNested(form));
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.name === "download") return;
    if (button.value === "submit") {
      guardSubmit(form, event);
      return;
    }
    event.preventDefault();
    if (["preview", "again"].includes(button.value)) preview.draw(button.value);
    else steps.move(button.value);
  });
  showNested(form);

  function changed(source) {
    turn += 1;
    clearTimeout(timer);
    timer = setTimeout(() => exchange(source, turn), WAIT_MS);
  }

  async function exchange(source, own) {
    const data = new FormData(form);
    // The server takes the YAML where it differs from what was shown, and the fields where it does not.
    data.set("document_shown", source === "document" ? "" : data.get("document"));
    const answer = await post(form.dataset.yamlUrl, data);
    if (own !== turn) return;
    if (!answer) {
      editor.say("The server did not answer; the next change tries again.");
      return;
    }
    const state = await answer.json();
    if (own !== turn) return;
    if (source === "fields") editor.write(state.document);
    else if (state.values) writeValues(form, state.values);
    shown.value = editor.text();
    if (state.parts) {
      replaceParts(form, state);
      makeSearch(form);
    }
    editor.mark(state.problems);
    markFields(form, state.problems);
    if (!state.problems.length) writeDefaults(form, state); // without a plan the defaults know neither data nor machine
    showNested(form);
    if (steps.current() === 3) refreshPlan();
    preview.follow(state.preview);
  }

  async function refreshPlan() {
    const own = turn;
    const data = new FormData(form);
    data.set("document_shown", "");
    const answer = await post(form.dataset.planUrl, data);
    if (!answer || own !== turn) return;
    form.querySelector("[data-plan]").innerHTML = await answer.text();
  }
}

function isField(element) {
  return element.name && !["document", "document_shown"].includes(element.name);
}

async function post(url, data) {
  try {
    const answer = await fetch(url, { method: "POST", body: data, credentials: "same-origin" });
    return answer.ok ? answer : null;
  } catch {
    return null;
  }
}

// The hidden key makes a second submit the same job anyway; this spares the user the second request.
function guardSubmit(form, event) {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
}

function writeValues(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const control = form.elements.namedItem(name);
    if (!control || control === document.activeElement) continue;
    if (control instanceof HTMLSelectElement) offer(control, value);
    control.value = value;
  }
}

// A value that the list does not hold (another version of a dataset, a wrong word) stays visible.
function offer(select, value) {
  if ([...select.options].some((option) => option.value === value)) return;
  select.add(new Option(value || "Choose a dataset", value));
}

function markFields(form, problems) {
  for (const place of form.querySelectorAll("[data-problem]")) {
    const found = problems.filter((problem) => problem.field === place.dataset.problem);
    place.textContent = found.map((problem) => problem.message).join(" ");
    const control = form.elements.namedItem(place.dataset.problem);
    const elements = control instanceof RadioNodeList ? [] : [control, control?.closest(".input-group")];
    for (const element of elements) element?.classList.toggle("is-invalid", found.length > 0);
    if (control instanceof HTMLElement) control.setAttribute("aria-invalid", String(found.length > 0));
    place.classList.toggle("d-block", found.length > 0);
    if (found.length) place.closest("details")?.setAttribute("open", "");
  }
}

function writeDefaults(form, state) {
  for (const [name, { text, reason }] of Object.entries(state.defaults)) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement) control.placeholder = text;
    setText(form, `[data-default="${name}"]`, text);
    setText(form, `[data-reason="${name}"]`, reason);
  }
  for (const [name, options] of Object.entries(state.options)) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLSelectElement) writeOptions(control, options);
  }
}

function writeOptions(select, options) {
  const isSame = options.length === select.options.length && options.every(({ value }, place) => select.options[place].value === value);
  if (isSame) return options.forEach(({ title }, place) => (select.options[place].textContent = title));
  if (select === document.activeElement) return; // it is being chosen from
  const chosen = select.value;
  select.replaceChildren(...options.map(({ value, title }) => new Option(title, value, false, value === chosen)));
}

function setText(form, selector, text) {
  const place = form.querySelector(selector);
  if (place) place.textContent = text;
}

function showNested(form) {
  const choice = form.elements.namedItem("validation").value;
  for (const block of form.querySelectorAll("[data-when]")) block.hidden = block.dataset.when !== choice;
}
