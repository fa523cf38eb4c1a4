// The YAML side: line numbers that follow the text, marks on lines with a problem, copy.
export function makeEditor(form, onEdit) {
  const area = form.elements.document;
  const gutter = form.querySelector("[data-gutter]");
  const list = form.querySelector("[data-problems]");
  let marked = new Set();

  area.addEventListener("input", () => {
    number();
    onEdit();
  });
  area.addEventListener("scroll", () => (gutter.scrollTop = area.scrollTop));
  area.addEventListener("keydown", indent);
  enableCopy(form.querySelector("[data-copy]"), area);
  number();

  function number() {
    const count = area.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: count }, (_, index) => numbered(index + 1)));
    gutter.scrollTop = area.scrollTop;
  }

  function numbered(line) {
    const row = document.createElement("div");
    row.textContent = marked.has(line) ? `! ${line}` : String(line);
    row.classList.toggle("is-marked", marked.has(line));
    return row;
  }

  function write(text) {
    if (area.value !== text) area.value = text;
    number();
  }

  function mark(problems) {
    marked = new Set(problems.map((problem) => problem.line).filter(Boolean));
    number();
    if (!problems.length) return say("Nothing to mend.", "job-fine mb-2");
    const rows = document.createElement("ul");
    rows.className = "job-problems";
    rows.append(...problems.map((problem) => describe(problem, area)));
    list.replaceChildren(rows);
  }

  function say(text, style = "mb-2") {
    const line = document.createElement("p");
    line.className = style;
    line.textContent = text;
    list.replaceChildren(line);
  }

  return { write, mark, say, text: () => area.value };
}

function describe(problem, area) {
  const row = document.createElement("li");
  if (problem.line) {
    const jump = document.createElement("button");
    jump.type = "button";
    jump.className = "job-problem-line";
    jump.textContent = `Line ${problem.line}`;
    jump.addEventListener("click", () => goTo(area, problem.line));
    row.append(jump, " ");
  }
  if (problem.path) {
    const path = document.createElement("code");
    path.textContent = problem.path;
    row.append(path, " ");
  }
  row.append(problem.message);
  return row;
}

function goTo(area, line) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] || "").length);
}

// Tab leaves the editor as everywhere; Enter keeps the indentation, which YAML lives by.
function indent(event) {
  if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.isComposing) return;
  const area = event.target;
  const before = area.value.slice(0, area.selectionStart);
  const spaces = before.slice(before.lastIndexOf("\n") + 1).match(/^ */)[0];
  event.preventDefault();
  area.setRangeText(`\n${spaces}`, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function enableCopy(button, area) {
  if (!button) return;
  const label = button.querySelector("span");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(area);
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = "Copy"), 2000);
  });
}

// Without HTTPS (another machine's address) there is no clipboard object; the old command still works there.
async function copy(area) {
  if (navigator.clipboard) return navigator.clipboard.writeText(area.value);
  area.select();
  document.execCommand("copy");
}
