// Traffic sliders: moving one moves the others, so that the shares always sum to 100.

const form = document.querySelector("[data-traffic]");

/** The others share `rest` in their present proportions, equally where all are 0; whole numbers. */
export function shareOut(values, moved, share) {
  const rest = 100 - share;
  const others = values.map((_, index) => index).filter((index) => index !== moved);
  const total = others.reduce((sum, index) => sum + values[index], 0);
  const exact = others.map((index) => (total ? (rest * values[index]) / total : rest / others.length));
  const shares = exact.map(Math.floor);
  let left = rest - shares.reduce((sum, value) => sum + value, 0);
  const order = exact.map((value, at) => [value - shares[at], at]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, at] of order) {
    if (left <= 0) break;
    shares[at] += 1;
    left -= 1;
  }
  const result = [...values];
  result[moved] = others.length ? share : values[moved];
  others.forEach((index, at) => (result[index] = shares[at]));
  return result;
}

function mount(traffic) {
  const sliders = [...traffic.querySelectorAll("[data-slider]")];
  const boxes = sliders.map((slider) => document.getElementById(slider.dataset.slider));
  const total = traffic.querySelector("[data-total]");

  function tell() {
    const sum = boxes.reduce((all, box) => all + Number(box.value), 0);
    const isFine = sum === 100 || sum === 0;
    total.textContent = isFine ? `Sum ${sum} %.` : `Sum ${sum} %; it must be 100, or 0 for no traffic at all.`;
    total.classList.toggle("text-danger", !isFine);
  }

  sliders.forEach((slider, moved) => {
    slider.hidden = false;
    slider.addEventListener("input", () => {
      const values = boxes.map((box) => Number(box.value));
      const next = sliders.length > 1 ? shareOut(values, moved, Number(slider.value)) : [Number(slider.value)];
      next.forEach((value, index) => {
        boxes[index].value = value;
        sliders[index].value = value;
      });
      tell();
    });
    boxes[moved].addEventListener("input", () => {
      slider.value = boxes[moved].value;
      tell();
    });
  });
  tell();
}

if (form) mount(form);
