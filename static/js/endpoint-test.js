// The Test tab: drop an image, see it, and show only the chosen algorithm's parameters. htmx sends the form.

const form = document.querySelector("[data-endpoint-test]");

function mountParameters(test) {
  const choice = test.querySelector("#xai_algorithm");
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

if (form) {
  mountParameters(form);
  mountImage(form);
}
