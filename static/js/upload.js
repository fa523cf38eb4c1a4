// The page of a new dataset: files are chosen or dropped, sent, and become a version. Without this file it is a plain form.

import { filesOfDrop, filesOfInput } from "./upload-files.js";
import { Transfer, TransferServer } from "./upload-transfer.js";
import { Pace, countFiles, describeLeft, describeSize } from "./upload-words.js";

const SHOWN = 200;
const DROP_HERE = "Drop images and their labels here: files, a folder, or archives";
const form = document.querySelector("[data-upload]");
if (form) mount(form);

function mount(form) {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const zone = part("drop-zone");
  const input = form.querySelector("#file");
  const folderInput = part("folder-input");
  const panel = part("upload-progress");
  const bar = panel.querySelector("progress");
  const status = part("upload-status");
  const pause = part("pause");
  const button = form.querySelector("button[type=submit]");
  const errors = part("upload-error");
  const server = new TransferServer(form.dataset.upload, form.querySelector("[name=csrfmiddlewaretoken]").value);
  const pace = new Pace();
  let chosen = new Map(); // path → {file, path}
  let reading = Promise.resolve(); // settled once all that was dropped is among the chosen
  let beingRead = 0; // drops
  let transfer = null;
  let givingUp = Promise.resolve(); // of the one that was canceled last

  part("drop-buttons").hidden = false;
  input.hidden = true;
  input.required = false;
  part("drop-label").textContent = DROP_HERE;
  part("drop-label").removeAttribute("for");

  function add(files) {
    const all = [...chosen.values(), ...files].map((entry) => [entry.path, entry]);
    chosen = new Map(all.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })));
    input.value = folderInput.value = "";
    showChosen();
  }

  async function take(found) {
    beingRead += 1;
    part("drop-label").textContent = "Reading what was dropped";
    try {
      add(await found);
    } catch {
      showError({ message: "A file or folder could not be read.", hint: "Check that you may read it." });
    }
    beingRead -= 1;
    if (!beingRead) part("drop-label").textContent = DROP_HERE;
  }

  function showChosen() {
    const files = [...chosen.values()];
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    part("chosen").hidden = !files.length;
    part("chosen-total").textContent = `${countFiles(files.length)}, ${describeSize(total)}`;
    const rows = files.slice(0, SHOWN).map(({ file, path }) => row(path, describeSize(file.size)));
    if (files.length > SHOWN) rows.push(row(`and ${countFiles(files.length - SHOWN)} more`, ""));
    part("chosen-list").replaceChildren(...rows);
  }

  function row(...texts) {
    const item = document.createElement("li");
    for (const text of texts) item.appendChild(document.createElement("span")).textContent = text;
    return item;
  }

  function showError(error) {
    const box = document.createElement("div");
    box.className = "error-box";
    box.setAttribute("role", "alert");
    const words = box.appendChild(document.createElement("div"));
    words.className = "error-words";
    for (const text of [error.message, error.hint].filter(Boolean)) words.appendChild(document.createElement("p")).textContent = text;
    errors.replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  }

  function showProgress({ sent, total, done, count }) {
    pace.add(sent);
    const speed = pace.bytesPerSecond;
    bar.value = total ? sent / total : 1;
    const words = [`${done.toLocaleString("en")} of ${countFiles(count)}`, `${describeSize(sent)} of ${describeSize(total)}`];
    if (speed) words.push(`${describeSize(speed)}/s`, describeLeft((total - sent) / speed));
    status.textContent = transfer?.isPaused ? `Paused. ${words.slice(0, 2).join(" · ")}` : words.filter(Boolean).join(" · ");
  }

  function setBusy(isBusy) {
    panel.hidden = !isBusy;
    button.disabled = isBusy;
    zone.hidden = isBusy;
    part("clear").hidden = isBusy;
    part("sending").hidden = true;
    setPaused(false);
  }

  function setPaused(isPaused) {
    part("running").hidden = isPaused;
    part("paused").hidden = !isPaused;
    pace.reset();
  }

  /** The form without its files, and what else is to be said. */
  async function post(more) {
    const fields = new FormData(form);
    fields.delete("file");
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    const said = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    throw Object.assign(new Error(), said.error ?? { message: `The server answered ${answer.status}.`, hint: "Try again." });
  }

  /** The dataset's name where none is given: the only archive's or folder's. */
  function suggestName() {
    const tops = new Set([...chosen.keys()].map((path) => path.split("/")[0]));
    return tops.size === 1 ? [...tops][0].replace(/(\.tar)?\.[a-z0-9]+$/i, "").replace(/[^A-Za-z0-9_.]+/g, "-").replace(/^[-._]+|[-._]+$/g, "") : "";
  }

  async function upload() {
    const name = form.elements.name.value.trim() || suggestName();
    await post({ check: "1", name }); // a bad name or setting is said before a byte is sent
    status.textContent = "Preparing";
    await givingUp; // its files are not to be found again as begun
    const current = new Transfer(server, [...chosen.values()], showProgress);
    transfer = current;
    part("sending").hidden = false;
    const group = await current.send();
    part("sending").hidden = true;
    status.textContent = "All is there. The import begins.";
    const { location } = await post({ transfer_group: group, name });
    transfer = null;
    current.forget();
    window.location.assign(location);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (transfer || button.disabled) return;
    errors.replaceChildren();
    button.disabled = true;
    await reading;
    button.disabled = false;
    if (errors.children.length) return; // something dropped could not be read
    if (!chosen.size) {
      showError({ message: "No file was chosen.", hint: "Drop files here, or choose them." });
      return;
    }
    setBusy(true);
    try {
      await upload();
    } catch (error) {
      showError(error);
      transfer = null;
      setBusy(false);
    }
  });

  pause.addEventListener("click", () => {
    if (!transfer) return;
    if (transfer.isPaused) transfer.resume();
    else transfer.pause();
    setPaused(transfer.isPaused);
    transfer.tell();
  });

  part("upload-cancel").addEventListener("click", async () => {
    const ending = transfer;
    transfer = null;
    setBusy(false);
    givingUp = ending?.cancel().catch(showError) ?? givingUp;
  });

  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    const found = filesOfDrop(event.dataTransfer); // of this turn of the event loop; a large folder takes many
    reading = Promise.all([reading, take(found)]);
  });
  part("choose-files").addEventListener("click", () => input.click());
  part("choose-folder").addEventListener("click", () => folderInput.click());
  for (const each of [input, folderInput]) each.addEventListener("change", () => add(filesOfInput(each)));
  part("clear").addEventListener("click", () => {
    chosen = new Map();
    showChosen();
  });
  window.addEventListener("beforeunload", (event) => {
    if (transfer && !transfer.isPaused) event.preventDefault();
  });
}
