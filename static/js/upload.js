// The drop zone: sends the form with real transfer progress. Without this file it is a plain form.

const form = document.querySelector("[data-upload]");

/** 1.5 MB, 23 kB: short words for bytes. */
export function describeSize(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1000)));
  const value = bytes / 1000 ** at;
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** What is left at the pace so far, in words. */
export function describeLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  return seconds < 60 ? `about ${Math.max(1, Math.round(seconds))} s left` : `about ${Math.round(seconds / 60)} min left`;
}

function mount(form) {
  const zone = form.querySelector("[data-drop-zone]");
  const input = zone.querySelector("input[type=file]");
  const panel = form.querySelector("[data-upload-progress]");
  const bar = panel.querySelector("progress");
  const status = panel.querySelector("[data-upload-status]");
  const button = form.querySelector("button[type=submit]");
  const errors = form.querySelector("[data-upload-error]");
  let request = null;

  form.querySelector("[data-drop-hint]").hidden = false;
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  function showError(error) {
    errors.replaceChildren();
    const box = document.createElement("div");
    box.className = "error-box";
    box.setAttribute("role", "alert");
    const words = document.createElement("div");
    words.className = "error-words";
    for (const text of [error.message, error.hint].filter(Boolean)) {
      const line = document.createElement("p");
      line.textContent = text;
      words.append(line);
    }
    box.append(words);
    errors.append(box);
  }

  function stop() {
    request = null;
    panel.hidden = true;
    button.disabled = false;
  }

  function finish() {
    const sent = request;
    stop();
    let answer = {};
    try {
      answer = JSON.parse(sent.responseText);
    } catch {
      // not ours: said below
    }
    if (sent.status === 202 && answer.location) {
      window.location.assign(answer.location);
    } else {
      const said = { message: `The server answered ${sent.status}.`, hint: "Try again; if it stays, see the log." };
      showError(answer.error ?? said);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request || !input.files.length) return;
    errors.replaceChildren();
    const started = performance.now();
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (sent) => {
      const share = sent.total ? sent.loaded / sent.total : 0;
      const left = ((performance.now() - started) / 1000) * (1 / Math.max(share, 1e-6) - 1);
      bar.value = share;
      const done = `${describeSize(sent.loaded)} of ${describeSize(sent.total)}`;
      status.textContent = share < 1 ? `${done}, ${describeLeft(left)}` : "Sent. The server is storing it.";
    });
    request.addEventListener("load", finish);
    request.addEventListener("error", () => {
      stop();
      showError({ message: "The connection broke during the upload.", hint: "Check the network and press Upload again." });
    });
    request.addEventListener("abort", stop);
    button.disabled = true;
    panel.hidden = false;
    bar.value = 0;
    status.textContent = "Starting the upload";
    request.send(new FormData(form));
  });

  form.querySelector("[data-upload-cancel]").addEventListener("click", () => request?.abort());
  window.addEventListener("beforeunload", (event) => {
    if (request) event.preventDefault();
  });
}

if (form) mount(form);
