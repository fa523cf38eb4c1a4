// What is done to a page once new content has come into it.

/** Call `act` once after each swap: htmx tells of every element of it, and a page of images has sixty. */
export function onSettle(act) {
  let isDue = false;
  document.addEventListener("htmx:afterSettle", () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      act();
    });
  });
}
