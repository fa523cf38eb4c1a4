// Bytes and times of a transfer in words.

/** 1.5 MB, 23 kB: short words for bytes. */
export function describeSize(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1000)));
  const value = bytes / 1000 ** at;
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** What is left, in words; "" where it is not known. */
export function describeLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `about ${Math.max(1, Math.round(seconds))} s left`;
  return seconds < 3600 ? `about ${Math.round(seconds / 60)} min left` : `about ${(seconds / 3600).toFixed(1)} h left`;
}

/** 1 file, 1,204 files. */
export function countFiles(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "file" : "files"}`;
}

/** Bytes a second over the last seconds, from what has been sent at which time. */
export class Pace {
  #marks = [];

  add(bytes, now = performance.now()) {
    this.#marks.push([now, bytes]);
    while (this.#marks.length > 2 && now - this.#marks[0][0] > 8000) this.#marks.shift();
  }

  reset() {
    this.#marks = [];
  }

  get bytesPerSecond() {
    if (this.#marks.length < 2) return 0;
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    return Math.max(0, (last[1] - first[1]) / Math.max(0.001, (last[0] - first[0]) / 1000));
  }
}
