// The three steps: all are on the page, one is shown; which one stands in the address.
export function makeSteps(form, onReview) {
  const sections = [...form.querySelectorAll("[data-step]")];
  const buttons = [...form.querySelectorAll(".job-step")];

  function current() {
    return Number(form.elements.step.value);
  }

  function move(action) {
    const target = { next: current() + 1, back: current() - 1 }[action] ?? Number(action.replace("step-", ""));
    show(Math.min(Math.max(target || current(), 1), sections.length));
  }

  function show(step) {
    form.elements.step.value = step;
    for (const section of sections) section.hidden = Number(section.dataset.step) !== step;
    buttons.forEach((button, index) => {
      if (index + 1 === step) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    const address = new URL(location.href);
    address.searchParams.set("step", step);
    history.replaceState(history.state, "", address);
    form.querySelector(`[data-step="${step}"] h2`).focus({ preventScroll: true });
    if (step === sections.length) onReview();
  }

  return { current, move };
}
