// Training images as the job would see them: drawn when asked for, from then on again with every change that shows.
export function makePreview(form) {
  let turn = 0; // an answer to an older state is dropped
  let isShown = place()?.querySelector(".job-preview") !== null;

  function place() {
    return form.querySelector("[data-preview]");
  }

  async function draw(action) {
    if (!place()) return;
    isShown = true;
    turn += 1;
    const own = turn;
    const data = new FormData(form);
    data.set("document_shown", data.get("document"));
    data.set("action", action);
    say();
    const html = await ask(form.dataset.previewUrl, data);
    if (own !== turn || !place()) return;
    if (html === null) return say("The preview did not come; the next change tries again.");
    const hadFocus = place().contains(document.activeElement);
    place().innerHTML = html;
    if (hadFocus) place().querySelector("button")?.focus({ preventScroll: true });
  }

  /** Follow the job: `key` names what its preview shows, empty while something is to be mended. */
  function follow(key) {
    if (!isShown || !place() || !key) return;
    if (place().querySelector(".job-preview")?.dataset.key !== key) draw("preview");
  }

  function say(words) {
    const shown = place().querySelector(".job-preview");
    shown?.setAttribute("aria-busy", String(!words));
    place().querySelector(".job-preview-wait")?.remove();
    const line = document.createElement("p");
    line.className = "job-preview-wait";
    line.setAttribute("role", "status");
    if (!words) line.append(spinner());
    line.append(words || "Drawing training images …");
    (shown || place()).append(line);
  }

  return { draw, follow };
}

function spinner() {
  const mark = document.createElement("span");
  mark.className = "spinner-border spinner-border-sm";
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

async function ask(url, data) {
  try {
    const answer = await fetch(url, { method: "POST", body: data, credentials: "same-origin" });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
