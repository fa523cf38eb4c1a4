// One image in a frame: scale and place by wheel, pinch and drag. The drawing over it follows through its viewBox, so
// that lines and letters stay as thin and as large as they are.

const MOST = 64; // times the image's own pixels
const LETTERS = 13; // px
const SHARP = 4; // from this scale on pixels are shown as squares

export class Stage {
  /** `onScale(scale)` is told of every change; scale 1 is one pixel of the image a pixel of the page. */
  constructor(frame, image, drawing, onScale) {
    Object.assign(this, { frame, image, drawing, onScale });
    this.size = [Number(frame.dataset.width), Number(frame.dataset.height)];
    this.pointers = new Map();
    new ResizeObserver(() => this.resize()).observe(frame);
    frame.addEventListener("wheel", (event) => this.turnWheel(event), { passive: false });
    frame.addEventListener("dblclick", (event) => (this.isZoomed ? this.fit() : this.zoom(4, this.at(event))));
    frame.addEventListener("pointerdown", (event) => this.press(event));
    frame.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      frame.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    this.drawing?.setAttribute("preserveAspectRatio", "none");
    this.fit();
  }

  get isZoomed() {
    return this.scale > this.fitting * 1.001;
  }

  get fitting() {
    return Math.min(this.frame.clientWidth / this.size[0], this.frame.clientHeight / this.size[1]);
  }

  fit() {
    this.scale = this.fitting;
    this.place = [0, 0]; // of the image's corner in the frame; settled by `draw`
    this.draw();
  }

  setScale(scale) {
    this.zoom(scale / this.scale);
  }

  /** `factor` times as large, with the point `at` of the frame where it is. */
  zoom(factor, at = [this.frame.clientWidth / 2, this.frame.clientHeight / 2]) {
    const scale = Math.min(Math.max(this.scale * factor, this.fitting), Math.max(MOST, this.fitting));
    this.place = this.place.map((corner, axis) => at[axis] - ((at[axis] - corner) * scale) / this.scale);
    this.scale = scale;
    this.draw();
  }

  move(x, y) {
    this.place = [this.place[0] + x, this.place[1] + y];
    this.draw();
  }

  /** Bring a box, in pixels of the image, into view: large, with room around it. */
  show({ x, y, width, height }) {
    const frame = [this.frame.clientWidth, this.frame.clientHeight];
    const wanted = Math.min(frame[0] / Math.max(width, 1), frame[1] / Math.max(height, 1)) * 0.5;
    this.scale = Math.min(Math.max(wanted, this.fitting), Math.max(SHARP * 2, this.fitting));
    this.place = [frame[0] / 2 - (x + width / 2) * this.scale, frame[1] / 2 - (y + height / 2) * this.scale];
    this.draw();
  }

  resize() {
    if (this.scale <= this.fitting * 1.001 || !this.wasZoomed) this.fit();
    else this.draw();
  }

  draw() {
    const frame = [this.frame.clientWidth, this.frame.clientHeight];
    if (!frame[0] || !frame[1]) return;
    this.wasZoomed = this.isZoomed;
    this.place = this.place.map((corner, axis) => {
      const room = frame[axis] - this.size[axis] * this.scale;
      return room >= 0 ? room / 2 : Math.min(0, Math.max(room, corner)); // centred, or filling the frame
    });
    const factor = this.scale / this.fitting; // the style sheet fits the image into the frame
    const fitted = this.size.map((side, axis) => (frame[axis] - side * this.fitting) / 2);
    const [left, top] = this.place.map((corner, axis) => corner - fitted[axis] * factor);
    this.image.style.transform = `translate(${left}px, ${top}px) scale(${factor})`;
    this.image.style.imageRendering = this.isZoomed && this.scale >= SHARP ? "pixelated" : "auto";
    this.drawing?.setAttribute("viewBox", [...this.place.map((corner) => -corner / this.scale),
      ...frame.map((side) => side / this.scale)].join(" "));
    this.drawing?.querySelector(".drawing-names").setAttribute("font-size", LETTERS / this.scale);
    this.frame.classList.toggle("is-zoomed", this.isZoomed);
    this.onScale(this.scale);
  }

  at(event) {
    const { left, top } = this.frame.getBoundingClientRect();
    return [event.clientX - left - this.frame.clientLeft, event.clientY - top - this.frame.clientTop];
  }

  turnWheel(event) {
    if (event.deltaY > 0 && !this.isZoomed && !event.ctrlKey) return; // at its smallest the page scrolls on
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.zoom(Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 100 : 400)), this.at(event));
  }

  press(event) {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, this.at(event));
    if (this.isZoomed || this.pointers.size > 1) this.frame.setPointerCapture(event.pointerId);
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) { // let go outside the frame
      this.pointers.delete(event.pointerId);
      return;
    }
    const now = this.at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.zoom(far(now) / Math.max(far(before), 1), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    } else if (this.isZoomed) {
      this.move(now[0] - before[0], now[1] - before[1]);
    }
  }
}
