// The Test tab: drop an image, see it, and show only the chosen algorithm's parameters. htmx sends the form.
// In a multi-label answer, the slider says from which probability on a label is given.

import { onSettle } from "./settled.js";

const form = document.querySelector("[data-endpoint-test]");

function mountParameters(test) {
  const choice = test.querySelector("#xai_algorithm");
  if (!choice) return; // none of the deployments explains
  const groups = [...test.querySelectorAll("[data-parameters]")];
  const show = () => groups.forEach((group) => {
    group.hidden = group.dataset.parameters !== choice.value;
    group.disabled = group.hidden;
  });
  choice.addEventListener("change", show);
  show();
}

function mountImage(test) {
  const zone = test.querySelector("[data-drop-zone]");
  const input = zone.querySelector("input[type=file]");
  const preview = document.createElement("img");
  preview.className = "img-fluid mt-2";
  preview.alt = "The image to score";
  const samples = [...test.querySelectorAll("input[name=sample]")];

  function showFile() {
    if (preview.src) URL.revokeObjectURL(preview.src);
    const file = input.files[0];
    preview.remove();
    if (!file) return;
    preview.src = URL.createObjectURL(file);
    zone.append(preview);
    samples.forEach((sample) => (sample.checked = false));
  }

  function take(files) {
    const image = [...files].find((file) => file.type.startsWith("image/"));
    if (!image) return;
    const transfer = new DataTransfer();
    transfer.items.add(image);
    input.files = transfer.files;
    showFile();
    test.requestSubmit();
  }

  input.addEventListener("change", showFile);
  if (input.files.length) showFile(); // chosen before this ran
  samples.forEach((sample) => sample.addEventListener("change", () => {
    input.value = "";
    showFile();
  }));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}

function applyThreshold(box) {
  const value = Number(box.querySelector("input").value);
  const given = [];
  box.querySelector("output").textContent = value.toFixed(2);
  const table = box.parentElement.querySelector("table.is-multilabel");
  table.style.setProperty("--threshold", value);
  table.querySelectorAll("[data-probability]").forEach((row) => {
    const isGiven = Number(row.dataset.probability) >= value;
    row.classList.toggle("is-given", isGiven);
    if (isGiven) given.push(row.dataset.label);
  });
  const words = box.querySelector("[data-given]");
  words.textContent = given.length ? "Given: " : "No label is given.";
  if (given.length) words.append(Object.assign(document.createElement("strong"), { textContent: given.join(", ") }));
}

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-threshold]");
  if (box) applyThreshold(box);
});
onSettle(() => document.querySelectorAll("[data-threshold]").forEach(applyThreshold));
document.querySelectorAll("[data-threshold]").forEach(applyThreshold);

if (form) {
  mountParameters(form);
  mountImage(form);
}
